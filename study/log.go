package study

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"sync"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/study/internal/words"
)

// A Log is the CSV file of a study under way: each run is added as it ends, and is on the disk
// when Append returns. A study that was stopped, even by kill -9 or by a power cut, is taken up
// again by opening the same file and asking Done. One process at a time may hold a Log; the
// methods may be called by several goroutines.
type Log struct {
	path     string
	file     *disk.File
	unlock   func() error
	repaired string

	mu      sync.Mutex
	size    int64
	records []Record
	done    map[Key]bool
}

// OpenLog creates the file with its header, or opens an existing one of the same form and reads
// its rows. It takes an advisory lock that lasts until Close, or until the process ends.
//
// A last line without a line end was torn when a program was killed: it is cut off, and Repaired
// says so. A file of another form, and a file that another process holds, are refused, and so are a link and a named
// pipe.
func OpenLog(path string) (*Log, error) {
	file, err := lock.Open(path)
	if err != nil {
		return nil, err
	}
	unlock, err := lock.File(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w; wait for that one to end, or give another file name", path, err)
	}
	l := &Log{path: path, file: disk.Adopt(file), unlock: unlock, done: map[Key]bool{}}
	if err := l.load(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// load reads what is in the file and leaves it ready for the next row.
func (l *Log) load() error {
	text, err := io.ReadAll(io.NewSectionReader(l.file, 0, math.MaxInt64))
	if err != nil {
		return err
	}
	whole, err := l.wholeLines(text)
	if err != nil {
		return err
	}
	if len(whole) == 0 {
		if err := l.cut(text, whole); err != nil {
			return err
		}
		return l.begin()
	}
	line, _, _ := bytes.Cut(whole, []byte("\n"))
	if !headerMatches(line) {
		return l.otherForm(line)
	}
	records, err := parseRecords(l.path, whole)
	if err != nil {
		return err
	}
	if err := l.cut(text, whole); err != nil { // only now: a file that is refused stays as it is
		return err
	}
	l.size = int64(len(whole))
	l.records = records
	for _, r := range records {
		l.done[r.Key()] = true
	}
	return nil
}

// begin writes the header of a new file. The directory is synced too: without that, a power cut
// may lose the file's name while its rows are safe.
func (l *Log) begin() error {
	if err := l.write([]byte(headerLine() + "\n")); err != nil {
		return err
	}
	return disk.SyncFolder(filepath.Dir(l.path))
}

// wholeLines returns the text up to the last line end. A text without any line end is cut to nothing only if it is the
// beginning of our header. Another program's file must not be emptied.
func (l *Log) wholeLines(text []byte) ([]byte, error) {
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole == len(text) {
		return text, nil
	}
	if whole == 0 && !strings.HasPrefix(headerLine(), string(text)) {
		return nil, l.otherForm(text)
	}
	if whole > 0 && !isOurForm(text) {
		line, _, _ := bytes.Cut(text, []byte("\n"))
		return nil, l.otherForm(line)
	}
	return text[:whole], nil
}

// cut removes from the file what follows its whole lines.
func (l *Log) cut(text, whole []byte) error {
	torn := len(text) - len(whole)
	if torn == 0 {
		return nil
	}
	if err := l.file.Truncate(int64(len(whole))); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	line := bytes.Count(whole, []byte("\n")) + 1
	l.repaired = fmt.Sprintf("%s: line %d was torn when a run was stopped; its %s were cut off, and the run will be done again",
		l.path, line, words.Count(torn, "byte"))
	return nil
}

func (l *Log) otherForm(line []byte) error {
	const most = 120
	found := cleanText(string(line))
	if len(found) > most {
		found = strings.ToValidUTF8(found[:most], "") + " ..."
	}
	return fmt.Errorf("%s: a file of another form, its first line is %q, want %q; give another file name",
		l.path, found, headerLine())
}

// Append writes one row and waits until it is on the disk. A record that ReadRecords would not
// read back is refused. When the disk is full, what was written of the row is taken back.
func (l *Log) Append(r Record) error {
	if r.VoxPerChunk == 0 && r.NumChunks > 0 {
		r.VoxPerChunk = r.NumVox / r.NumChunks
	}
	row, err := encodeRow(r)
	if err != nil {
		return fmt.Errorf("%s: %w", l.path, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.write(row); err != nil {
		return err
	}
	l.records = append(l.records, r)
	l.done[r.Key()] = true
	return nil
}

func (l *Log) write(line []byte) error {
	_, err := l.file.WriteAt(line, l.size)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		l.file.Truncate(l.size) // the first error is the one to report
		return err
	}
	l.size += int64(len(line))
	return nil
}

// encodeRow writes a record as one line and reads it back. So the file never gets a row that a reader refuses.
func encodeRow(r Record) ([]byte, error) {
	cells := make([]string, len(columns))
	var back Record
	for i, c := range columns {
		cells[i] = c.get(&r)
		if err := c.set(&back, cells[i]); err != nil {
			return nil, fmt.Errorf("this run cannot be recorded: %w", err)
		}
	}
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	if err := w.Write(cells); err != nil {
		return nil, err
	}
	w.Flush()
	return line.Bytes(), w.Error()
}

// Done reports whether a run with this key is in the file.
func (l *Log) Done(k Key) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done[k]
}

// Records returns the rows of the file, those that were there before and those appended since.
func (l *Log) Records() []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Record(nil), l.records...)
}

// Repaired says in one line what OpenLog cut off the file; it is empty when the file was whole.
func (l *Log) Repaired() string { return l.repaired }

// Path is the path that the log was opened with.
func (l *Log) Path() string { return l.path }

// Close gives the lock back and closes the file.
func (l *Log) Close() error {
	err := l.unlock()
	if e := l.file.Close(); err == nil {
		err = e
	}
	return err
}

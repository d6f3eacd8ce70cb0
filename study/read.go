package study

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/study/internal/cells"
	"github.com/voxfit/voxfit/study/internal/words"
)

const byteOrderMark = "\uFEFF" // what table programs put before a UTF-8 file

// ReadRecords reads a CSV file of timed runs: one of ours, or the published study's exactly as it is. Columns are found
// by name, in any order. engine, model, time, cpu_count, num_chunks and num_vox must be there; other columns of ours
// may be missing. Columns that are not ours are ignored, except campaign. A broken row is an error that names the file
// and the line. So is a row that contradicts itself, and a second row with the same cells: it is a copy, because times
// have nine digits, and would make intervals too narrow.
//
// A row of our own files is complete when its line end is there. Bytes after the last line end of such a file were left
// by a program that was killed while it wrote. They are neither a row nor an error; ReadRuns tells.
func ReadRecords(path string) ([]Record, error) {
	runs, err := ReadRuns(path)
	return runs.Records, err
}

// Runs are what a CSV file of timed runs holds.
type Runs struct {
	Records []Record
	// Unfinished says that a file of ours ends within a row, which is left out. NoLineEnd says that the last row of
	// another file has no line end: if the file was cut off, the last number is wrong.
	Unfinished, NoLineEnd bool
}

// ReadRuns reads records as ReadRecords does, and says how the file ends.
func ReadRuns(path string) (Runs, error) {
	text, err := lock.ReadFile(path)
	if err != nil {
		return Runs{}, err
	}
	records, err := ParseRecords(path, text)
	if err != nil {
		return Runs{}, err
	}
	ended, ours := text[len(text)-1] == '\n', isOurForm(text)
	return Runs{records, ours && !ended, !ours && !ended}, nil
}

// ParseRecords reads records as ReadRecords does, from a text. path is used in errors only.
func ParseRecords(path string, text []byte) ([]Record, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("%s: the file is empty, want a CSV file of timed runs", path)
	}
	if isOurForm(text) {
		text = text[:bytes.LastIndexByte(text, '\n')+1]
	}
	return parseRecords(path, text)
}

// isOurForm reports whether the text begins with the whole header line of our files.
func isOurForm(text []byte) bool {
	line, _, found := bytes.Cut(text, []byte("\n"))
	return found && headerMatches(line)
}

func headerMatches(line []byte) bool {
	s := strings.TrimPrefix(string(line), byteOrderMark)
	return strings.TrimSuffix(s, "\r") == headerLine()
}

func headerLine() string { return strings.Join(columnNames(), ",") }

// parseRecords reads the rows of a complete text; path is used in errors only.
func parseRecords(path string, text []byte) ([]Record, error) {
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	rows := csv.NewReader(bytes.NewReader(text))
	rows.FieldsPerRecord = -1 // counted here, for an error that says what was expected
	header, err := rows.Read()
	if err != nil {
		return nil, cells.RowError(path, err)
	}
	fields, err := fieldsOf(header)
	if err != nil {
		return nil, fmt.Errorf("%s: line 1: %w", path, err)
	}
	most := min(bytes.Count(text, []byte("\n")), len(text)/50) // about as many rows; a text of empty lines has none
	records := make([]Record, 0, most)
	lines := make(map[string]int, most) // where each row was first
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return nil, cells.RowError(path, err)
		}
		line, _ := rows.FieldPos(0)
		r, err := parseRow(fields, row)
		whole := strings.Join(row, "\x00")
		if first, twice := lines[whole]; twice && err == nil {
			err = fmt.Errorf("the same cells as in line %d: a copy is no further run, take one of them out", first)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, line, err)
		}
		lines[whole] = line
		records = append(records, r)
	}
}

// fieldsOf returns the column of each cell of a row; nil for a cell that is ignored.
func fieldsOf(header []string) ([]*column, error) {
	known := map[string]*column{campaignColumn.name: &campaignColumn}
	for i := range columns {
		known[columns[i].name] = &columns[i]
	}
	fields := make([]*column, len(header))
	seen := map[string]bool{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		fields[i] = known[name]
		if fields[i] != nil && seen[name] {
			return nil, fmt.Errorf("the column %s is there twice", name)
		}
		seen[name] = true
	}
	var missing []string
	for _, c := range columns {
		if c.required && !seen[c.name] {
			missing = append(missing, c.name)
		}
	}
	if missing != nil && len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return nil, fmt.Errorf("found cells between semicolons or tabs (%q), expected commas: save it with commas, and with points in its numbers",
			words.Shorten(cleanText(header[0]), 60))
	}
	if missing != nil {
		return nil, fmt.Errorf("not a file of timed runs: no column %s (found %q)",
			strings.Join(missing, ", "), words.Shorten(cleanText(strings.Join(header, ",")), 60))
	}
	return fields, nil
}

func parseRow(fields []*column, row []string) (Record, error) {
	var r Record
	if len(row) != len(fields) {
		return r, fmt.Errorf("%s, want %d as in the header", words.Count(len(row), "cell"), len(fields))
	}
	for i, c := range fields {
		if c == nil {
			continue
		}
		if err := c.set(&r, row[i]); err != nil {
			return r, err
		}
	}
	if r.VoxPerChunk == 0 {
		r.VoxPerChunk = r.NumVox / r.NumChunks
	}
	return r, r.check()
}

// check refuses a row whose cells contradict each other, as they do where columns were mixed up.
func (r Record) check() error {
	waits := r.StartWait + r.FirstTouch + r.TailWait
	switch parts, cpuTime := accountOf(&r).Sum(), float64(r.CPUCount)*r.Time; {
	case max(1, r.VoxPerChunk) != max(1, r.NumVox/r.NumChunks): // kbench run writes 1 where there are more chunks than voxels
		return fmt.Errorf("vox_per_chunk is %d, want %d: num_vox / num_chunks, %d / %d, without the remainder", r.VoxPerChunk, r.NumVox/r.NumChunks,
			r.NumVox, r.NumChunks)
	case r.Cores > r.CPUCount:
		return fmt.Errorf("cores is %d, want at most %d: those that the CPUs of cpu_count belong to", r.Cores, r.CPUCount)
	case r.Late > 1.1*waits+1e-6:
		return fmt.Errorf("late_s is %s, want at most %s: start_wait_s, first_touch_s and tail_wait_s, of which it is a part", words.Significant(r.Late, 4),
			words.Significant(waits, 4))
	case parts > 1.1*cpuTime+0.01:
		return fmt.Errorf("compute_s and the other parts add up to %s s, want at most %s: time x cpu_count", words.Significant(parts, 4), words.Significant(cpuTime, 4))
	}
	return nil
}

package lock

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"
)

// ErrHeld says that another process has the lock.
var ErrHeld = errors.New("another process is writing to it")

// File takes the lock of an open file without waiting. unlock releases the lock, and so does the end of the process.
// The error wraps ErrHeld if another process has the lock.
func File(f *os.File) (unlock func() error, err error) { return hold(f) }

// A HeldError says who holds the lock at Path, in the holder's own words. errors.Is finds ErrHeld in it.
type HeldError struct {
	Path, Holder string
	cause        error
}

// Error has the path, ErrHeld's text and the holder's.
func (e *HeldError) Error() string {
	if e.Holder == "" {
		return fmt.Sprintf("%s: %v", e.Path, e.cause)
	}
	return fmt.Sprintf("%s: %v: %s", e.Path, e.cause, e.Holder)
}

// Unwrap returns an error that is ErrHeld.
func (e *HeldError) Unwrap() error { return e.cause }

// A ForeignError says that the lock file at Path cannot be taken because another user made it. errors.Is finds
// fs.ErrPermission in it.
type ForeignError struct {
	Path  string
	Left  bool // nobody holds the lock: a command that was killed left the file behind
	cause error
}

// Error says whose file is in the way, and what to do.
func (e *ForeignError) Error() string {
	if e.Left {
		return e.Path + ": this lock file of another user was left behind by a command that was killed: remove it, or write to another folder"
	}
	return e.Path + ": this lock file of another user cannot be read: if no command of that user is running, remove it; else wait, or write to another folder"
}

// Unwrap returns an error that is fs.ErrPermission.
func (e *ForeignError) Unwrap() error { return e.cause }

// Holder describes this process for the error of a second one: the command, the process, the host, and the time.
func Holder(command string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	return fmt.Sprintf("%s (process %d on %s since %s)", command, os.Getpid(), host, time.Now().UTC().Format("2006-01-02 15:04:05 UTC"))
}

// A Lock is a lock file that this process holds.
type Lock struct {
	file   *os.File
	unlock func() error
}

// Take creates the lock file at path, locks it and writes holder into it. It never waits for another process. If
// another process has the lock, the error is a HeldError with the text of that process. If a file of another user is in
// the way, it is a ForeignError. The folder must exist.
func Take(path, holder string) (*Lock, error) {
	for {
		l, err := take(path)
		switch {
		case err != nil:
			return nil, err
		case l == nil: // the file was removed by its holder after it was opened here
			continue
		}
		if err := l.write(holder); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, err), l.Release())
		}
		return l, nil
	}
}

// take is one attempt of Take, without the words. It returns neither a lock nor an error when the name belongs to
// another file by now.
func take(path string) (*Lock, error) {
	f, err := Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, foreign(path, err)
	}
	if err != nil {
		return nil, err
	}
	unlock, err := hold(f)
	if err == nil && named(f) {
		return &Lock{f, unlock}, nil
	}
	defer f.Close()
	switch {
	case err == nil:
		return nil, unlock()
	case !errors.Is(err, ErrHeld):
		return nil, fmt.Errorf("%s: %w", path, err)
	case !named(f):
		return nil, nil
	}
	return nil, &HeldError{path, readHolder(f), err}
}

// foreign returns the error for a lock file without permission to write. If there is no such file, the folder lacks the
// permission.
func foreign(path string, cause error) error {
	if _, err := os.Lstat(path); err != nil {
		return cause
	}
	f, err := OpenToRead(path)
	if err != nil {
		return &ForeignError{Path: path, cause: cause}
	}
	defer f.Close()
	unlock, err := hold(f)
	switch {
	case err == nil:
		return &ForeignError{Path: path, Left: true, cause: errors.Join(cause, unlock())}
	case errors.Is(err, ErrHeld):
		return &HeldError{path, readHolder(f), err}
	}
	return &ForeignError{Path: path, cause: cause}
}

// named reports whether the file's path still leads to this file.
func named(f *os.File) bool {
	own, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(own, there)
}

// readHolder reads the holder's text. A holder writes it right after it gets the lock, so readHolder waits for a
// moment.
func readHolder(f *os.File) string {
	const attempts, most = 20, 4096
	for range attempts {
		text, err := io.ReadAll(io.NewSectionReader(f, 0, most))
		if line, _, whole := strings.Cut(string(text), "\n"); err == nil && whole {
			return line
		}
		time.Sleep(5 * time.Millisecond)
	}
	return ""
}

// write replaces the text of a killed holder in the file. The text is one line, whose end shows that it is complete.
func (l *Lock) write(holder string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(strings.ReplaceAll(holder, "\n", " ")+"\n"), 0)
	return err
}

// Check tells whether the lock file is still where it was made. An error says that the folder, or the file, was removed
// or replaced meanwhile: nothing protects the set of files any more.
func (l *Lock) Check() error {
	if named(l.file) {
		return nil
	}
	return fmt.Errorf("%s was removed or moved away while it was in use", l.file.Name())
}

// Release removes the file, and then releases the lock. In this order no process can lock a file that is about to be
// removed without noticing.
func (l *Lock) Release() error {
	// Windows does not remove an open file, and refuses to while another process has it open.
	if runtime.GOOS == "windows" {
		err := errors.Join(l.unlock(), l.file.Close())
		_ = os.Remove(l.file.Name())
		return err
	}
	var err error
	if named(l.file) {
		err = os.Remove(l.file.Name())
	}
	return errors.Join(err, l.unlock(), l.file.Close())
}

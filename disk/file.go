package disk

import (
	"io"
	"io/fs"
	"os"
)

// A File is a file that is open for writing. It has the methods of os.File that are needed here, and tells the observer
// of calls that change what is on the disk.
type File struct {
	unchanging
	file *os.File
}

// unchanging are the methods that change nothing on the disk.
type unchanging interface {
	io.ReadSeekCloser
	io.ReaderAt
	Name() string
	Stat() (fs.FileInfo, error)
}

// Create makes a new file for writing, with the permissions of any new file. If the file exists, the error is
// fs.ErrExist.
func Create(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return Adopt(f), nil
}

// Adopt returns a File for a file that another package opened for writing, and perhaps created.
func Adopt(f *os.File) *File {
	tell(Operation{Kind: Opened, Path: f.Name()})
	return &File{f, f}
}

// Write writes at the file's position, as os.File does.
func (f *File) Write(p []byte) (int, error) {
	offset := int64(0)
	if observed() {
		at, err := f.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return 0, err
		}
		offset = at
	}
	n, err := f.file.Write(p)
	tell(Operation{Kind: Wrote, Path: f.Name(), Offset: offset, Data: p[:n]})
	return n, err
}

// WriteAt writes at an offset, as os.File does.
func (f *File) WriteAt(p []byte, offset int64) (int, error) {
	n, err := f.file.WriteAt(p, offset)
	tell(Operation{Kind: Wrote, Path: f.Name(), Offset: offset, Data: p[:n]})
	return n, err
}

// Truncate changes the file's size.
func (f *File) Truncate(size int64) error {
	err := f.file.Truncate(size)
	if err == nil {
		tell(Operation{Kind: Truncated, Path: f.Name(), Offset: size})
	}
	return err
}

// Sync returns when all that was written is on the disk.
func (f *File) Sync() error {
	err := f.file.Sync()
	if err == nil {
		tell(Operation{Kind: Synced, Path: f.Name()})
	}
	return err
}

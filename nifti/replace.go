package nifti

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"

	"github.com/voxfit/voxfit/disk"
)

// A replacement is a file that is written under a temporary name in the folder of its target. It gets the target's name
// only when it is complete and on the disk. So a reader sees the old file or the new one, and never a part.
type replacement struct {
	*disk.File
	target string
}

// newReplacement creates the temporary file, hidden and named after its target. The mode is that
// of any new file (os.CreateTemp would make it private).
func newReplacement(target string) (*replacement, error) {
	dir, base := filepath.Split(target)
	for {
		name := fmt.Sprintf("%s.%s.tmp-%08x", dir, base, rand.Uint32())
		f, err := disk.Create(name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &replacement{f, target}, nil
	}
}

// commit syncs the file and gives it its name. After an error, discard must still be called.
func (r *replacement) commit() error {
	if err := r.Sync(); err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	if err := disk.Rename(r.Name(), r.target); err != nil {
		return err
	}
	// Some network file systems cannot sync a folder. The file itself is safe there too, so errors are ignored.
	_ = disk.SyncFolder(filepath.Dir(r.target))
	return nil
}

// discard removes the temporary file. Its own errors are ignored, because they would hide the error that came first.
func (r *replacement) discard() {
	_ = r.Close()
	_ = disk.Remove(r.Name())
}

package nifti

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"

	"github.com/voxfit/voxfit/disk"
)

// A replacement is a file that is being written under a temporary name in the folder of its
// target, and takes the target's name only when it is whole and on disk. Readers so see the old
// file or the new one, never a part.
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

// commit syncs the file to disk and gives it its name. After an error, discard is still due.
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
	// Some network file systems cannot sync a folder; the file itself is safe there too, so that errors do not matter.
	_ = disk.SyncFolder(filepath.Dir(r.target))
	return nil
}

// discard removes the temporary file. Its errors would only hide the one that led here.
func (r *replacement) discard() {
	_ = r.Close()
	_ = disk.Remove(r.Name())
}

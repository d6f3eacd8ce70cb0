package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// SyncFolder makes the names in a folder survive a power loss: those that were made, renamed or removed. Windows has no
// such call and needs none.
func SyncFolder(path string) error {
	if runtime.GOOS != "windows" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return err
		}
	}
	tell(Operation{Kind: SyncedFolder, Path: path})
	return nil
}

// Mkdir makes a folder.
func Mkdir(path string) error {
	err := os.Mkdir(path, 0o777)
	if err == nil {
		tell(Operation{Kind: MadeFolder, Path: path})
	}
	return err
}

// Rename gives a file another name. It replaces a file that has that name.
func Rename(from, to string) error {
	err := os.Rename(from, to)
	if err == nil {
		tell(Operation{Kind: Renamed, Path: from, To: to})
	}
	return err
}

// Remove removes a file or an empty folder.
func Remove(path string) error {
	err := os.Remove(path)
	if err == nil {
		tell(Operation{Kind: Removed, Path: path})
	}
	return err
}

// RemoveAll removes a folder with its contents, or a file. It is no error if there is neither.
func RemoveAll(path string) error {
	if !observed() {
		return os.RemoveAll(path)
	}
	var all []string
	err := filepath.WalkDir(path, func(name string, _ fs.DirEntry, err error) error {
		all = append(all, name)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range slices.Backward(all) {
		err = errors.Join(err, Remove(name))
	}
	return err
}

// Replace writes a whole file: under a temporary name in its folder, synced, and then renamed, so that no reader and no
// crash leaves half of one under its name.
func Replace(path string, content []byte) error {
	made, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	f := Adopt(made)
	_, err = f.Write(content)
	const mode = 0o644 // CreateTemp gives 0600
	err = errors.Join(err, made.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = Rename(f.Name(), path)
	}
	if err != nil {
		_ = Remove(f.Name())
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

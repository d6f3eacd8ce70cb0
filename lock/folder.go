package lock

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// SyncFolder makes the names in a folder survive a power cut: those that were made, renamed or removed. Windows has no
// such call and needs none.
func SyncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Replace writes a whole file: under a temporary name in its folder, synced, and then renamed, so that no reader and no
// crash leaves half of one under its name.
func Replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	const mode = 0o644 // CreateTemp gives 0600
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

package lock

import (
	"os"
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

package lock

import (
	"fmt"
	"io"
)

// ReadFile reads a whole regular file, which is opened as OpenToRead does. The errors name the path.
func ReadFile(path string) ([]byte, error) {
	f, err := OpenToRead(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func isFolder(path string) error {
	return fmt.Errorf("%s: found a folder, expected a file: name a file in it", path)
}

package lock

import "io"

// ReadFile reads a whole regular file, which is opened as OpenToRead does. The errors name the path.
func ReadFile(path string) ([]byte, error) {
	f, err := OpenToRead(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

//go:build !linux

package commands

import "fmt"

func dropFile(path string) error {
	return fmt.Errorf("%s stays in memory: this system lets no program drop a file from memory and see that it is gone; a cold run cannot be timed", path)
}

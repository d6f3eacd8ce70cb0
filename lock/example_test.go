package lock_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/lock"
)

func ExampleTake() {
	dir, err := os.MkdirTemp("", "maps")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, ".model-csd.lock")
	held, err := lock.Take(path, "kbench fit csdm a.nii.gz -o maps")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer held.Release()

	_, err = lock.Take(path, "kbench fit csdm b.nii.gz -o maps")
	var second *lock.HeldError
	fmt.Println(errors.As(err, &second), second.Holder)
	// Output: true kbench fit csdm a.nii.gz -o maps
}

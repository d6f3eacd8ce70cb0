package commands

import (
	"path/filepath"

	"github.com/voxfit/voxfit/nifti"
)

// The masks that programs read.
const (
	wholeMask = "mask.nii.gz"
	partMask  = "part.nii.gz"
)

// writeMask writes the mask that is cut to at most n voxels (0: all).
func (s *setup) writeMask(name string, n int) error {
	index := spread(s.Mask.Index, n)
	inside := make([]float32, len(index))
	for i := range inside {
		inside[i] = 1
	}
	return nifti.WriteMap(filepath.Join(s.folder, name), s.Mask.Header, index, 1, inside, nifti.WriteOptions{})
}

// spread picks at most n voxels, evenly over all of them; all where n is 0.
func spread(index []int, n int) []int {
	if n <= 0 || n >= len(index) {
		return index
	}
	picked := make([]int, n)
	for i := range picked {
		picked[i] = index[i*len(index)/n]
	}
	return picked
}

package commands

import (
	"slices"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/nifti"
)

// The masks that programs read.
const (
	wholeMask = "mask.nii.gz"
	partMask  = "part.nii.gz"
)

// inside lists the voxels of one of the masks.
func (s *setup) inside(mask string) []int {
	n := s.DIPYVoxels
	if mask == wholeMask {
		n = s.Voxels
	}
	if n == 0 {
		return s.Mask.Index
	}
	return acq.Spread(s.Mask.Index, 1, n)
}

func (s *setup) writeMask(mask string) error {
	index := s.inside(mask)
	return nifti.WriteMap(s.path(mask), s.Mask.Header, index, 1, slices.Repeat([]float32{1}, len(index)), nifti.WriteOptions{})
}

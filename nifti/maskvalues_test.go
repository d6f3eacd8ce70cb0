package nifti

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

func TestMasksOfSeveralValuesGiveAWarning(t *testing.T) {
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		values  []float32
		inside  int
		doubted bool
	}{
		"zeros and ones":              {[]float32{0, 1, 1, 0, 1, 0}, 3, false},
		"zeros and 255":               {[]float32{0, 255, 255, 0, 0, 0}, 2, false},
		"ones alone":                  {[]float32{1, 1, 1, 1, 1, 1}, 6, false},
		"NaN outside":                 {[]float32{nan, 1, 1, 0, nan, 0}, 2, false},
		"probabilities":               {[]float32{0, 0.3, 0.7, 1, 0.5, 0}, 4, false},
		"a segmentation":              {[]float32{0, 1, 2, 3, 0, 0}, 3, true},
		"the largest is not the last": {[]float32{0, 1, 7, 3, 2, nan}, 4, true},
	} {
		path := filepath.Join(t.TempDir(), "mask.nii.gz")
		h := NewHeader([]int{6, 1, 1}, nil, [4][4]float64{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}})
		if err := WriteMap(path, h, FullMask(h).Index, 1, c.values, WriteOptions{Context: context.Background()}); err != nil {
			t.Fatal(err)
		}
		mask, err := ReadMask(path)
		if err != nil {
			t.Fatal(err)
		}
		doubt := mask.Doubt()
		if len(mask.Index) != c.inside || (doubt != "") != c.doubted {
			t.Errorf("%s: %d voxels inside, expected %d; doubt %q", name, len(mask.Index), c.inside, doubt)
		}
		if c.doubted && !strings.Contains(doubt, "up to "+map[bool]string{true: "7", false: "3"}[name == "the largest is not the last"]) {
			t.Errorf("%s: %q", name, doubt)
		}
	}
}

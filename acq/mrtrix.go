package acq

import (
	"fmt"

	"github.com/voxfit/voxfit/internal/plural"
)

// ReadMRtrixGradients reads MRtrix3's gradient table: a .b file with one row x y z b for each volume, b in s/mm2. Its
// vectors are in the frame of the scanner. The image's affine (voxel numbers to millimetres) turns them into the image
// frame of FSL's b-vectors. The table is then the one that ReadGradients reads from the same acquisition's FSL files,
// and WorldBvecs gives the file's vectors back.
//
// The errors and warnings are those of NewGradientTable. An affine whose axes do not span space is also an error.
func ReadMRtrixGradients(path string, affine [4][4]float64, options ...GradientOption) (g *GradientTable, warnings []string, err error) {
	t, err := readNumbers(path)
	if err != nil {
		return nil, nil, err
	}
	frame, err := newFrame(affine)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	bvals, bvecs, err := mrtrixTable(t)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	for i, v := range bvecs {
		bvecs[i] = frame.toImage(v)
	}
	return newGradientTable(path, bvals, bvecs, chosen(options))
}

func mrtrixTable(t numbers) (bvals []float64, bvecs [][3]float64, err error) {
	columns, err := t.width()
	if err != nil {
		return nil, nil, err
	}
	if columns != 4 {
		return nil, nil, fmt.Errorf("found rows of %s, expected 4: x y z b", plural.Count(columns, "number"))
	}
	for _, row := range t.rows {
		bvals, bvecs = append(bvals, row[3]), append(bvecs, [3]float64(row))
	}
	return bvals, bvecs, nil
}

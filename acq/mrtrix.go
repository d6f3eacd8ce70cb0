package acq

import (
	"fmt"
	"math"
)

// ReadMRtrixGradients reads MRtrix3's gradient table (a .b file: x y z b to a row, one row to each
// volume, b in s/mm2), whose vectors are in the frame of the scanner, and turns them into the image
// frame of FSL's b-vectors with the image's affine (voxel numbers to millimetres). The table is then
// the one that ReadGradients reads from the same acquisition's FSL files, and WorldBvecs gives the
// file's vectors back.
//
// As MRtrix3 does (-bvalue_scaling), a vector whose length is off by more than 1e-2 is taken as a
// scaled gradient: its b-value is multiplied by the square of the length, and a warning says so. All
// else is as in NewGradientTable; an affine whose axes do not span space is an error.
func ReadMRtrixGradients(path string, affine [4][4]float64) (g *GradientTable, warnings []string, err error) {
	t, err := readNumbers(path)
	if err != nil {
		return nil, nil, err
	}
	frame, err := newFrame(affine)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	bvals, bvecs, scaled, err := mrtrixTable(t)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	for i, v := range bvecs {
		bvecs[i] = frame.toImage(v)
	}
	if len(scaled) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s: %d vectors are not of unit length; their b-values were multiplied by the square of it, as MRtrix3 does (volumes %s, counted from 1)",
			path, len(scaled), listFirst(scaled)))
	}
	g, more, err := newGradientTable(path, bvals, bvecs)
	return g, append(warnings, more...), err
}

func mrtrixTable(t numbers) (bvals []float64, bvecs [][3]float64, scaled []int, err error) {
	columns, err := t.width()
	if err != nil {
		return nil, nil, nil, err
	}
	if columns != 4 {
		return nil, nil, nil, fmt.Errorf("found rows of %d numbers, expected 4: x y z b", columns)
	}
	for i, row := range t.rows {
		v, b := [3]float64(row), row[3]
		if norm := length(v); norm > 0 && isFinite(v) && b > 0 && math.Abs(norm-1) > normTolerance {
			b *= norm * norm
			v = unit(v)
			scaled = append(scaled, i)
		}
		bvals, bvecs = append(bvals, b), append(bvecs, v)
	}
	return bvals, bvecs, scaled, nil
}

package acq

import (
	"fmt"

	"github.com/voxfit/voxfit/internal/plural"
)

// ReadGradients reads b-values in s/mm2 and b-vectors from a pair of FSL text files, and makes the table of them as
// NewGradientTable does. Vectors are kept in the frame of the file: FSL's image frame, which DIPY takes as it is (see
// WorldBvecs for the frame of the scanner).
//
// The b-values stand in one row or one column. The b-vectors stand in three rows (FSL: all x, then all y, then all z)
// or in three columns (one vector to a row). A file of three rows of three numbers could be either. It is read as FSL's
// three rows, with a warning, whereas DIPY reads it as three columns. No model can be fitted to three volumes, so this
// changes no result. Numbers are separated by white space or commas; # begins a comment.
//
// The errors and warnings are those of NewGradientTable. Files whose counts differ are also an error, which names both
// files and both counts.
func ReadGradients(bvalsPath, bvecsPath string, options ...GradientOption) (g *GradientTable, warnings []string, err error) {
	bvals, err := readBvals(bvalsPath)
	if err != nil {
		return nil, nil, err
	}
	bvecs, warnings, err := readBvecs(bvecsPath)
	if err != nil {
		return nil, nil, err
	}
	if len(bvals) != len(bvecs) {
		return nil, nil, fmt.Errorf("found %s in %s but %d b-vectors in %s, expected as many of each",
			plural.Count(len(bvals), "b-value"), bvalsPath, len(bvecs), bvecsPath)
	}
	g, more, err := newGradientTable(bvalsPath+", "+bvecsPath, bvals, bvecs, chosen(options))
	return g, append(warnings, more...), err
}

func readBvals(path string) ([]float64, error) {
	t, err := readNumbers(path)
	if err != nil {
		return nil, err
	}
	bvals, err := bvalsOf(t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return bvals, nil
}

func bvalsOf(t numbers) ([]float64, error) {
	columns, err := t.width()
	if err != nil {
		return nil, err
	}
	if len(t.rows) > 1 && columns > 1 {
		return nil, fmt.Errorf("found %s of %s, expected b-values in one row or one column", plural.Count(len(t.rows), "row"), plural.Count(columns, "number"))
	}
	return t.flat(), nil
}

func readBvecs(path string) ([][3]float64, []string, error) {
	t, err := readNumbers(path)
	if err != nil {
		return nil, nil, err
	}
	bvecs, ambiguous, err := bvecsOf(t)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if ambiguous {
		return bvecs, []string{path + ": three rows of three numbers were read as x, y and z of three b-vectors, FSL's layout"}, nil
	}
	return bvecs, nil, nil
}

// bvecsOf tells the two layouts apart by their shape.
func bvecsOf(t numbers) (bvecs [][3]float64, ambiguous bool, err error) {
	columns, err := t.width()
	if err != nil {
		return nil, false, err
	}
	switch {
	case len(t.rows) == 3:
		for i := range columns {
			bvecs = append(bvecs, [3]float64{t.rows[0][i], t.rows[1][i], t.rows[2][i]})
		}
		return bvecs, columns == 3, nil
	case columns == 3:
		for _, row := range t.rows {
			bvecs = append(bvecs, [3]float64(row))
		}
		return bvecs, false, nil
	}
	return nil, false, fmt.Errorf("found %s of %s, expected b-vectors in three rows or three columns", plural.Count(len(t.rows), "row"), plural.Count(columns, "number"))
}

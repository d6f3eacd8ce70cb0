package acq

import (
	"errors"
	"fmt"
	"math"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/sh"
)

// ReadMRtrixDirections reads directions as MRtrix3's dirgen and -directions have them, one to a line: the
// azimuth and the inclination in radians. They become unit vectors. Lines of three numbers are taken
// for vectors, and must be of unit length within 1e-2.
func ReadMRtrixDirections(path string) ([][3]float64, error) {
	t, err := readNumbers(path)
	if err != nil {
		return nil, err
	}
	directions, err := directionsFrom(t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return directions, nil
}

func directionsFrom(t numbers) ([][3]float64, error) {
	columns, err := t.width()
	switch {
	case err != nil:
		return nil, err
	case columns != 2 && columns != 3:
		return nil, fmt.Errorf("found rows of %s, expected 2 (azimuth and inclination) or 3 (a vector)", plural.Count(columns, "number"))
	case len(t.rows) == 0:
		return nil, errors.New("found no direction")
	}
	directions := make([][3]float64, len(t.rows))
	for i, row := range t.rows {
		for _, x := range row {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("line %d: found %v, expected finite numbers", t.lines[i], x)
			}
		}
		if columns == 3 {
			v := [3]float64(row)
			if math.Abs(length(v)-1) > normTolerance {
				return nil, fmt.Errorf("line %d: found a vector of length %.3g, expected a unit vector", t.lines[i], length(v))
			}
			directions[i] = unit(v)
			continue
		}
		directions[i] = sh.FromAngles(row[0], row[1])
	}
	return directions, nil
}

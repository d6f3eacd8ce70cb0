package cases

import (
	"math"
	"testing"

	"github.com/voxfit/voxfit/acq"
)

// Spiral is a table with nothing odd: four b0s, and thirty directions on a spiral, whose b-values alternate between
// 2000 and 1000.
func Spiral(t testing.TB) *acq.GradientTable {
	t.Helper()
	const b0s, directions = 4, 30
	bvals, bvecs := make([]float64, b0s+directions), make([][3]float64, b0s+directions)
	for i := range directions {
		z := 1 - (float64(i)+0.5)/directions
		r, turn := math.Sqrt(1-z*z), 2.399963229728653*float64(b0s+i)
		bvals[b0s+i], bvecs[b0s+i] = 2000-1000*float64(i%2), [3]float64{r * math.Cos(turn), r * math.Sin(turn), z}
	}
	g, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

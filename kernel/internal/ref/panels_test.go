package ref

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestPanelsMultiplyAsTheMatrixDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, columns := rapid.IntRange(1, 70).Draw(t, "rows"), rapid.IntRange(1, 20).Draw(t, "columns")
		value := rapid.Float64Range(-1, 1)
		m := rapid.SliceOfN(value, rows*columns, rows*columns).Draw(t, "matrix")
		x := rapid.SliceOfN(value, 1, columns).Draw(t, "vector")
		p := NewPanels(m, rows, columns)
		got := make([]float64, p.PaddedRows())
		p.Multiply(got, x)
		for r := range rows {
			if want := Dot(x, m[r*columns:][:len(x)]); math.Abs(got[r]-want) > 1e-14 {
				t.Fatalf("row %d of %d x %d times %d values is %g, want %g", r, rows, columns, len(x), got[r], want)
			}
		}
		threshold := got[rapid.IntRange(0, rows-1).Draw(t, "row at the threshold")]
		mask := make([]uint64, (rows+63)/64)
		mask[0] = ^uint64(0) // what was there before must not count
		p.below(mask, x, threshold)
		for r := range 64 * len(mask) {
			want := r < rows && got[r] < threshold
			if set := mask[r/64]>>(r%64)&1 == 1; set != want {
				t.Fatalf("bit %d is %v: row has %g, threshold is %g, %d rows", r, set, got[min(r, rows-1)], threshold, rows)
			}
		}
	})
}

package kerneltest_test

import (
	"testing"

	"github.com/voxfit/voxfit/internal/guarded"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// A kernel that reads or writes a byte too far ends the test with a fault.
func TestGridKernelsStayInTheirArrays(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 48, 131} {
			for _, edge := range []guarded.Edge{guarded.Begin, guarded.End} {
				lanes := func(n int) *ops.LanesSingle { return &guarded.Slice[ops.LanesSingle](t, n, edge)[0] }
				s, design := lanes(n), &guarded.Slice[float32](t, 8*n, edge)[0]
				left := &guarded.Slice[ops.LeftSingle](t, 1, edge)[0]
				k.Scale(lanes(n), s, n, lanes(1))
				k.Right(lanes(7), s, design, n, left)
				k.Slope(lanes(7), s, design, n, left)
				k.Descend(s, design, n, &guarded.Slice[ops.TrialSingle](t, 1, edge)[0])
				k.Clips(&guarded.Slice[ops.ClipsSingle](t, 1, edge)[0], s, &guarded.Slice[float32](t, n, edge)[0], n)
				k.Part(lanes(n), &guarded.Slice[float32](t, 8*n, edge)[0], s, design, n, lanes(1))
				u, v := lanes(n), lanes(n)
				k.Ratios(u, v, s, design, n, left)
				k.Moments(lanes(7), v, u, design, n)
				k.Series(lanes(7), lanes(7*n), n, lanes(1))
				k.Squares(&guarded.Slice[ops.Lanes](t, n, edge)[0], &guarded.Slice[ops.Lanes](t, n, edge)[0], n)
			}
		}
	})
}

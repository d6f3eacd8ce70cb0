package kerneltest_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// A kernel that reads or writes one byte too far ends the test with a fault.
func TestGridKernelsStayInTheirArrays(t *testing.T) {
	forEachGridSet(t, func(t *testing.T, k *ops.GridSingle) {
		for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 48, 131} {
			for _, atEnd := range []bool{false, true} {
				lanes := func(n int) *ops.LanesSingle { return &guarded[ops.LanesSingle](t, n, atEnd)[0] }
				s, design := lanes(n), &guarded[float32](t, 8*n, atEnd)[0]
				left := &guarded[ops.LeftSingle](t, 1, atEnd)[0]
				k.Scale(lanes(n), s, n, lanes(1))
				k.Right(lanes(7), s, design, n, left)
				k.Slope(lanes(7), s, design, n, left)
				k.Descend(s, design, n, &guarded[ops.TrialSingle](t, 1, atEnd)[0])
				k.Clips(&guarded[ops.ClipsSingle](t, 1, atEnd)[0], s, &guarded[float32](t, n, atEnd)[0], n)
				k.Part(lanes(n), &guarded[float32](t, 8*n, atEnd)[0], s, design, n, lanes(1))
				u, v := lanes(n), lanes(n)
				k.Ratios(u, v, s, design, n, left)
				k.Moments(lanes(7), v, u, design, n)
				k.Series(lanes(7), lanes(7*n), n, lanes(1))
				k.Squares(&guarded[ops.Lanes](t, n, atEnd)[0], &guarded[ops.Lanes](t, n, atEnd)[0], n)
			}
		}
	})
}

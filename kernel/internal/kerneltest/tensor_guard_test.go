package kerneltest_test

import (
	"testing"

	"github.com/voxfit/voxfit/internal/guarded"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// A kernel that reads or writes a byte too far ends the test with a fault.
func TestTensorKernelsStayInTheirArrays(t *testing.T) {
	forEachTensorSet(t, func(t *testing.T, k *ops.Tensor) {
		for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 48, 131} {
			for _, edge := range []guarded.Edge{guarded.Begin, guarded.End} {
				lanes := func() []ops.Lanes { return guarded.Slice[ops.Lanes](t, n, edge) }
				s, u, v, x := lanes(), lanes(), lanes(), lanes()
				design := guarded.Slice[float64](t, 8*n, edge)
				normal := guarded.Slice[float64](t, 24*n, edge)
				sums := guarded.Slice[ops.Lanes](t, 22, edge)
				matrix := guarded.Slice[ops.Lanes](t, 28, edge)
				point := guarded.Slice[ops.Point](t, 1, edge)
				system := guarded.Slice[ops.System](t, 1, edge)
				rest := guarded.Slice[ops.Rest](t, 1, edge)
				extent := guarded.Slice[ops.Extent](t, 1, edge)
				k.Exp2(&u[0], &s[0], n)
				k.Log2(&u[0], &s[0], n)
				k.Range(&extent[0], &s[0], n)
				k.Logarithms(&u[0], &s[0], &design[0], n, &rest[0])
				k.WeightedLogarithms(&u[0], &v[0], &s[0], &design[0], n, &rest[0])
				k.Model(&u[0], &v[0], &x[0], &s[0], &design[0], n, &point[0])
				k.Misfit(&s[0], &design[0], n, &point[0])
				k.Weights(&u[0], &v[0], &s[0], &design[0], n, &point[0])
				k.Sums7(&guarded.Slice[ops.Lanes](t, 7, edge)[0], &design[0], &v[0], n)
				k.Sums22(&sums[0], &normal[0], &v[0], n)
				k.Expand(&matrix[0], &sums[0])
				seven, p, floor := guarded.Slice[ops.Lanes](t, 7, edge), guarded.Slice[ops.Lanes](t, 6, edge), guarded.Slice[ops.Lanes](t, 2, edge)
				k.Ordinary(&seven[0], &floor[1], &u[0], &s[0], &design[0], n, &floor[0])
				k.Reweight(&seven[0], &u[0], &v[0], &s[0], &design[0], n, &p[0])
				k.SquaredWeights(&u[0], &v[0], &x[0], &s[0], n, &rest[0])
				k.Tissue(&seven[0], &u[0], &v[0], &s[0], &design[0], n, &point[0])
				k.Eigenvalues(&guarded.Slice[ops.Lanes](t, 3, edge)[0], &p[0])
				k.Eigen(&guarded.Slice[ops.Lanes](t, 3, edge)[0], &guarded.Slice[ops.Lanes](t, 9, edge)[0], &p[0])
				k.Step(&system[0])
				k.Factor(&system[0])
				k.Solve(&system[0])
				if n >= 4 {
					k.PackFloat32(&s[0], &guarded.Slice[float32](t, 8*n, edge)[0], n)
					k.PackFloat64(&s[0], &guarded.Slice[float64](t, 8*n, edge)[0], n)
				}
			}
		}
	})
}

func TestSingleKernelsStayInTheirArrays(t *testing.T) {
	forEachSingleSet(t, func(t *testing.T, k *ops.TensorSingle) {
		for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 48, 131} {
			for _, edge := range []guarded.Edge{guarded.Begin, guarded.End} {
				lanes := func(n int) *ops.LanesSingle { return &guarded.Slice[ops.LanesSingle](t, n, edge)[0] }
				s, u, v, x := lanes(n), lanes(n), lanes(n), lanes(n)
				design := &guarded.Slice[float32](t, 8*n, edge)[0]
				rest, point := &guarded.Slice[ops.RestSingle](t, 1, edge)[0], &guarded.Slice[ops.PointSingle](t, 1, edge)[0]
				k.Exp2(u, s, n)
				k.Log2(u, s, n)
				k.Range(&guarded.Slice[ops.ExtentSingle](t, 1, edge)[0], s, n)
				k.Logarithms(u, s, design, n, rest)
				k.WeightedLogarithms(u, v, s, design, n, rest)
				k.Model(u, v, x, s, design, n, point)
				k.Misfit(s, design, n, point)
				k.Weights(u, v, s, design, n, point)
				k.Sums7(lanes(7), design, v, n)
				k.Sums22(lanes(22), &guarded.Slice[float32](t, 24*n, edge)[0], v, n)
				k.Project(lanes(14), design, u, x, n)
				first, last := &guarded.Slice[ops.Lanes](t, n, edge)[0], &guarded.Slice[ops.Lanes](t, n, edge)[0]
				k.Widen(first, last, s, n)
				k.Narrow(first, last, s, n)
				if n >= 4 {
					k.PackFloat32(s, &guarded.Slice[float32](t, 16*n, edge)[0], n)
					k.PackFloat64(s, &guarded.Slice[float64](t, 16*n, edge)[0], n)
				}
			}
		}
	})
}

package sets

import (
	"runtime"

	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// portable has no tables, so that everything runs on the portable code. Its peak is that of scalar multiplications and
// additions.
var portable = &ops.Set{Name: "generic", Ceiling: ops.PeakLoops{
	Float64: scalarChains[float64], Operations64: scalarOperations,
	Float32: scalarChains[float32], Operations32: scalarOperations,
}}

// scalarOperations is how many operations one turn of scalarChains has.
const scalarOperations = 16

// scalarChains does n turns of eight multiplications and eight additions, which do not wait for one another.
func scalarChains[T float32 | float64](n int) {
	a, b, c, d, e, f, g, h := T(1), T(2), T(3), T(4), T(5), T(6), T(7), T(8)
	x, y := T(0.999), T(0.001)
	for range n {
		a = T(a*x) + y
		b = T(b*x) + y
		c = T(c*x) + y
		d = T(d*x) + y
		e = T(e*x) + y
		f = T(f*x) + y
		g = T(g*x) + y
		h = T(h*x) + y
	}
	runtime.KeepAlive(a + b + c + d + e + f + g + h)
}

package kernel

import (
	"fmt"
	"runtime"
	"time"

	"github.com/voxfit/voxfit/kernel/amd64"
	"github.com/voxfit/voxfit/kernel/arm64"
)

// A Throughput is the highest rate at which a core can add and multiply with an instruction set, in
// 10^9 operations a second (GFLOP/s): the ceiling that a kernel's useful operations are set against. A
// fused multiply-add of one lane is two operations.
type Throughput struct {
	Float64 float64 `json:"gflops_fp64"`
	Float32 float64 `json:"gflops_fp32"`
}

// MeasureThroughput measures the peak for twice the duration on the calling thread, which should be
// pinned. For "avx512", "avx2" and "neon" the loops are fused multiply-adds of whole vectors in twelve
// independent chains (NEON: sixteen), in registers alone. For "generic" they are eight chains of scalar multiplications
// and additions in portable Go: the ceiling of the portable kernels.
//
// An error says that this processor or build does not have the instruction set.
func MeasureThroughput(isa string, duration time.Duration) (Throughput, error) {
	if isa == "generic" {
		return Throughput{
			Float64: rate(scalarChains[float64], 16, duration),
			Float32: rate(scalarChains[float32], 16, duration),
		}, nil
	}
	loops, ok := amd64.FindPeakLoops(isa)
	if !ok {
		loops, ok = arm64.FindPeakLoops(isa)
	}
	if !ok {
		return Throughput{}, fmt.Errorf("kernel: no peak of instruction set %q can be measured: this processor or build does not have it", isa)
	}
	return Throughput{
		Float64: rate(loops.Float64, loops.Operations64, duration),
		Float32: rate(loops.Float32, loops.Operations32, duration),
	}, nil
}

// rate runs a loop for the duration in calls of some ten microseconds, and returns 10^9 operations a
// second of the fastest tenth of that time: what another program takes of the core is not its peak.
func rate(loop func(n int), operations int, duration time.Duration) float64 {
	const turns, parts = 4096, 10
	loop(turns)
	best := 0.0
	for range parts {
		done, begin := 0, time.Now()
		for done == 0 || time.Since(begin) < duration/parts {
			loop(turns)
			done += turns
		}
		best = max(best, float64(done)*float64(operations)/time.Since(begin).Seconds()/1e9)
	}
	return best
}

// scalarChains does n turns of eight multiplications and eight additions that do not wait for one
// another.
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

package kernel

import (
	"fmt"
	"time"

	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// A Throughput is the highest rate at which a core can multiply and add with an instruction set, in 10^9 operations a
// second (GFLOP/s). The rates of kernels are compared with it. A fused multiply-add of one lane is two operations.
type Throughput struct {
	Float64 float64 `json:"gflops_fp64"`
	Float32 float64 `json:"gflops_fp32"`
}

// MeasureThroughput measures the peak of an instruction set that ISAs lists. It takes twice the duration, on the
// calling thread, which should be pinned. Its loops are fused multiply-adds of whole vectors, in registers alone. They
// have twelve or more independent chains, so that no multiply-add waits for another. For "generic" they are eight
// chains of scalar multiplications and additions in portable Go, because portable kernels are made of these.
//
// The error says that this processor or build does not have the instruction set.
func MeasureThroughput(isa string, duration time.Duration) (Throughput, error) {
	set := sets.Find(isa)
	if set == nil {
		return Throughput{}, fmt.Errorf("kernel: no peak of instruction set %q can be measured: this processor or build does not have it", isa)
	}
	return Throughput{
		Float64: rate(set.Ceiling.Float64, set.Ceiling.Operations64, duration),
		Float32: rate(set.Ceiling.Float32, set.Ceiling.Operations32, duration),
	}, nil
}

// rate runs a loop for the duration, in calls of some ten microseconds. It returns the rate of the fastest tenth of the
// time, in 10^9 operations a second. The rest may have lost time to other programs.
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

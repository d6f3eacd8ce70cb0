package sched_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
)

// BenchmarkEmptyChunk is what one chunk costs besides its work: time is per chunk of the run as a
// whole. dispatch-ns and compute-ns split a worker's time per chunk (compute is the cost of calling
// an empty function and reading the clock).
func BenchmarkEmptyChunk(b *testing.B) {
	for _, workers := range []int{1, 2} {
		for _, pin := range []bool{true, false} {
			b.Run(fmt.Sprintf("workers=%d/pin=%v", workers, pin), func(b *testing.B) {
				if pin && !numa.CanPin {
					b.Skip("this operating system does not pin threads")
				}
				p := sched.Plan{Voxels: b.N, VoxelsPerChunk: 1, Workers: workers, Pin: pin}
				account, err := sched.Run(context.Background(), p, func(int, sched.Range) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
				sum := account.Sum()
				b.ReportMetric(float64(sum.Dispatch.Nanoseconds())/float64(b.N), "dispatch-ns/chunk")
				b.ReportMetric(float64(sum.Compute.Nanoseconds())/float64(b.N), "compute-ns/chunk")
			})
		}
	}
}

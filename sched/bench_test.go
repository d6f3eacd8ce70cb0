package sched_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/voxfit/voxfit/sched"
)

// BenchmarkEmptyChunk is what one chunk costs besides its work: time is per chunk of the run as a
// whole. dispatch-ns and compute-ns split a worker's time per chunk (compute is the cost of calling
// an empty function and reading the clock).
func BenchmarkEmptyChunk(b *testing.B) {
	for _, workers := range []int{1, 2} {
		for _, policy := range policies {
			for _, elastic := range []bool{false, true} {
				b.Run(fmt.Sprintf("workers=%d/schedule=%v/elastic=%v", workers, policy, elastic), func(b *testing.B) {
					p := sched.Plan{Voxels: b.N, VoxelsPerChunk: 1, Workers: workers, Pin: pinned, Policy: policy, Elastic: elastic}
					account, err := sched.Run(context.Background(), p, nothing)
					if err != nil {
						b.Fatal(err)
					}
					sum := account.Sum()
					b.ReportMetric(float64(sum.Dispatch.Nanoseconds())/float64(b.N), "dispatch-ns/chunk")
					b.ReportMetric(float64(sum.Steal.Nanoseconds())/float64(b.N), "steal-ns/chunk")
					b.ReportMetric(float64(sum.Compute.Nanoseconds())/float64(b.N), "compute-ns/chunk")
				})
			}
		}
	}
}

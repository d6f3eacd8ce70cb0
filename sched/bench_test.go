package sched_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/voxfit/voxfit/sched"
)

// BenchmarkEmptyChunk measures what one chunk costs besides its work. time is per chunk of the whole run. dispatch-ns
// and compute-ns split a worker's time per chunk (compute is the cost of calling an empty function and reading the
// clock).
func BenchmarkEmptyChunk(b *testing.B) {
	forEachSchedule(b, []bool{false, true}, func(b *testing.B, p sched.Plan) {
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

// BenchmarkDispatch measures the time from the end of one chunk to the beginning of the worker's next, as the chunks
// themselves see it. Half of them are handed out within median-ns, and 99 of 100 within p99-ns. Both include one
// reading of the clock more than the dispatch.
func BenchmarkDispatch(b *testing.B) {
	forEachSchedule(b, []bool{false}, func(b *testing.B, p sched.Plan) {
		type view struct {
			last time.Duration // the end of the last chunk, counted from begin
			gaps sched.Histogram
		}
		views, begin := make([]view, p.Workers), time.Now()
		_, err := sched.Run(context.Background(), p, func(worker int, _ sched.Range) error {
			v := &views[worker]
			if now := time.Since(begin); v.last > 0 {
				v.gaps.Count(now-v.last, 1)
			}
			v.last = time.Since(begin)
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		var gaps sched.Histogram
		for i := range views {
			gaps.Add(views[i].gaps)
		}
		b.ReportMetric(float64(gaps.Quantile(0.5).Nanoseconds()), "median-ns")
		b.ReportMetric(float64(gaps.Quantile(0.99).Nanoseconds()), "p99-ns")
	})
}

// forEachSchedule plans b.N chunks of one voxel for one worker and for two, under every policy.
func forEachSchedule(b *testing.B, elastic []bool, bench func(b *testing.B, p sched.Plan)) {
	for _, workers := range []int{1, 2} {
		for _, policy := range policies {
			for _, elastic := range elastic {
				b.Run(fmt.Sprintf("workers=%d/schedule=%v/elastic=%v", workers, policy, elastic), func(b *testing.B) {
					bench(b, sched.Plan{Voxels: b.N, VoxelsPerChunk: 1, Workers: workers, Pin: pinned, Policy: policy, Elastic: elastic})
				})
			}
		}
	}
}

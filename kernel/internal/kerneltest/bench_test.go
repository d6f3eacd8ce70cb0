package kerneltest_test

import (
	"testing"

	"github.com/voxfit/voxfit/bench/turn"
)

// timed is the benchmark of a step that works on so many voxels. It reports the time of a voxel. Where the useful
// operations of a voxel are given, it also reports their rate, and its share of the peak of the core.
func timed(b *testing.B, name string, voxels int, operations, peak float64, step func()) {
	b.Run(name, func(b *testing.B) {
		turn.Take()
		for b.Loop() {
			step()
		}
		ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N*voxels)
		b.ReportMetric(ns, "ns/voxel")
		if operations > 0 {
			b.ReportMetric(operations/ns, "GFLOP/s")
			b.ReportMetric(100*operations/ns/peak, "%peak")
		}
		b.ReportMetric(0, "ns/op")
	})
}

package amd64_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/amd64"
)

func TestPeakLoopsCountTheLanesOfTheirVectors(t *testing.T) {
	for isa, lanes := range map[string]int{"avx512": 8, "avx2": 4} {
		loops, ok := amd64.FindPeakLoops(isa)
		if !ok {
			t.Logf("this processor or build has no %s", isa)
			continue
		}
		loops.Float64(1)
		loops.Float32(3)
		if loops.Operations64 != 2*12*lanes || loops.Operations32 != 2*loops.Operations64 {
			t.Errorf("%s: %d operations fp64, %d fp32 a turn, want %d and twice that", isa, loops.Operations64, loops.Operations32, 2*12*lanes)
		}
	}
}

// BenchmarkPeak reports the rates that shares of peak are shares of.
func BenchmarkPeak(b *testing.B) {
	for _, isa := range []string{"avx512", "avx2"} {
		loops, ok := amd64.FindPeakLoops(isa)
		if !ok {
			continue
		}
		run := func(name string, loop func(n int), operations int) {
			b.Run(isa+"/"+name, func(b *testing.B) {
				const turns = 4096
				for b.Loop() {
					loop(turns)
				}
				b.ReportMetric(float64(b.N*turns*operations)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
		run("fp64", loops.Float64, loops.Operations64)
		run("fp32", loops.Float32, loops.Operations32)
	}
}

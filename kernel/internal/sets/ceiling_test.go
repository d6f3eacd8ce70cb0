package sets_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/sets"
)

func TestPeakLoopsCountTheLanesOfTheirVectors(t *testing.T) {
	operationsOf := map[string]int{"avx512": 2 * 12 * 8, "avx2": 2 * 12 * 4, "neon": 2 * 16 * 2}
	for _, set := range sets.Native() {
		isa, loops := set.Name, set.Ceiling
		operations, listed := operationsOf[isa]
		if !listed {
			t.Errorf("%s: this test does not list the operations of its peak loops", isa)
			continue
		}
		loops.Float64(1)
		loops.Float32(3)
		if loops.Operations64 != operations || loops.Operations32 != 2*operations {
			t.Errorf("%s: %d operations fp64, %d fp32 a turn, want %d and twice that", isa, loops.Operations64, loops.Operations32, operations)
		}
	}
}

// BenchmarkPeak reports the peaks with which other benchmarks compare their rates.
func BenchmarkPeak(b *testing.B) {
	for _, set := range sets.Native() {
		run := func(name string, loop func(n int), operations int) {
			b.Run(set.Name+"/"+name, func(b *testing.B) {
				const turns = 4096
				for b.Loop() {
					loop(turns)
				}
				b.ReportMetric(float64(b.N*turns*operations)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
		run("fp64", set.Ceiling.Float64, set.Ceiling.Operations64)
		run("fp32", set.Ceiling.Float32, set.Ceiling.Operations32)
	}
}

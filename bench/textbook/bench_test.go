package textbook_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel"
)

// The benchmarks use the published study's protocol. Each has the textbook's fit, and then the kernels' on the same
// voxels.

func BenchmarkCSD(b *testing.B) { benchmark(b, "csdm") }

func BenchmarkSFM(b *testing.B) { benchmark(b, "sfm") }

func BenchmarkFreeWater(b *testing.B) { benchmark(b, "fwdtim") }

func benchmark(b *testing.B, name string) {
	a := study(b, 1024)
	b.Run("textbook", func(b *testing.B) {
		fitter := newFitter(b, a.newModel(b, name, ""))
		params := make([]float64, fitter.Parameters())
		for b.Loop() {
			for i := range a.voxels() {
				if err := fitter.Fit(params, a.voxel(i)); err != nil {
					b.Fatal(err)
				}
			}
		}
		reportSpeed(b, a.voxels())
	})
	for _, isa := range kernel.ISAs() {
		b.Run(isa, func(b *testing.B) {
			f := a.newModel(b, name, isa).Fitter()
			worker, params, status := f.NewWorker(), make([]float64, a.voxels()*f.Parameters()), make([]kernel.Status, a.voxels())
			for b.Loop() {
				worker.Fit(params, status, a.signal)
			}
			reportSpeed(b, a.voxels())
		})
	}
}

func reportSpeed(b *testing.B, voxels int) {
	b.ReportMetric(float64(b.N*voxels)/b.Elapsed().Seconds(), "voxels/s")
	b.ReportMetric(0, "ns/op")
}

package model

import (
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/phantom"
)

// BenchmarkMSMT fits the phantom of the study's protocol (288 values, SNR 30) with three tissues, on every set. GFLOP/s
// counts what the interior-point method must do in an iteration: 300 directions to 153 moments, 300 x 45 amplitudes
// four times (forward and back, for both steps), a Cholesky factor, and two solutions of 47 unknowns.
// kernel.MeasureThroughput measures what the core can do.
func BenchmarkMSMT(b *testing.B) {
	const iteration = 2*300*153 + 4*2*300*45 + 47*47*47/3 + 4*47*47
	g := phantom.HCP()
	p, err := phantom.Make(g, phantom.Options{Voxels: 2048, SNR: 30})
	if err != nil {
		b.Fatal(err)
	}
	for _, isa := range kernel.ISAs() {
		b.Run(isa, func(b *testing.B) {
			m := mustMSMT(b, g, threeTissues(), MSMTOptions{ISA: isa})
			n := 2048
			if isa == "generic" {
				n = 128
			}
			f, w := m.Fitter(), m.Fitter().NewWorker()
			params, status := make([]float64, n*f.Parameters()), make([]kernel.Status, n)
			for b.Loop() {
				w.Fit(params, status, p.Signal[:n*g.Len()])
			}
			iterations, refitted := 0, 0
			for _, s := range status {
				iterations += int(s.Iterations)
				if s.Code == kernel.Refit {
					refitted++
				}
			}
			us := float64(b.Elapsed().Nanoseconds()) / 1e3 / float64(b.N*n)
			b.ReportMetric(us, "us/voxel")
			b.ReportMetric(float64(iterations)/float64(n), "iterations/voxel")
			b.ReportMetric(100*float64(refitted)/float64(n), "%refitted")
			if isa != "generic" {
				b.ReportMetric(iteration*float64(iterations)/float64(n)/us/1e3, "GFLOP/s")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

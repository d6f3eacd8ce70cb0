package phantom

import "testing"

// The published study's subject has 435,686 masked voxels; voxels/s here times 288 is values/s.
func BenchmarkMake(b *testing.B) {
	for _, c := range []struct {
		name string
		snr  float64
	}{{"noiseless", 0}, {"SNR30", 30}} {
		b.Run(c.name, func(b *testing.B) {
			g := HCP()
			const voxels = 20000
			for b.Loop() {
				if _, err := Make(g, Options{Voxels: voxels, SNR: c.snr, Workers: 1}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(voxels)*float64(b.N)/b.Elapsed().Seconds(), "voxels/s")
		})
	}
}

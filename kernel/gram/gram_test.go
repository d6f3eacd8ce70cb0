package gram_test

import (
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

func TestMapEqualsTheProductOfTheRows(t *testing.T) {
	kerneltest.Portable(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for lmax := 2; lmax <= 12; lmax += 2 {
		d := kerneltest.CSDDesign(t, kerneltest.ShellTable(t, 100), lmax)
		n, m := d.Coefficients, ref.GramMap(d.Gram)
		g := ref.NewGram(&m)
		for _, share := range []float64{0.01, 0.3, 0.9, 1} {
			want, got := make([]float64, ref.Triangle(n)), make([]float64, ref.Triangle(n))
			var active []int32
			for r := range len(d.B) / n {
				if rng.Float64() > share {
					continue
				}
				active = append(active, int32(r))
				for i := range n {
					for j := range i + 1 {
						want[ref.Triangle(i)+j] += d.B[r*n+i] * d.B[r*n+j]
					}
				}
			}
			c := g.NewMoments()
			g.Add(c, active)
			g.Assemble(got, make([]float64, len(got)), c, g.NewSums())
			if e := kerneltest.Relative(got, want); !(e <= 1e-12) {
				t.Errorf("lmax %d, %d rows: Gram matrix is off by %.2g of its largest entry", lmax, len(active), e)
			}
		}
	}
}

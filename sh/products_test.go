package sh_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/sh"
)

func TestProductsMultiplyHarmonicsInEveryDirection(t *testing.T) {
	peer.Slow(t)
	rng := rand.New(rand.NewPCG(3, 4))
	directions := make([][3]float64, 20)
	for i := range directions {
		directions[i] = [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
	}
	for _, basis := range []sh.Basis{sh.Descoteaux07, sh.Tournier07} {
		for lmax := 0; lmax <= 12; lmax += 2 {
			table := basis.Products(lmax)
			n, wide := sh.Count(lmax), sh.Count(2*lmax)
			y, ywide := basis.Evaluate(lmax, directions), basis.Evaluate(2*lmax, directions)
			worst := 0.0
			for d := range directions {
				for i := range n {
					for j := range n {
						sum := 0.0
						index, coefficient := table.Of(i, j)
						for t, k := range index {
							sum += coefficient[t] * ywide[d*wide+k]
						}
						worst = math.Max(worst, math.Abs(sum-y[d*n+i]*y[d*n+j]))
					}
				}
			}
			if !(worst <= 1e-12) {
				t.Errorf("%v, lmax %d: a product is off by %.2g", basis, lmax, worst)
			}
		}
	}
}

// The integral of Y(2,0)^3 is sqrt(5/pi)/7, and of Y(2,0) Y(4,0)^2 is 10 sqrt(5/pi)/77: from the
// Wigner 3j symbols (2 2 2; 0 0 0)^2 = 2/35 and (2 4 4; 0 0 0)^2 = 20/693.
func TestProductsOfZonalHarmonicsAreTheKnownGauntCoefficients(t *testing.T) {
	table := sh.Descoteaux07.Products(4)
	place := map[sh.Term]int{}
	for i, term := range sh.Terms(8) {
		place[term] = i
	}
	for _, c := range []struct {
		l1, l2, l3 int
		want       float64
	}{
		{0, 0, 0, 1 / math.Sqrt(4*math.Pi)},
		{2, 2, 2, math.Sqrt(5/math.Pi) / 7},
		{4, 4, 2, 10 * math.Sqrt(5/math.Pi) / 77},
	} {
		index, coefficient := table.Of(place[sh.Term{L: c.l1}], place[sh.Term{L: c.l2}])
		got := 0.0
		for t, k := range index {
			if k == place[sh.Term{L: c.l3}] {
				got = coefficient[t]
			}
		}
		if math.Abs(got-c.want) > 1e-14 {
			t.Errorf("l = %d, %d, %d: %v, want %v", c.l1, c.l2, c.l3, got, c.want)
		}
	}
}

func TestProductsStoreNoZeros(t *testing.T) {
	peer.Slow(t)
	for _, lmax := range []int{4, 8, 12} {
		table := sh.Descoteaux07.Products(lmax)
		for i, c := range table.Coefficient {
			if math.Abs(c) < 1e-8 {
				t.Errorf("lmax %d: coefficient %d is %g, neither zero nor of a size that occurs", lmax, i, c)
			}
		}
	}
}

package phantom

import (
	"math"
	"testing"
)

// kindOf is an index into Mix.shares.
func kindOf(v Voxel) int {
	switch v.Tissue {
	case GreyMatter:
		return 3
	case CSF:
		return 4
	}
	return v.Fibres - 1
}

func TestTissuesComeInTheSharesOfTheMix(t *testing.T) {
	for _, mix := range []Mix{{}, {OneFibre: 1}, {ThreeFibres: 0.5, CSF: 0.5}, {TwoFibres: 0.1, GreyMatter: 0.9}} {
		p := mustMake(t, b0s(1), Options{Voxels: 60_000, Seed: 8, Mix: mix})
		core := coreOf(p.Shape, p.Options.Mix)
		var count [5]float64
		n := 0.0
		for row, v := range p.Truth {
			if !core.holds(p.Index[row]) {
				count[kindOf(v)]++
				n++
			}
		}
		for kind, share := range p.Options.Mix.shares() {
			if math.Abs(count[kind]-n*share) > 4*math.Sqrt(n*share*(1-share)) {
				t.Errorf("mix %+v: %g of %g voxels are of kind %d, expected %.1f%%", mix, count[kind], n, kind, 100*share)
			}
		}
	}
}

func TestFractionsAddToOneAndEveryTruthIsInItsRange(t *testing.T) {
	p := mustMake(t, b0s(1), Options{Voxels: 30_000, Seed: 9})
	for row, v := range p.Truth {
		sum := v.FreeWater
		for _, c := range v.Compartments {
			sum += c.Fraction
		}
		if math.Abs(sum-1) > 4e-16 {
			t.Fatalf("voxel %d: fractions add to %.17g", row, sum)
		}
		if v.S0 < 900 || v.S0 > 1100 || v.FreeWater < 0 || v.FreeWater > 1 {
			t.Fatalf("voxel %d is out of range: %+v", row, v)
		}
		compartments := max(v.Fibres, 1)
		for k, c := range v.Compartments {
			if k >= compartments {
				if c != (Compartment{}) {
					t.Fatalf("voxel %d has %d fibres and a compartment %d: %+v", row, v.Fibres, k, c)
				}
				continue
			}
			checkCompartment(t, row, v, k)
		}
	}
}

func checkCompartment(t *testing.T, row int, v Voxel, k int) {
	t.Helper()
	c := v.Compartments[k]
	length := math.Hypot(math.Hypot(c.Direction[0], c.Direction[1]), c.Direction[2])
	within := func(x, low, high float64) bool { return low <= x && x <= high }
	ok := math.Abs(length-1) < 1e-14
	switch v.Tissue {
	case WhiteMatter:
		ok = ok && within(c.Axial, 1.5e-3, 1.9e-3) && within(c.Radial, 0.2e-3, 0.45e-3) && c.Fraction > 0
		ok = ok && (k == 0 || c.Fraction <= v.Compartments[k-1].Fraction) && v.FreeWater < 0.8
	case GreyMatter:
		ok = ok && within((c.Axial+2*c.Radial)/3, 0.8e-3*(1-1e-15), 1e-3*(1+1e-15)) && anisotropy(c) < 0.18 && v.FreeWater < 0.5
	case CSF:
		ok = ok && anisotropy(c) < 0.18 && v.FreeWater >= 0.8
	}
	if !ok {
		t.Fatalf("voxel %d, compartment %d is out of range: %+v", row, k, v)
	}
}

// anisotropy is the fractional anisotropy of an axially symmetric tensor (Basser and Pierpaoli 1996).
func anisotropy(c Compartment) float64 {
	a, r := c.Axial, c.Radial
	return math.Abs(a-r) / math.Sqrt(a*a+2*r*r)
}

// Each fibre's direction is uniform on the sphere: the mean of u u^T is a third of the identity, and
// that of two fibres' |cosine| is 1/2 when they are independent.
func TestFibresPointEverywhereAndIndependently(t *testing.T) {
	p := mustMake(t, b0s(1), Options{Voxels: 40_000, Seed: 10, Mix: Mix{TwoFibres: 1}})
	n := float64(len(p.Truth))
	var second [3][3]float64
	var cosines, squares float64
	for _, v := range p.Truth {
		u, w := v.Compartments[0].Direction, v.Compartments[1].Direction
		dot := 0.0
		for i := range 3 {
			dot += u[i] * w[i]
			for j := range 3 {
				second[i][j] += u[i] * u[j]
			}
		}
		cosines += math.Abs(dot)
		squares += dot * dot
	}
	for i := range 3 {
		for j := range 3 {
			want, spread := 0.0, math.Sqrt(1.0/15)
			if i == j {
				want, spread = 1.0/3, math.Sqrt(4.0/45)
			}
			if got := second[i][j] / n; math.Abs(got-want) > 4*spread/math.Sqrt(n) {
				t.Errorf("mean of u%d u%d is %g, expected %g", i, j, got, want)
			}
		}
	}
	if got := cosines / n; math.Abs(got-0.5) > 4*math.Sqrt(1.0/12/n) {
		t.Errorf("mean |cosine| between two fibres is %g, expected 0.5", got)
	}
	if got := squares / n; math.Abs(got-1.0/3) > 4*math.Sqrt(4.0/45/n) {
		t.Errorf("mean squared cosine between two fibres is %g, expected 1/3", got)
	}
}

func TestTissuesHaveNames(t *testing.T) {
	for tissue, want := range map[Tissue]string{WhiteMatter: "white matter", GreyMatter: "grey matter", CSF: "CSF", 0: "Tissue(0)"} {
		if got := tissue.String(); got != want {
			t.Errorf("tissue %d is %q, expected %q", uint8(tissue), got, want)
		}
	}
}

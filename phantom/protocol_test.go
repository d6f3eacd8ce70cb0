package phantom

import (
	"math"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
)

func TestHCPHasTheStudysVolumes(t *testing.T) {
	g := HCP()
	if g.Len() != 288 || g.B0Threshold != acq.DefaultB0Threshold {
		t.Fatalf("%d volumes with b0 threshold %g, expected 288 and %g", g.Len(), g.B0Threshold, float64(acq.DefaultB0Threshold))
	}
	b0s := g.B0s()
	if len(b0s) != 18 {
		t.Fatalf("%d b0s, expected 18", len(b0s))
	}
	for k, volume := range b0s {
		if volume != 16*k || g.Bvals[volume] != 0 || g.Bvecs[volume] != ([3]float64{}) {
			t.Errorf("b0 %d is volume %d, expected %d", k, volume, 16*k)
		}
	}
	count := map[float64]int{}
	for i, b := range g.Bvals {
		count[b]++
		v := g.Bvecs[i]
		if length := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2]); b > 0 && math.Abs(length-1) > 1e-14 {
			t.Errorf("volume %d has a direction of length %g", i, length)
		}
	}
	if len(count) != 4 || count[1000] != 90 || count[2000] != 90 || count[3000] != 90 {
		t.Errorf("volumes of each b-value: %v, expected 90 of 1000, 2000 and 3000", count)
	}
}

func TestHCPGivesEachCallerItsOwnTable(t *testing.T) {
	HCP().Bvals[1] = -1
	HCP().Bvecs[1] = [3]float64{}
	if g := HCP(); g.Bvals[1] != 1000 || g.Bvecs[1] == ([3]float64{}) {
		t.Error("a caller's change reached the next caller")
	}
}

// energy is the electrostatic energy of unit charges on every direction and its opposite, the sum of
// 1/distance over all pairs.
func energy(directions [][3]float64) float64 {
	sum := float64(len(directions)) / 2 // each with its own opposite, at distance 2
	for i, u := range directions {
		for _, v := range directions[:i] {
			dot := u[0]*v[0] + u[1]*v[1] + u[2]*v[2]
			sum += 2/math.Sqrt(2-2*dot) + 2/math.Sqrt(2+2*dot)
		}
	}
	return sum
}

// thomson is the least energy of n charges on the sphere, fitted to computed minima (Erber and
// Hockney 1991; Morris, Deaven and Ho 1996): good to a few parts in 1e5 at this size.
func thomson(n float64) float64 {
	return n * n / 2 * (1 - 1.10461/math.Sqrt(n) + 0.137/math.Pow(n, 1.5))
}

func shellsOf(g *acq.GradientTable) map[float64][][3]float64 {
	shells := map[float64][][3]float64{}
	for i, b := range g.Bvals {
		if b > g.B0Threshold {
			nominal := 1000 * math.Round(b/1000)
			shells[nominal] = append(shells[nominal], g.Bvecs[i])
		}
	}
	return shells
}

// 90 directions and their opposites are 180 charges held to antipodal pairs, so their least energy is
// a little above that of 180 free charges.
func TestDirectionsReachThePublishedLeastEnergy(t *testing.T) {
	least := thomson(180)
	random := newStream(1, forTruth, 0)
	drawn := make([][3]float64, 90)
	for i := range drawn {
		drawn[i] = random.direction()
	}
	if excess := energy(drawn)/least - 1; excess < 0.01 {
		t.Fatalf("random directions are %.3g above the least energy: the measure does not tell", excess)
	}
	for b, directions := range shellsOf(HCP()) {
		excess := energy(directions)/least - 1
		t.Logf("b %g: energy %.3f, %.2g above that of 180 free charges", b, energy(directions), excess)
		if excess < -1e-4 || excess > 1e-3 {
			t.Errorf("b %g: energy %g above the least, expected 0 to 0.001", b, excess)
		}
	}
}

func TestDirectionsAreFartherApartThanRandomOnes(t *testing.T) {
	for b, directions := range shellsOf(HCP()) {
		// 180 caps that cover the sphere closely have neighbours about 14.7 degrees apart
		// (hexagonal packing: area 4 pi / 180 each); random directions some 0.6.
		if got := nearest(directions); got < 12 {
			t.Errorf("b %g: two directions are %.1f degrees apart, expected more than 12", b, got)
		}
	}
}

func TestNoDirectionOccursInTwoShells(t *testing.T) {
	var all [][3]float64
	for _, directions := range shellsOf(HCP()) {
		all = append(all, directions...)
	}
	if got := nearest(all); got < 0.01 {
		t.Errorf("two of the %d directions are %g degrees apart", len(all), got)
	}
}

// nearest is the least angle between two axes, in degrees.
func nearest(directions [][3]float64) float64 {
	largest := 0.0
	for i, u := range directions {
		for _, v := range directions[:i] {
			largest = max(largest, math.Abs(u[0]*v[0]+u[1]*v[1]+u[2]*v[2]))
		}
	}
	return math.Acos(min(largest, 1)) * 180 / math.Pi
}

// The scanner's own directions are spread over all shells at once and so a little less evenly over
// each: ours must be at least as even.
func TestDirectionsAreAsEvenAsTheScanners(t *testing.T) {
	scanner, _, err := acq.ReadGradients(
		peer.Data(t, "gradient_tables", "hcp3t_nominal.bvals"), peer.Data(t, "gradient_tables", "hcp3t_nominal.bvecs"))
	if err != nil {
		t.Fatal(err)
	}
	theirs := shellsOf(scanner)
	for b, directions := range shellsOf(HCP()) {
		if len(theirs[b]) != len(directions) {
			t.Fatalf("b %g: the scanner has %d directions and we %d", b, len(theirs[b]), len(directions))
		}
		if got, want := energy(directions), energy(theirs[b]); got > want {
			t.Errorf("b %g: energy %g, the scanner's %g", b, got, want)
		}
	}
}

func TestResponseIsTheMiddleOfTheFibres(t *testing.T) {
	p := mustMake(t, b0s(1), Options{Voxels: 20_000, Mix: Mix{ThreeFibres: 1}})
	var axial, radial, s0 float64
	for _, v := range p.Truth {
		axial += v.Compartments[0].Axial
		radial += v.Compartments[0].Radial
		s0 += v.S0
	}
	n := float64(len(p.Truth))
	r := Response()
	for name, pair := range map[string][2]float64{
		"axial":  {axial / n, r.Evals[0]},
		"radial": {radial / n, r.Evals[1]},
		"S0":     {s0 / n, r.S0},
	} {
		if math.Abs(pair[0]/pair[1]-1) > 0.01 {
			t.Errorf("mean %s %g, the response says %g", name, pair[0], pair[1])
		}
	}
	if r.Evals[1] != r.Evals[2] {
		t.Errorf("the response is not axially symmetric: %v", r.Evals)
	}
}

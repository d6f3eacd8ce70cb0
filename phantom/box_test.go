package phantom

import (
	"slices"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
)

func TestTheBoxIsNearCubicAndTheMaskExact(t *testing.T) {
	sizes := []int{435686}
	for n := 1; n <= 400; n++ {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		shape := boxFor(n)
		cells := shape[0] * shape[1] * shape[2]
		if cells < n || slices.Max(shape[:])-slices.Min(shape[:]) > 1 {
			t.Errorf("%d voxels: box %v, expected at least as many cells and sides within 1", n, shape)
		}
		index := maskOf(shape, n)
		if len(index) != n || !slices.IsSorted(index) || len(slices.Compact(slices.Clone(index))) != n {
			t.Errorf("%d voxels: the mask has %d, or repeats or disorders them", n, len(index))
		}
		if index[0] < 0 || index[n-1] >= cells {
			t.Errorf("%d voxels: the mask runs from %d to %d in a box of %d cells", n, index[0], index[n-1], cells)
		}
		c := centre(shape)
		if _, ok := slices.BinarySearch(index, c[0]+shape[0]*(c[1]+shape[1]*c[2])); !ok {
			t.Errorf("%d voxels: the centre is outside the mask", n)
		}
	}
}

func TestTheStudySubjectFillsA76Cube(t *testing.T) {
	if got := boxFor(435686); got != [3]int{76, 76, 76} {
		t.Errorf("box %v, expected 76 x 76 x 76", got)
	}
}

func TestTheMaskLeavesOutTheCornersFarthestFromTheCentre(t *testing.T) {
	shape := boxFor(60) // 4 x 4 x 4, centre (2, 2, 2): cell 0 is the farthest
	index := maskOf(shape, 60)
	if shape != [3]int{4, 4, 4} || slices.Contains(index, 0) {
		t.Errorf("box %v with cell 0 in the mask: %v", shape, index)
	}
}

func TestTheCentreHoldsSingleFibresOfHighAnisotropy(t *testing.T) {
	for voxels, want := range map[int]int{1: 1, 27: 1, 512: 27, 4000: 125, 4096: 125, 27000: 343} {
		p := mustMake(t, b0s(1), Options{Voxels: voxels, Seed: 2})
		core := coreOf(p.Shape, p.Options.Mix)
		found := 0
		for row, v := range p.Truth {
			if !core.holds(p.Index[row]) {
				continue
			}
			found++
			if v.Fibres != 1 || v.FreeWater != 0 || anisotropy(v.Compartments[0]) < 0.78 {
				t.Errorf("%d voxels: row %d of the core is %+v", voxels, row, v)
			}
		}
		if found != want {
			t.Errorf("%d voxels: the core has %d, expected %d", voxels, found, want)
		}
	}
}

func TestAMixWithoutSingleFibresHasNoCore(t *testing.T) {
	p := mustMake(t, b0s(1), Options{Voxels: 1000, Mix: Mix{CSF: 1}})
	for row, v := range p.Truth {
		if v.Tissue != CSF {
			t.Fatalf("row %d is %v, expected CSF", row, v.Tissue)
		}
	}
}

// The rule of DIPY's auto_response_ssst, on noisy data of the study's protocol.
func TestAutomaticResponseFindsTheSingleFibres(t *testing.T) {
	peer.Slow(t)
	g := HCP()
	for _, voxels := range []int{1000, 8000} {
		p := mustMake(t, g, Options{Voxels: voxels, SNR: 30, Seed: 6})
		r, err := acq.AutoResponse(p.Signal, p.Shape, p.Index, g, acq.AutoOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := Response()
		// Voxels above the threshold are the more anisotropic ones of the phantom, and some
		// of the crossings that look like one fibre.
		for k, e := range r.Evals {
			if e < 0.7*want.Evals[k] || e > 1.15*want.Evals[k] {
				t.Errorf("%d voxels: eigenvalues %v, expected about %v", voxels, r.Evals, want.Evals)
				break
			}
		}
		if r.S0 < 0.95*want.S0 || r.S0 > 1.05*want.S0 {
			t.Errorf("%d voxels: S0 %g, expected about %g", voxels, r.S0, want.S0)
		}
	}
}

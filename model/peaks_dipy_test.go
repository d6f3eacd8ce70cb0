package model_test

import (
	"maps"
	"math"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// tie is the relative difference below which rounding can change a decision.
const tie = 1e-12

// comparePeaks compares peaks and GFA with DIPY's, voxel by voxel. There must be the same number of peaks, at the same
// vertices of the sphere, with the same values apart from the rounding of maps. Two kinds of functions are counted and
// listed: those that are nowhere positive, for which DIPY names vertex 0, and those in which a decision is a tie.
// comparePeaks returns the other voxels that differ.
func comparePeaks(t *testing.T, ours fitted, label string, dipy peer.Arrays) (differing []int) {
	t.Helper()
	nowhere, ties, found := 0, []int{}, 0
	for i := range ours.status {
		n := int(dipy["count"].Data[i])
		switch {
		case !(dipy["highest"].Data[i] > 0):
			nowhere++
			if peaks := ours.vectors("peaks"+label, i); len(peaks) > 0 {
				t.Errorf("voxel %d: peaks %v of a function that is nowhere positive", i, peaks)
			}
			continue
		case dipy["tie_margin"].Data[i] < tie:
			ties = append(ties, i)
			continue
		}
		peaks, values := ours.vectors("peaks"+label, i), ours.maps["peakvalues"+label][5*i:][:5]
		same := len(peaks) == n
		for k := 0; same && k < n; k++ {
			direction, value := [3]float64(dipy["directions"].Data[15*i+3*k:]), dipy["values"].Row(i)[k]
			for axis, x := range direction {
				same = same && math.Abs(peaks[k][axis]-x) <= 1e-7
			}
			same = same && math.Abs(float64(values[k])-value) <= 1e-7*value
		}
		gfa := float64(ours.maps["gfa"+label][i])
		if !same || !(math.Abs(gfa-dipy["gfa"].Data[i]) <= 1e-7) {
			differing = append(differing, i)
			t.Logf("voxel %d: peaks %v with %v, GFA %v; DIPY has %d, %v with %v, GFA %v; the nearest decision is %.3g of the largest value away", i,
				peaks, values, gfa, n, dipy["directions"].Data[15*i:][:15], dipy["values"].Row(i), dipy["gfa"].Data[i], dipy["tie_margin"].Data[i])
		}
		found += n
	}
	t.Logf("parity: %s: %d peaks with values and GFA as DIPY's in all of %d voxels but %d; of %d more a decision is a tie (%v), %d are nowhere positive",
		t.Name(), found, len(ours.status)-len(ties)-nowhere, len(differing), len(ties), ties, nowhere)
	return differing
}

func TestPeaksAndGFAAreThoseOfPeaksFromModel(t *testing.T) {
	peer.Slow(t)
	onEveryMultiShellSet(t, 1000, comparePeaksOfCSD)
	t.Run("mrtrix_csd_b3000", func(t *testing.T) {
		comparePeaksOfCSD(t, sharedAcquisition(t, "mrtrix_csd_b3000", "dwi.nii.gz"), multiShellSet{lmax: 8})
	})
}

func comparePeaksOfCSD(t *testing.T, a acquisition, set multiShellSet) {
	response := a.response()
	m, err := model.NewCSD(a.gradients, response, model.CSDOptions{LMax: set.lmax})
	if err != nil {
		t.Fatal(err)
	}
	arguments := a.forDIPY()
	arguments["response"] = peer.Array{Shape: []int{4}, Data: append(response.Evals[:], response.S0)}
	options := map[string]any{"lmax": set.lmax}
	differing := comparePeaks(t, fit(m, a), "", peer.DIPY(t, "csd_peaks", arguments, options))
	if len(differing) == 0 {
		return
	}
	// If a fit differs from DIPY's, its peaks may differ, too. That happens only where a direction is next to the
	// threshold.
	arguments = maps.Clone(arguments)
	arguments["signal"] = peer.Matrix32(a.only(differing).signal, a.gradients.Len())
	for k, margin := range peer.DIPY(t, "csd_margin", arguments, options)["margin"].Data {
		if margin > 1e-9 {
			t.Errorf("the peaks of voxel %d are not DIPY's, and no decision is near a tie", differing[k])
		}
	}
}

func TestPeaksAndGFAOfSparseFasciclesAreDIPYs(t *testing.T) {
	peer.Slow(t)
	onSFMSets(t, 300, func(t *testing.T, a acquisition) {
		m := newSFM(t, a, model.SFMOptions{Solver: model.NNLS})
		dipy, _ := dipySFM(t, a, []float64{0.0015, 0.0005, 0.0005}, map[string]any{"solver": "NNLS"})
		if differing := comparePeaks(t, fit(m, a), "", dipy); len(differing) > 0 {
			t.Errorf("%d voxels have other peaks", len(differing))
		}
	})
}

// The peaks are found with options that are not the default, on each of DIPY's spheres, from the coefficients of
// voxfit's fit.
func TestPeaksOnEverySphereFollowDIPYsOptions(t *testing.T) {
	peer.Slow(t)
	a := phantomAcquisition(t, 400)
	for _, name := range sh.Hemispheres() {
		sphere, err := sh.Hemisphere(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ threshold, separation float64 }{{0.5, 25}, {0.1, 45}, {0.25, 5}} {
			m, err := model.NewCSD(a.gradients, a.response(), model.CSDOptions{Sphere: sphere, PeakThreshold: c.threshold, PeakSeparation: c.separation})
			if err != nil {
				t.Fatal(err)
			}
			ours := fit(m, a)
			dipy := peer.DIPY(t, "peaks", peer.Arrays{
				"coefficients": peer.Matrix(ours.params, ours.parameters), "vertices": peer.Vectors(sphere.Vertices),
			}, map[string]any{"lmax": 8, "relative_threshold": c.threshold, "separation": c.separation})
			if differing := comparePeaks(t, ours, "", dipy); len(differing) > 0 {
				t.Errorf("%s, threshold %v, separation %v: %d voxels have other peaks", name, c.threshold, c.separation, len(differing))
			}
		}
	}
}

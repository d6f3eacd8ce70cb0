package model_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
)

// These tests run DIPY (the newest release, pinned in requirements.txt) on the same signals, and compare voxfit with it
// voxel by voxel. Each logs its measurements in a line that starts with "parity:".

// A tally counts voxels that meet a criterion, and remembers those that do not.
type tally struct {
	voxels, kept int
	worst        float64
	exceptions   []string
}

func (y *tally) note(keeps bool, worst float64, exception string, args ...any) {
	y.voxels++
	y.worst = max(y.worst, worst)
	if keeps {
		y.kept++
	} else {
		y.exceptions = append(y.exceptions, fmt.Sprintf(exception, args...))
	}
}

// share is the share of voxels that meet the criterion. It is 1 if there are no voxels.
func (y *tally) share() float64 {
	if y.voxels == 0 {
		return 1
	}
	return float64(y.kept) / float64(y.voxels)
}

// want logs the tally, and fails the test if fewer voxels than this share meet the criterion.
func (y *tally) want(t *testing.T, share float64, criterion string) {
	t.Helper()
	t.Logf("parity: %s: %s in %d of %d voxels, worst %.3g", t.Name(), criterion, y.kept, y.voxels, y.worst)
	for i, e := range y.exceptions {
		if i == 10 {
			t.Logf("and %d more", len(y.exceptions)-10)
			break
		}
		t.Log(e)
	}
	if y.share() < share {
		t.Errorf("%s in %d of %d voxels, want %g%%", criterion, y.kept, y.voxels, 100*share)
	}
}

func TestCSDFollowsDIPYIterationByIteration(t *testing.T) {
	peer.Slow(t)
	onEveryMultiShellSet(t, 1000, compareCSD)
	t.Run("mrtrix_csd_b3000", func(t *testing.T) {
		compareCSD(t, sharedAcquisition(t, "mrtrix_csd_b3000", "dwi.nii.gz"), multiShellSet{lmax: 8})
	})
}

func compareCSD(t *testing.T, a acquisition, set multiShellSet) {
	response := a.response()
	m, err := model.NewCSD(a.gradients, response, model.CSDOptions{LMax: set.lmax})
	if err != nil {
		t.Fatal(err)
	}
	ours := fit(m, a)
	arguments := a.forDIPY()
	arguments["response"] = peer.Array{Shape: []int{4}, Data: append(response.Evals[:], response.S0)}
	options := map[string]any{"lmax": set.lmax}
	dipy := peer.DIPY(t, "csd", arguments, options)

	same := func(i int) (iterations bool, difference float64) {
		return float64(ours.status[i].Iterations) == dipy["iterations"].Data[i],
			relativeToLargest(ours.row(i), dipy["coefficients"].Row(i))
	}
	var parted []int
	for i := range a.voxels() {
		if iterations, difference := same(i); !iterations || difference > 1e-6 {
			parted = append(parted, i)
		}
	}
	// A voxel may differ from DIPY only if a direction is so near the threshold that rounding decides on which side
	// it is.
	margins := map[int]float64{}
	if len(parted) > 0 {
		withParted := maps.Clone(arguments)
		withParted["signal"] = peer.Matrix32(a.only(parted).signal, a.gradients.Len())
		for k, margin := range peer.DIPY(t, "csd_margin", withParted, options)["margin"].Data {
			margins[parted[k]] = margin
			if margin > 1e-9 {
				t.Errorf("voxel %d parts from DIPY with no direction near the threshold: the nearest is %.3g of it away", parted[k], margin)
			}
		}
	}
	var coefficients, gfa tally
	for i := range a.voxels() {
		iterations, difference := same(i)
		_, isParted := margins[i]
		coefficients.note(iterations && difference <= 1e-6, difference,
			"voxel %d: %v after %d iterations, DIPY %g; coefficients differ by %.3g; |fodf - threshold| comes down to %.3g of the threshold",
			i, ours.status[i].Code, ours.status[i].Iterations, dipy["iterations"].Data[i], difference, margins[i])
		if want := dipy["gfa"].Data[i]; !isParted && !empty(dipy["coefficients"].Row(i)) {
			got := float64(ours.maps["gfa"][i])
			gfa.note(math.Abs(got-want) <= 1e-6, math.Abs(got-want), "voxel %d: GFA %g, DIPY %g", i, got, want)
		}
	}
	coefficients.want(t, 0.999, "CSD iteration counts equal and coefficients within 1e-6")
	gfa.want(t, 1, "GFA within 1e-6")
}

// relativeToLargest returns the largest difference of two rows, relative to the largest value of want.
func relativeToLargest(got, want []float64) float64 {
	difference, largest := 0.0, 0.0
	for j, w := range want {
		difference = max(difference, math.Abs(got[j]-w))
		largest = max(largest, math.Abs(w))
	}
	if difference == 0 {
		return 0
	}
	return difference / largest
}

func TestFreeWaterWLSEndsOnDIPYsGridPoint(t *testing.T) {
	peer.Slow(t)
	onEveryMultiShellSet(t, long.Of(1000, 250), func(t *testing.T, a acquisition, set multiShellSet) {
		m, err := model.NewFreeWater(a.gradients, model.FreeWaterOptions{Method: kernel.WLS})
		if err != nil {
			t.Fatal(err)
		}
		ours := fit(m, a)
		dipy := peer.DIPY(t, "freewater_wls", a.forDIPY(), nil)
		var fractions, anisotropy tally
		for i := range a.voxels() {
			got, want := ours.row(i)[7], dipy["f"].Data[i]
			same := math.Round(1000*got) == math.Round(1000*want) && math.Abs(got-want) < 1e-9
			fractions.note(same, math.Abs(got-want), "voxel %d: %v, f %g, DIPY %g; %d of its values are not zero", i, ours.status[i].Code, got, want, nonzero(a.voxel(i)))
			if same {
				difference := math.Abs(float64(ours.maps["fa"][i]) - dipy["fa"].Data[i])
				anisotropy.note(difference <= 1e-6, difference, "voxel %d: FA %g, DIPY %g", i, ours.maps["fa"][i], dipy["fa"].Data[i])
			}
		}
		fractions.want(t, 0.999, "f on the same grid point")
		anisotropy.want(t, set.share, "there FA within 1e-6")
	})
}

func TestFreeWaterNLSIsNeverAboveDIPYsObjective(t *testing.T) {
	peer.Slow(t)
	onEveryMultiShellSet(t, long.Of(400, 120), func(t *testing.T, a acquisition, set multiShellSet) {
		dipy := peer.DIPY(t, "freewater_nls", a.forDIPY(), nil)
		for _, precision := range []kernel.Precision{kernel.Mixed, kernel.Double} {
			t.Run(precision.String(), func(t *testing.T) { compareFreeWaterNLS(t, a, set, precision, dipy) })
		}
	})
}

func compareFreeWaterNLS(t *testing.T, a acquisition, set multiShellSet, precision kernel.Precision, dipy peer.Arrays) {
	m, err := model.NewFreeWater(a.gradients, model.FreeWaterOptions{Method: kernel.NLS, Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	ours := fit(m, a)
	// Sums of squares that differ by less than this share agree. Around an optimum they grow with
	// the square of the distance from it: DIPY's leastsq stops when it expects to gain less than
	// 1.5e-8, which leaves FA up to 3e-4 away where nearly all signal is water.
	const agreement = 1e-10
	// In air only a few values are not zero. If they are fewer than the parameters, the sum of squares has no unique
	// minimum, and the end of a fit means nothing. On another processor DIPY ends elsewhere.
	const unknowns = 8
	var objective, parameters tally
	lower, unbounded := 0, 0
	for i := range a.voxels() {
		if dipy["fitted"].Data[i] == 0 {
			continue // DIPY leaves the voxel to WLS: the test above compares it
		}
		if nonzero(a.voxel(i)) < unknowns {
			unbounded++
			continue
		}
		got, want := m.SumOfSquares(ours.row(i), a.voxel(i)), dipy["sse"].Data[i]
		excess := (got - want) / want
		objective.note(excess <= 1e-9, excess, "voxel %d: %v, sum of squares %.12g, DIPY %.12g: %.3g above; f %g, DIPY %g",
			i, ours.status[i].Code, got, want, excess, ours.row(i)[7], dipy["f"].Data[i])
		switch {
		case excess < -agreement:
			lower++ // DIPY stopped early, or in another minimum: its parameters cannot be compared
		case excess <= agreement:
			difference := max(math.Abs(ours.row(i)[7]-dipy["f"].Data[i]),
				math.Abs(float64(ours.maps["fa"][i])-dipy["fa"].Data[i]))
			parameters.note(difference <= 1e-4, difference, "voxel %d: f %g FA %g, DIPY f %g FA %g, objective differs by %.3g",
				i, ours.row(i)[7], ours.maps["fa"][i], dipy["f"].Data[i], dipy["fa"].Data[i], excess)
		}
	}
	objective.want(t, set.share, "sum of squares not above DIPY's by more than 1e-9")
	t.Logf("parity: %s: sum of squares lower than DIPY's by more than %g in %d voxels", t.Name(), agreement, lower)
	if unbounded > 0 {
		t.Logf("parity: %s: %d voxels with fewer values that are not zero than parameters are not compared", t.Name(), unbounded)
	}
	parameters.want(t, 0.999, "where the sums of squares agree, f and FA within 1e-4")
}

func nonzero(values []float32) int {
	n := 0
	for _, v := range values {
		if v != 0 {
			n++
		}
	}
	return n
}

func TestTensorWLSGivesDIPYsAnisotropy(t *testing.T) {
	peer.Slow(t)
	compare := func(t *testing.T, a acquisition, _ multiShellSet) {
		m, err := model.NewTensor(a.gradients, model.TensorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ours := fit(m, a)
		dipy := peer.DIPY(t, "tensor", a.forDIPY(), nil)
		var anisotropy tally
		undetermined := 0 // DIPY raises zeros and fits them
		for i := range a.voxels() {
			if ours.status[i].Code == kernel.NotPositiveDefinite && slices.Contains(a.voxel(i), 0) {
				undetermined++
				continue
			}
			difference := math.Abs(float64(ours.maps["fa"][i]) - dipy["fa"].Data[i])
			anisotropy.note(difference <= 1e-6, difference, "voxel %d: %v, FA %g, DIPY %g", i, ours.status[i].Code, ours.maps["fa"][i], dipy["fa"].Data[i])
		}
		anisotropy.want(t, 1, "FA within 1e-6")
		if undetermined > 0 {
			t.Logf("parity: %s: %d voxels with fewer than seven independent values that are not zero are not compared", t.Name(), undetermined)
		}
	}
	onEveryMultiShellSet(t, 1000, compare)
	t.Run("mrtrix_csd_b3000", func(t *testing.T) {
		compare(t, sharedAcquisition(t, "mrtrix_csd_b3000", "dwi.nii.gz"), multiShellSet{})
	})
}

package model_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/tensor"
	"github.com/voxfit/voxfit/model"
)

// These tests compare voxfit with the truth, if that is known, and with the errors that were published for the same
// experiment.

// squaredErrors has the mean squared errors of FA, free-water fraction and MD ((mm2/s)^2).
type squaredErrors struct{ fa, f, md float64 }

// The experiment of Hoy 2014 as rerun by Henriques 2017 (ReScience 3(1)): 6 b0, 32 directions at
// b = 500 and 32 at b = 1500, S0 100, SNR 40, free-water diffusivity 3e-3, fraction 0.5, tissue with
// eigenvalues 1.6, 0.5 and 0.3e-3 (FA 0.71). Published for the non-linear fit:
var published = squaredErrors{fa: 8.3e-4, f: 5.7e-4, md: 1.8e-9}

var publishedTruth = freeWaterTruth{evals: [3]float64{1.6e-3, 0.5e-3, 0.3e-3}, f: 0.5}

// The published fit does not reach the least-squares optimum: the Jacobian handed to its solver has the wrong sign
// in the column of S0, so that it stops on the way from the WLS start. At this one point of the simulation that
// happens to lower the error of f by 5% and those of FA and MD by 3% and 2% (4000 voxels, the published step
// repeated with either Jacobian), while DIPY with jac=False has the same errors as voxfit. So FA must be at or below
// what was published, and f and MD at most 5% above.
func TestFreeWaterErrorsAreThosePublished(t *testing.T) {
	g := henriquesScheme(t)
	const voxels = 12000 // as many as in the rerun that the data folder records
	got := freeWaterErrors(fitFreeWaterNLS(t, acquisition{g, henriquesSignals(g, voxels)}), publishedTruth)
	t.Logf("parity: %s: mean squared errors FA %.3g f %.3g MD %.3g, published %.3g %.3g %.3g", t.Name(),
		got.fa, got.f, got.md, published.fa, published.f, published.md)
	if got.fa > published.fa || got.f > 1.05*published.f || got.md > 1.05*published.md {
		t.Errorf("mean squared errors %.3g, published %.3g", got, published)
	}
}

// Over the whole stored simulation (five anisotropies, eleven fractions), the errors of FA and f are smaller than
// those of the published code's stored results for the same signals.
func TestFreeWaterErrorsAreBelowThePublishedCodesOnItsSignals(t *testing.T) {
	a, truth := fwdtiReference(t)
	ours := freeWaterErrors(fitFreeWaterNLS(t, a), truth...)
	theirs := storedErrors(t, "sim1_rescience_nls_params.nii.gz", truth)
	t.Logf("parity: %s: mean squared errors FA %.4g f %.4g MD %.4g, published code %.4g %.4g %.4g", t.Name(),
		ours.fa, ours.f, ours.md, theirs.fa, theirs.f, theirs.md)
	if ours.fa > theirs.fa || ours.f > theirs.f || ours.md > 1.05*theirs.md {
		t.Errorf("mean squared errors %.4g, the published code's stored results have %.4g", ours, theirs)
	}
}

// DIPY 1.6 reached the optimum of the same objective, except in voxels where it stopped early.
func TestFreeWaterErrorsOnStoredSignalsAreThoseOfDIPY(t *testing.T) {
	a, truth := fwdtiReference(t)
	ours := freeWaterErrors(fitFreeWaterNLS(t, a), truth...)
	theirs := storedErrors(t, "sim1_dipy1.6_nls_params.nii.gz", truth)
	t.Logf("parity: %s: mean squared errors FA %.5g f %.5g MD %.5g, DIPY 1.6 %.5g %.5g %.5g", t.Name(),
		ours.fa, ours.f, ours.md, theirs.fa, theirs.f, theirs.md)
	if ours.fa > 1.001*theirs.fa || ours.f > 1.001*theirs.f || ours.md > 1.001*theirs.md {
		t.Errorf("mean squared errors %.5g, DIPY 1.6's stored results have %.5g", ours, theirs)
	}
}

// A freeWaterTruth has the values from which a voxel was simulated.
type freeWaterTruth struct {
	evals [3]float64
	f     float64
}

// storedErrors returns the errors of a stored result, which is voxels x 13, with three eigenvalues first and f last.
func storedErrors(t *testing.T, file string, truth []freeWaterTruth) squaredErrors {
	t.Helper()
	stored := readImage(t, peer.Data(t, "fwdti_reference", file))
	var e squaredErrors
	for i := range truth {
		p := stored[13*i : 13*i+13]
		e.add([3]float64{float64(p[0]), float64(p[1]), float64(p[2])}, float64(p[12]), truth[i], len(truth))
	}
	return e
}

// add adds the errors of one of n voxels.
func (e *squaredErrors) add(evals [3]float64, f float64, truth freeWaterTruth, n int) {
	square := func(x float64) float64 { return x * x / float64(n) }
	e.fa += square(anisotropy(evals) - anisotropy(truth.evals))
	e.f += square(f - truth.f)
	e.md += square(mean(evals) - mean(truth.evals))
}

// freeWaterErrors compares a fit with the truth of each voxel, or with one truth for all.
func freeWaterErrors(r fitted, truth ...freeWaterTruth) squaredErrors {
	var e squaredErrors
	n := len(r.status)
	tensors, values := make([]float64, 0, 6*n), make([]float64, 3*n)
	for i := range n {
		tensors = append(tensors, r.row(i)[:6]...)
	}
	eigen, err := tensor.NewEigen()
	if err != nil {
		panic(err)
	}
	eigen.NewWorker().Decompose(values, nil, tensors)
	for i := range n {
		evals := [3]float64{max(values[3*i], 0), max(values[3*i+1], 0), max(values[3*i+2], 0)}
		e.add(evals, r.row(i)[7], truth[i%len(truth)], n)
	}
	return e
}

func mean(e [3]float64) float64 { return (e[0] + e[1] + e[2]) / 3 }

// anisotropy returns Basser's FA.
func anisotropy(e [3]float64) float64 {
	md, variance, norm := mean(e), 0.0, 0.0
	for _, v := range e {
		variance += (v - md) * (v - md)
		norm += v * v
	}
	if norm == 0 {
		return 0
	}
	return math.Sqrt(1.5 * variance / norm)
}

func fitFreeWaterNLS(t *testing.T, a acquisition) fitted {
	t.Helper()
	m, err := model.NewFreeWater(a.gradients, model.FreeWaterOptions{Method: kernel.NLS})
	if err != nil {
		t.Fatal(err)
	}
	return fit(m, a)
}

func henriquesScheme(t *testing.T) *acq.GradientTable {
	t.Helper()
	dir := peer.Data(t, "fwdti_reference")
	g, _, err := acq.ReadGradients(filepath.Join(dir, "scheme.bvals"), filepath.Join(dir, "scheme.bvecs"))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// fwdtiReference reads the stored simulation: 120 noisy signals of each tissue and fraction.
func fwdtiReference(t *testing.T) (acquisition, []freeWaterTruth) {
	t.Helper()
	a := acquisition{henriquesScheme(t), readImage(t, peer.Data(t, "fwdti_reference", "sim1_snr40_signal.nii.gz"))}
	truth := make([]freeWaterTruth, a.voxels())
	for i, v := range readImage(t, peer.Data(t, "fwdti_reference", "sim1_truth_l1l2l3_f.nii.gz")) {
		if i%4 < 3 {
			truth[i/4].evals[i%4] = float64(v)
		} else {
			truth[i/4].f = float64(v)
		}
	}
	return a, truth
}

// henriquesSignals draws the experiment's signals: a random orientation of the tensor for each
// voxel, and Rician noise.
func henriquesSignals(g *acq.GradientTable, voxels int) []float32 {
	const s0, sigma = 100.0, 100.0 / 40
	random := rand.New(rand.NewPCG(40, 71))
	var signal []float32
	for range voxels {
		axes := randomFrame(random)
		for i, b := range g.Bvals {
			adc := 0.0
			for k, axis := range axes {
				adc += publishedTruth.evals[k] * math.Pow(dot(axis, g.Bvecs[i]), 2)
			}
			s := s0 * (0.5*math.Exp(-b*adc) + 0.5*math.Exp(-b*3e-3))
			signal = append(signal, float32(math.Hypot(s+sigma*random.NormFloat64(), sigma*random.NormFloat64())))
		}
	}
	return signal
}

// randomFrame returns three orthonormal vectors of random orientation.
func randomFrame(random *rand.Rand) [3][3]float64 {
	draw := func() [3]float64 {
		return unit([3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()})
	}
	u, v := draw(), draw()
	w := unit(cross(u, v))
	return [3][3]float64{u, cross(w, u), w}
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func unit(a [3]float64) [3]float64 {
	r := math.Sqrt(dot(a, a))
	return [3]float64{a[0] / r, a[1] / r, a[2] / r}
}

// degrees returns the angle between two axes, which have no direction.
func degrees(a, b [3]float64) float64 {
	return math.Acos(min(1, math.Abs(dot(unit(a), unit(b))))) * 180 / math.Pi
}

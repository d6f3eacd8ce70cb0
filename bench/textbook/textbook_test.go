package textbook_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/bench/textbook"
	"github.com/voxfit/voxfit/internal/cases"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
)

// An acquisition is a gradient table and voxels, voxel-major.
type acquisition struct {
	gradients *acq.GradientTable
	signal    []float32
}

func (a acquisition) voxels() int { return len(a.signal) / a.gradients.Len() }

func (a acquisition) voxel(i int) []float32 {
	n := a.gradients.Len()
	return a.signal[i*n : (i+1)*n]
}

// study is the phantom with the published study's protocol.
func study(t testing.TB, voxels int) acquisition {
	t.Helper()
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: voxels, SNR: 30, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return acquisition{p.Gradients, p.Signal}
}

// newModel makes the model that textbook.New takes.
func (a acquisition) newModel(t testing.TB, name, isa string) (m model.Model) {
	t.Helper()
	var err error
	switch name {
	case "csdm":
		m, err = model.NewCSD(a.gradients, phantom.Response(), model.CSDOptions{ISA: isa})
	case "sfm":
		m, err = model.NewSFM(a.gradients, model.SFMOptions{Solver: model.NNLS, ISA: isa})
	case "fwdtim":
		m, err = model.NewFreeWater(a.gradients, model.FreeWaterOptions{ISA: isa})
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newFitter(t testing.TB, m model.Model) textbook.Fitter {
	t.Helper()
	f, err := textbook.New(m)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// onEverySet calls a function with each voxel of the phantom and of real acquisitions, with the parameters that voxfit's
// kernels and the textbook's fit found. With -short it takes every twentieth voxel.
func onEverySet(t *testing.T, name string, same func(t *testing.T, m model.Model, signal []float32, ours, theirs []float64)) {
	test := func(t *testing.T, a acquisition) {
		m := a.newModel(t, name, "")
		each, worker, fitter := m.Fitter().Parameters(), m.Fitter().NewWorker(), newFitter(t, m)
		ours, theirs, status := make([]float64, each), make([]float64, fitter.Parameters()), make([]kernel.Status, 1)
		step := 1
		if testing.Short() {
			step = 20
		}
		for i := 0; i < a.voxels(); i += step {
			worker.Fit(ours, status, a.voxel(i))
			if err := fitter.Fit(theirs, a.voxel(i)); err != nil && status[0].Code != kernel.ZeroSignal {
				t.Errorf("voxel %d: %v, the kernel says %v", i, err, status[0].Code)
				continue
			}
			same(t, m, a.voxel(i), ours[:len(theirs)], theirs)
			if t.Failed() {
				t.Fatalf("voxel %d: %v", i, status[0])
			}
		}
	}
	t.Run("phantom", func(t *testing.T) { test(t, study(t, 512)) })
	for _, folder := range []string{"mrtrix_msmt", "hcp_osmosis_27vox", "dipy_b1k_b2k_64vox"} {
		t.Run(folder, func(t *testing.T) {
			g, signal := cases.Shared(t, folder, "dwi.nii.gz")
			test(t, acquisition{g, signal})
		})
	}
}

// allowed is the largest difference, relative to the largest coefficient or to the sum of squares.
const allowed = 1e-9

func sameCoefficients(t *testing.T, _ model.Model, _ []float32, ours, theirs []float64) {
	largest, difference := 0.0, 0.0
	for i, v := range ours {
		largest, difference = max(largest, math.Abs(v)), max(difference, math.Abs(v-theirs[i]))
	}
	if !(difference <= allowed*largest) {
		t.Errorf("coefficients differ by %g, the largest is %g", difference, largest)
	}
}

func TestCSDHasTheCoefficientsOfTheKernels(t *testing.T) { onEverySet(t, "csdm", sameCoefficients) }

func TestSFMHasTheWeightsOfTheKernels(t *testing.T) { onEverySet(t, "sfm", sameCoefficients) }

func TestOddSignalsHaveTheCoefficientsOfTheKernels(t *testing.T) {
	a := study(t, 3)
	one, constant := a.voxel(1), a.voxel(2)
	clear(one)
	one[100] = 1000
	for i := range constant {
		constant[i] = 500
	}
	for i, v := range a.voxel(0)[18:] {
		a.voxel(0)[18+i] = -v
	}
	for _, name := range []string{"csdm", "sfm"} {
		m := a.newModel(t, name, "")
		fitter := newFitter(t, m)
		ours, theirs, status := make([]float64, m.Fitter().Parameters()), make([]float64, fitter.Parameters()), make([]kernel.Status, 1)
		for i := range a.voxels() {
			m.Fitter().NewWorker().Fit(ours, status, a.voxel(i))
			if err := fitter.Fit(theirs, a.voxel(i)); (err != nil) != (status[0].Code == kernel.ZeroSignal) {
				t.Errorf("%s, voxel %d: %v, the kernel says %v", name, i, err, status[0].Code)
			}
			sameCoefficients(t, m, nil, ours[:len(theirs)], theirs)
		}
	}
}

// Where the tissue is less than 1e-12 of S0, the rounding of f changes its part, and with it the sum of squares. The
// kernels then fit the tensor again with the rounded f. The textbook does not.
func TestFreeWaterHasTheObjectiveOfTheKernels(t *testing.T) {
	rounded := 0
	onEverySet(t, "fwdtim", func(t *testing.T, m model.Model, signal []float32, ours, theirs []float64) {
		squares := m.(*model.FreeWater).SumOfSquares
		got, want := squares(theirs, signal), squares(ours, signal)
		switch {
		case math.Abs(got-want) <= allowed*want:
		case 1-ours[7] < 1e-12 && math.Abs(got-want) <= 1e-6*want:
			rounded++
		default:
			t.Errorf("the sum of squares is %g, the kernel's %g: %g more; f is %g, the kernel's %g", got, want, got/want-1, theirs[7], ours[7])
		}
	})
	if rounded > 1 {
		t.Errorf("in %d voxels f rounds the sum of squares, expected 1 at most", rounded)
	}
}

func TestSignalsThatNothingCanBeFittedToAreErrorsAndLeaveZeros(t *testing.T) {
	a := study(t, 1)
	nan, infinite, zero := append([]float32{}, a.signal...), append([]float32{}, a.signal...), make([]float32, len(a.signal))
	nan[100], infinite[100] = float32(math.NaN()), float32(math.Inf(1))
	for _, name := range []string{"csdm", "sfm", "fwdtim"} {
		fitter := newFitter(t, a.newModel(t, name, ""))
		for _, c := range []struct {
			signal []float32
			want   error
		}{{nan, textbook.ErrNotFinite}, {infinite, textbook.ErrNotFinite}, {zero, textbook.ErrNothing}} {
			params := make([]float64, fitter.Parameters())
			if err := fitter.Fit(params, a.signal); err != nil {
				t.Fatal(err)
			}
			if err := fitter.Fit(params, c.signal); !errors.Is(err, c.want) {
				t.Errorf("%s: the error is %v, want %v", name, err, c.want)
			}
			for _, v := range params {
				if v != 0 {
					t.Fatalf("%s: a parameter is %g after %v", name, v, c.want)
				}
			}
		}
	}
}

func TestModelsThatAreNotHereAreSaidToBe(t *testing.T) {
	a := study(t, 1)
	for want, build := range map[string]func() (model.Model, error){
		"dti":            func() (model.Model, error) { return model.NewTensor(a.gradients, model.TensorOptions{}) },
		"an elastic net": func() (model.Model, error) { return model.NewSFM(a.gradients, model.SFMOptions{}) },
		"free water by wls": func() (model.Model, error) {
			return model.NewFreeWater(a.gradients, model.FreeWaterOptions{Method: kernel.WLS})
		},
		"in another convention than DIPY's": func() (model.Model, error) {
			return model.NewCSD(a.gradients, phantom.Response(), model.CSDOptions{Convention: model.MRtrix})
		},
	} {
		m, err := build()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := textbook.New(m); !errors.Is(err, textbook.ErrNoModel) || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
			t.Errorf("the error is %v, want one that says %q", err, want)
		}
	}
}

package tensor_test

import (
	"math"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/tensor"
)

func plainTensor(t testing.TB, s kerneltest.Scheme, method kernel.Method) kernel.Fitter {
	t.Helper()
	d := tensor.Design{W: s.W, Method: method, MinSignal: 1e-4, LeastDiffusivity: 5e-10}
	if method == kernel.IWLS {
		d.Iterations = 2
	}
	f, err := tensor.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// everyFitter runs a test on each method.
func everyTensorFitter(t *testing.T, s kerneltest.Scheme, test func(t *testing.T, f kernel.Fitter)) {
	for _, method := range []kernel.Method{kernel.OLS, kernel.WLS, kernel.IWLS, kernel.NLS} {
		t.Run(method.String(), func(t *testing.T) { test(t, plainTensor(t, s, method)) })
	}
}

func TestTensorResultsDoNotDependOnDivisionIntoCalls(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	everyTensorFitter(t, s, func(t *testing.T, f kernel.Fitter) { kerneltest.DivisionIntoCalls(t, f, s.Noisy(60)) })
}

func TestTensorFitsDoNotAllocate(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	everyTensorFitter(t, s, func(t *testing.T, f kernel.Fitter) { kerneltest.NoAllocations(t, f, s.Noisy(24)) })
}

func TestTensorFitPanicsOnLengthsThatDisagree(t *testing.T) {
	everyTensorFitter(t, kerneltest.NewScheme(4, 20, 700, 1500), kerneltest.LengthsThatDisagree)
}

func TestNoiselessTensorIsRecoveredByEveryMethod(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	signal := s.Signal(kerneltest.Fibre, 1000, 0)
	for _, method := range []kernel.Method{kernel.OLS, kernel.WLS, kernel.IWLS, kernel.NLS} {
		params, status := kerneltest.FitAll(plainTensor(t, s, method), signal)
		for k, want := range kerneltest.Fibre {
			if math.Abs(params[k]-want) > 1e-14 {
				t.Errorf("%v: element %d is %g, the truth %g", method, k, params[k], want)
			}
		}
		if math.Abs(params[6]-1000) > 1e-9 || status[0].Code != kernel.OK {
			t.Errorf("%v: S0 %v status %v, expected 1000 and OK", method, params[6], status[0])
		}
	}
}

func TestTensorStatusSaysWhatHappened(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	f, odd := plainTensor(t, s, kernel.WLS), s.Odd()
	for name, want := range map[string]kernel.Code{
		"NaN": kernel.NonFinite, "infinite": kernel.NonFinite, "zeros": kernel.ZeroSignal, "no b0 signal": kernel.OK,
		"below the minimum": kernel.BelowMinSignal, "negative": kernel.NegativeSignal, "water": kernel.OK,
		"three values": kernel.NotPositiveDefinite, "b0 values alone": kernel.NotPositiveDefinite,
		"noise floor": kernel.OK, "too large for single precision": kernel.Overflow,
	} {
		params, status := kerneltest.FitAll(f, odd[name])
		if got := status[0].Code; got != want {
			t.Errorf("%s: status %v, expected %v", name, got, want)
		}
		empty := true
		for k, p := range params {
			if math.IsNaN(p) || math.IsInf(p, 0) {
				t.Errorf("%s: parameter %d is %v", name, k, p)
			}
			empty = empty && p == 0
		}
		switch want {
		case kernel.NonFinite, kernel.ZeroSignal, kernel.Overflow:
			if !empty {
				t.Errorf("%s: %v with parameters %v", name, want, params)
			}
		}
	}
}

// A signal that rises along z has a tensor with a negative eigenvalue. Its FA would be that of another tensor, so that
// it is not OK.
func TestANegativeEigenvalueIsNotOKByAnyMethod(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	rises, flat := s.Signal([6]float64{1e-3, 0, 1e-3, 0, 0, -1e-4}, 1000, 0), s.Signal([6]float64{}, 1000, 0)
	everyTensorFitter(t, s, func(t *testing.T, f kernel.Fitter) {
		for _, c := range []struct {
			signal []float64
			want   kernel.Code
		}{{rises, kernel.NegativeEigenvalue}, {flat, kernel.OK}} {
			if params, status := kerneltest.FitAll(f, c.signal); status[0].Code != c.want {
				t.Errorf("%v: status %v, expected %v", params, status[0], c.want)
			}
		}
	})
}

func TestReweightedTensorNeedsAPositiveSignal(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	signal := s.Signal(kerneltest.Fibre, -1000, 0)
	params, status := kerneltest.FitAll(plainTensor(t, s, kernel.IWLS), signal)
	if status[0].Code != kernel.ZeroSignal || params[0] != 0 || params[6] != 0 {
		t.Errorf("a negative signal gave %v and %v, expected zeros and ZeroSignal", params, status[0])
	}
}

func TestTensorDesignErrorsNameTheField(t *testing.T) {
	s, flat := kerneltest.NewScheme(4, 20, 700, 1500), kerneltest.NewScheme(4, 20, 700)
	for i := range flat.N() { // all directions lie in a plane
		copy(flat.W[7*i+3:], []float64{0, 0, 0})
	}
	broken := func(change func(d *tensor.Design)) error {
		d := tensor.Design{W: slices.Clone(s.W), MinSignal: 1e-4}
		change(&d)
		_, err := tensor.New(d)
		return err
	}
	kerneltest.ErrorsSay(t, map[string]error{
		"W has 0 values":        broken(func(d *tensor.Design) { d.W = nil }),
		"W has 10 values":       broken(func(d *tensor.Design) { d.W = d.W[:10] }),
		"row 2 column 3 is NaN": broken(func(d *tensor.Design) { d.W[17] = math.NaN() }),
		"row 1 ends in 1":       broken(func(d *tensor.Design) { d.W[13] = 1 }),
		"do not determine":      broken(func(d *tensor.Design) { d.W = flat.W }),
		"MinSignal is 0":        broken(func(d *tensor.Design) { d.MinSignal = 0 }),
		"Method is Method(9)":   broken(func(d *tensor.Design) { d.Method = 9 }),
		"LeastDiffusivity is -": broken(func(d *tensor.Design) { d.LeastDiffusivity = -1e-9 }),
		"are of IWLS":           broken(func(d *tensor.Design) { d.Iterations = 2 }),
		"Iterations is -1":      broken(func(d *tensor.Design) { d.Method, d.Iterations = kernel.IWLS, -1 }),
	})
}

func TestTensorRefusesAnUnknownInstructionSet(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	if _, err := tensor.New(tensor.Design{W: s.W, MinSignal: 1e-4}, kernel.WithISA("abacus")); err == nil {
		t.Error("NewTensor took the instruction set abacus")
	}
}

package freewater_test

import (
	"math"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/freewater"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
)

func waterDesign(s kerneltest.Scheme, method kernel.Method) freewater.Design {
	return freewater.Design{W: s.W, B0: s.B0s, Bvals: s.Bvals, Method: method, Diso: 3e-3, MDReg: 2.7e-3, MinSignal: 1e-6}
}

func fitter(t testing.TB, s kerneltest.Scheme, method kernel.Method) kernel.Fitter {
	t.Helper()
	f, err := freewater.New(waterDesign(s, method))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// everyWaterFitter runs a test on each method.
func everyWaterFitter(t *testing.T, s kerneltest.Scheme, test func(t *testing.T, f kernel.Fitter)) {
	for _, method := range []kernel.Method{kernel.WLS, kernel.NLS} {
		t.Run(method.String(), func(t *testing.T) { test(t, fitter(t, s, method)) })
	}
}

func TestFreeWaterResultsDoNotDependOnDivisionIntoCalls(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	everyWaterFitter(t, s, func(t *testing.T, f kernel.Fitter) { kerneltest.DivisionIntoCalls(t, f, s.Noisy(60)) })
}

func TestFreeWaterFitsDoNotAllocate(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	everyWaterFitter(t, s, func(t *testing.T, f kernel.Fitter) { kerneltest.NoAllocations(t, f, s.Noisy(24)) })
}

func TestFreeWaterFitPanicsOnLengthsThatDisagree(t *testing.T) {
	everyWaterFitter(t, kerneltest.NewScheme(4, 20, 700, 1500), kerneltest.LengthsThatDisagree)
}

func TestFreeWaterStatusSaysWhatHappened(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	odd := s.Odd()
	everyWaterFitter(t, s, func(t *testing.T, f kernel.Fitter) {
		for name, want := range map[string]kernel.Code{
			"NaN": kernel.NonFinite, "infinite": kernel.NonFinite, "zeros": kernel.ZeroSignal, "no b0 signal": kernel.ZeroSignal,
			"below the minimum": kernel.ZeroSignal, "negative": kernel.NegativeSignal, "water": kernel.AllFreeWater,
			"three values": kernel.NotPositiveDefinite, "b0 values alone": kernel.NotPositiveDefinite,
			"noise floor": kernel.NegativeEigenvalue, "too large for single precision": kernel.Overflow,
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
				empty = empty && (p == 0 || k == 7 || k == 6 && want == kernel.AllFreeWater)
			}
			switch want {
			case kernel.NonFinite, kernel.ZeroSignal, kernel.Overflow, kernel.AllFreeWater:
				if !empty {
					t.Errorf("%s: %v with parameters %v", name, want, params)
				}
				if water := want == kernel.AllFreeWater; (params[7] == 1) != water {
					t.Errorf("%s: fraction %v", name, params[7])
				}
			}
		}
	})
}

func TestFreeWaterDesignErrorsNameTheField(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	broken := func(change func(d *freewater.Design)) error {
		d := waterDesign(s, kernel.NLS)
		d.W = slices.Clone(d.W)
		change(&d)
		_, err := freewater.New(d)
		return err
	}
	kerneltest.ErrorsSay(t, map[string]error{
		"B0 is empty":             broken(func(d *freewater.Design) { d.B0 = nil }),
		"B0[1] is 44":             broken(func(d *freewater.Design) { d.B0 = []int{0, 44} }),
		"Bvals has 3 values":      broken(func(d *freewater.Design) { d.Bvals = d.Bvals[:3] }),
		"Bvals[0] is -5":          broken(func(d *freewater.Design) { d.Bvals = append([]float64{-5}, d.Bvals[1:]...) }),
		"must be NLS or WLS":      broken(func(d *freewater.Design) { d.Method = kernel.OLS }),
		"Diso is NaN":             broken(func(d *freewater.Design) { d.Diso = math.NaN() }),
		"MDReg is -1":             broken(func(d *freewater.Design) { d.MDReg = -1 }),
		"field MinSignal is +Inf": broken(func(d *freewater.Design) { d.MinSignal = math.Inf(1) }),
	})
}

func TestFreeWaterRefusesAnUnknownInstructionSet(t *testing.T) {
	s := kerneltest.NewScheme(4, 20, 700, 1500)
	if _, err := freewater.New(waterDesign(s, kernel.NLS), kernel.WithISA("abacus")); err == nil {
		t.Error("NewFreeWater took the instruction set abacus")
	}
}

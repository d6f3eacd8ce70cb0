package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel"
)

// A tensorScheme is a made-up acquisition: b0s, then shells of directions on a spiral over the sphere.
type tensorScheme struct {
	w, bvals []float64
	b0s      []int
}

func newTensorScheme(b0s, directions int, shells ...float64) tensorScheme {
	var s tensorScheme
	add := func(b float64, v [3]float64) {
		s.bvals = append(s.bvals, b)
		s.w = append(s.w, -b*v[0]*v[0], -2*b*v[0]*v[1], -b*v[1]*v[1], -2*b*v[0]*v[2], -2*b*v[1]*v[2], -b*v[2]*v[2], -1)
	}
	for i := range b0s {
		s.b0s = append(s.b0s, i)
		add(0, [3]float64{})
	}
	for _, b := range shells {
		for k := range directions {
			z := 1 - (2*float64(k)+1)/float64(directions)
			angle, radius := 2.399963229728653*float64(k)+b, math.Sqrt(1-z*z)
			add(b, [3]float64{radius * math.Cos(angle), radius * math.Sin(angle), z})
		}
	}
	return s
}

func (s tensorScheme) n() int { return len(s.bvals) }

// signal is that of a tensor with free water.
func (s tensorScheme) signal(tensor [6]float64, s0, fraction float64) []float64 {
	signal := make([]float64, s.n())
	for i, b := range s.bvals {
		along := 0.0
		for k, d := range tensor {
			along += s.w[7*i+k] * d
		}
		signal[i] = s0 * ((1-fraction)*math.Exp(along) + fraction*math.Exp(-b*3e-3))
	}
	return signal
}

var fibre = [6]float64{1.5e-3, 0.1e-3, 0.5e-3, -0.1e-3, 0.05e-3, 0.4e-3}

// noisy is a block of voxels of one fibre with more and more water and Rician noise, and some that
// are special: zeros, water, a negative value, a NaN.
func (s tensorScheme) noisy(voxels int) []float64 {
	random := rand.New(rand.NewPCG(5, 5))
	var block []float64
	for v := range voxels {
		signal := s.signal(fibre, 1000, float64(v%10)/10)
		for i := range signal {
			signal[i] = math.Hypot(signal[i]+40*random.NormFloat64(), 40*random.NormFloat64())
		}
		switch v % 12 {
		case 3:
			clear(signal)
		case 5:
			signal = s.signal([6]float64{3e-3, 0, 3e-3, 0, 0, 3e-3}, 1000, 1)
		case 7:
			signal[v%len(signal)] = -3
		case 11:
			signal[v%len(signal)] = math.NaN()
		}
		block = append(block, signal...)
	}
	for i, v := range block {
		block[i] = float64(float32(v))
	}
	return block
}

func (s tensorScheme) tensor(t testing.TB, method kernel.Method) kernel.Fitter {
	t.Helper()
	d := kernel.TensorDesign{W: s.w, Method: method, MinSignal: 1e-4}
	if method == kernel.IWLS {
		d.Iterations = 2
	}
	f, err := kernel.NewTensor(d)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (s tensorScheme) waterDesign(method kernel.Method) kernel.FreeWaterDesign {
	return kernel.FreeWaterDesign{W: s.w, B0: s.b0s, Bvals: s.bvals, Method: method, Diso: 3e-3, MDReg: 2.7e-3, MinSignal: 1e-6}
}

func (s tensorScheme) freeWater(t testing.TB, method kernel.Method) kernel.Fitter {
	t.Helper()
	f, err := kernel.NewFreeWater(s.waterDesign(method))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// everyTensorFitter runs a test on each method of both models.
func everyTensorFitter(t *testing.T, s tensorScheme, test func(t *testing.T, f kernel.Fitter)) {
	for _, method := range []kernel.Method{kernel.OLS, kernel.WLS, kernel.IWLS, kernel.NLS} {
		t.Run("tensor "+method.String(), func(t *testing.T) { test(t, s.tensor(t, method)) })
	}
	for _, method := range []kernel.Method{kernel.WLS, kernel.NLS} {
		t.Run("free water "+method.String(), func(t *testing.T) { test(t, s.freeWater(t, method)) })
	}
}

func fitBlock(f kernel.Fitter, signal []float64) ([]float64, []kernel.Status) {
	n := len(signal) / f.Measurements()
	params, status := make([]float64, n*f.Parameters()), make([]kernel.Status, n)
	f.NewWorker().Fit64(params, status, signal)
	return params, status
}

func TestTensorResultsDoNotDependOnDivisionIntoCalls(t *testing.T) {
	s := newTensorScheme(4, 20, 700, 1500)
	signal := s.noisy(60)
	narrow := make([]float32, len(signal))
	for i, v := range signal {
		narrow[i] = float32(v)
	}
	everyTensorFitter(t, s, func(t *testing.T, f kernel.Fitter) {
		params, status := fitBlock(f, signal)
		n, k := f.Measurements(), f.Parameters()
		worker := f.NewWorker()
		for v := len(status) - 1; v >= 0; v-- { // one by one and backwards, on one worker, in float32
			p, st := make([]float64, k), make([]kernel.Status, 1)
			p[0] = 99
			worker.Fit(p, st, narrow[v*n:(v+1)*n])
			if !slices.Equal(p, params[v*k:(v+1)*k]) || st[0] != status[v] {
				t.Fatalf("voxel %d alone: %v %v, in the block: %v %v", v, p, st[0], params[v*k:(v+1)*k], status[v])
			}
		}
	})
}

func TestTensorFitsDoNotAllocate(t *testing.T) {
	s := newTensorScheme(4, 20, 700, 1500)
	signal := s.noisy(24)
	everyTensorFitter(t, s, func(t *testing.T, f kernel.Fitter) {
		worker := f.NewWorker()
		params, status := make([]float64, 24*f.Parameters()), make([]kernel.Status, 24)
		if n := testing.AllocsPerRun(5, func() { worker.Fit64(params, status, signal) }); n != 0 {
			t.Errorf("%v allocations a call, expected none", n)
		}
	})
}

func TestNoiselessTensorIsRecoveredByEveryMethod(t *testing.T) {
	s := newTensorScheme(4, 20, 700, 1500)
	signal := s.signal(fibre, 1000, 0)
	for _, method := range []kernel.Method{kernel.OLS, kernel.WLS, kernel.IWLS, kernel.NLS} {
		params, status := fitBlock(s.tensor(t, method), signal)
		for k, want := range fibre {
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
	s := newTensorScheme(4, 20, 700, 1500)
	with := func(change func(signal []float64)) []float64 {
		signal := s.signal(fibre, 1000, 0.2)
		change(signal)
		return signal
	}
	water := s.signal([6]float64{3e-3, 0, 3e-3, 0, 0, 3e-3}, 1000, 0)
	few := make([]float64, s.n())
	few[0], few[10], few[20] = 1000, 500, 300
	cases := []struct {
		name                       string
		signal                     []float64
		tensor, waterWLS, waterNLS kernel.Code
		zero                       bool // all parameters, but for the fraction
	}{
		{"NaN", with(func(s []float64) { s[7] = math.NaN() }), kernel.NonFinite, kernel.NonFinite, kernel.NonFinite, true},
		{"infinite", with(func(s []float64) { s[7] = math.Inf(-1) }), kernel.NonFinite, kernel.NonFinite, kernel.NonFinite, true},
		{"zeros", make([]float64, s.n()), kernel.ZeroSignal, kernel.ZeroSignal, kernel.ZeroSignal, true},
		{"no b0 signal", with(func(x []float64) { clear(x[:len(s.b0s)]) }), kernel.OK, kernel.ZeroSignal, kernel.ZeroSignal, false},
		{"below the minimum", with(func(s []float64) {
			for i := range s {
				s[i] *= 1e-10
			}
		}), kernel.BelowMinSignal, kernel.ZeroSignal, kernel.ZeroSignal, false},
		{"negative", with(func(s []float64) { s[30] = -1 }), kernel.NegativeSignal, kernel.NegativeSignal, kernel.NegativeSignal, false},
		{"water", water, kernel.OK, kernel.AllFreeWater, kernel.AllFreeWater, false},
		{"three values", few, kernel.NotPositiveDefinite, kernel.NotPositiveDefinite, kernel.NotPositiveDefinite, false},
		{"b0 values alone", with(func(x []float64) { clear(x[len(s.b0s):]) }), kernel.NotPositiveDefinite, kernel.NotPositiveDefinite, kernel.NotPositiveDefinite, false},
		{"noise floor", with(func(x []float64) {
			for i := range x {
				x[i] = 1000 * (math.Exp(-3e-3*s.bvals[i]) + 0.05*math.Exp(0.2e-3*s.bvals[i]))
			}
		}), kernel.OK, kernel.NegativeEigenvalue, kernel.NegativeEigenvalue, false},
		{"too large for single precision", with(func(s []float64) {
			for i := range s {
				s[i] *= 1e200
			}
		}), kernel.Overflow, kernel.Overflow, kernel.Overflow, true},
	}
	for _, c := range cases {
		for _, fit := range []struct {
			f    kernel.Fitter
			want kernel.Code
		}{
			{s.tensor(t, kernel.WLS), c.tensor},
			{s.freeWater(t, kernel.WLS), c.waterWLS},
			{s.freeWater(t, kernel.NLS), c.waterNLS},
		} {
			params, status := fitBlock(fit.f, c.signal)
			if got := status[0].Code; got != fit.want {
				t.Errorf("%s, %d parameters: status %v, expected %v", c.name, len(params), got, fit.want)
			}
			empty := true
			for k, p := range params {
				if math.IsNaN(p) || math.IsInf(p, 0) {
					t.Errorf("%s: parameter %d is %v", c.name, k, p)
				}
				empty = empty && (p == 0 || k == 7 || k == 6 && fit.want == kernel.AllFreeWater)
			}
			switch fit.want {
			case kernel.NonFinite, kernel.ZeroSignal, kernel.Overflow, kernel.AllFreeWater:
				if !empty {
					t.Errorf("%s: %v with parameters %v", c.name, fit.want, params)
				}
				if wantF := fit.want == kernel.AllFreeWater; len(params) == 8 && (params[7] == 1) != wantF {
					t.Errorf("%s: fraction %v", c.name, params[7])
				}
			}
		}
	}
}

func TestReweightedTensorNeedsAPositiveSignal(t *testing.T) {
	s := newTensorScheme(4, 20, 700, 1500)
	signal := s.signal(fibre, -1000, 0)
	params, status := fitBlock(s.tensor(t, kernel.IWLS), signal)
	if status[0].Code != kernel.ZeroSignal || params[0] != 0 || params[6] != 0 {
		t.Errorf("a negative signal gave %v and %v, expected zeros and ZeroSignal", params, status[0])
	}
}

func TestTensorDesignErrorsNameTheField(t *testing.T) {
	s := newTensorScheme(4, 20, 700, 1500)
	flat := newTensorScheme(4, 20, 700)
	for i := range flat.n() { // all directions in a plane
		copy(flat.w[7*i+3:], []float64{0, 0, 0})
	}
	broken := func(change func(d *kernel.TensorDesign)) error {
		d := kernel.TensorDesign{W: slices.Clone(s.w), MinSignal: 1e-4}
		change(&d)
		_, err := kernel.NewTensor(d)
		return err
	}
	water := func(change func(d *kernel.FreeWaterDesign)) error {
		d := s.waterDesign(kernel.NLS)
		d.W = slices.Clone(d.W)
		change(&d)
		_, err := kernel.NewFreeWater(d)
		return err
	}
	for want, err := range map[string]error{
		"W has 0 values":          broken(func(d *kernel.TensorDesign) { d.W = nil }),
		"W has 10 values":         broken(func(d *kernel.TensorDesign) { d.W = d.W[:10] }),
		"row 2 column 3 is NaN":   broken(func(d *kernel.TensorDesign) { d.W[17] = math.NaN() }),
		"row 1 ends in 1":         broken(func(d *kernel.TensorDesign) { d.W[13] = 1 }),
		"do not determine":        broken(func(d *kernel.TensorDesign) { d.W = flat.w }),
		"MinSignal is 0":          broken(func(d *kernel.TensorDesign) { d.MinSignal = 0 }),
		"Method is Method(9)":     broken(func(d *kernel.TensorDesign) { d.Method = 9 }),
		"are of IWLS":             broken(func(d *kernel.TensorDesign) { d.Iterations = 2 }),
		"Iterations is -1":        broken(func(d *kernel.TensorDesign) { d.Method, d.Iterations = kernel.IWLS, -1 }),
		"B0 is empty":             water(func(d *kernel.FreeWaterDesign) { d.B0 = nil }),
		"B0[1] is 44":             water(func(d *kernel.FreeWaterDesign) { d.B0 = []int{0, 44} }),
		"Bvals has 3 values":      water(func(d *kernel.FreeWaterDesign) { d.Bvals = d.Bvals[:3] }),
		"Bvals[0] is -5":          water(func(d *kernel.FreeWaterDesign) { d.Bvals = append([]float64{-5}, d.Bvals[1:]...) }),
		"must be NLS or WLS":      water(func(d *kernel.FreeWaterDesign) { d.Method = kernel.OLS }),
		"Diso is NaN":             water(func(d *kernel.FreeWaterDesign) { d.Diso = math.NaN() }),
		"MDReg is -1":             water(func(d *kernel.FreeWaterDesign) { d.MDReg = -1 }),
		"field MinSignal is +Inf": water(func(d *kernel.FreeWaterDesign) { d.MinSignal = math.Inf(1) }),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "kernel: ") {
			t.Errorf("error %v, expected one that says %q", err, want)
		}
	}
}

func TestTensorFittersRefuseAnUnknownInstructionSet(t *testing.T) {
	s := newTensorScheme(4, 20, 700, 1500)
	if _, err := kernel.NewTensor(kernel.TensorDesign{W: s.w, MinSignal: 1e-4}, kernel.WithISA("abacus")); err == nil {
		t.Error("NewTensor took the instruction set abacus")
	}
	if _, err := kernel.NewFreeWater(s.waterDesign(kernel.NLS), kernel.WithISA("abacus")); err == nil {
		t.Error("NewFreeWater took the instruction set abacus")
	}
}

func TestTensorFitPanicsOnLengthsThatDisagree(t *testing.T) {
	s := newTensorScheme(4, 20, 700, 1500)
	everyTensorFitter(t, s, func(t *testing.T, f kernel.Fitter) {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		f.NewWorker().Fit64(make([]float64, f.Parameters()), make([]kernel.Status, 1), make([]float64, f.Measurements()-1))
	})
}

func ExampleNewFreeWater() {
	s := newTensorScheme(3, 20, 1000, 2000)
	fitter, err := kernel.NewFreeWater(kernel.FreeWaterDesign{
		W: s.w, B0: s.b0s, Bvals: s.bvals, Diso: 3e-3, MDReg: 2.7e-3, MinSignal: 1e-6,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	signal := s.signal(fibre, 1000, 0.25) // a fibre with a quarter of free water
	params, status := make([]float64, fitter.Parameters()), make([]kernel.Status, 1)
	fitter.NewWorker().Fit64(params, status, signal)
	fmt.Printf("%v: Dxx %.2e mm2/s, S0 %.0f, free water %.2f\n", status[0].Code, params[0], params[6], params[7])
	// Output: OK: Dxx 1.50e-03 mm2/s, S0 1000, free water 0.25
}

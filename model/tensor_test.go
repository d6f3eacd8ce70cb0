package model

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
)

// tensorReference is testdata/tensor_reference.json. tensor_reference.py beside it describes and makes it.
type tensorReference struct {
	Source string
	Bvals  []float64
	Bvecs  [][3]float64
	Voxels []struct {
		Name           string
		Signal         []float64
		OLS, WLS, NLLS struct{ FA, MD, AD, RD, S0 float64 }
		WaterWLS       waterReference `json:"water_wls"`
		WaterNLS       waterReference `json:"water_nls"`
	}
}

type waterReference struct {
	Evals  [3]float64
	F, SSE float64
}

func readTensorReference(t testing.TB) (r tensorReference, g *acq.GradientTable) {
	t.Helper()
	text, err := os.ReadFile("testdata/tensor_reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if g, _, err = acq.NewGradientTable(r.Bvals, r.Bvecs); err != nil {
		t.Fatal(err)
	}
	return r, g
}

// fitOne fits one voxel and derives its maps, by name.
func fitOne(m Model, signal []float64) (params []float64, status kernel.Status, maps map[string][]float32) {
	params = make([]float64, m.Fitter().Parameters())
	one := make([]kernel.Status, 1)
	m.Fitter().NewWorker().Fit64(params, one, signal)
	return params, one[0], deriveOne(m, params, one)
}

func deriveOne(m Model, params []float64, status []kernel.Status) map[string][]float32 {
	maps := map[string][]float32{}
	var out [][]float32
	for _, described := range m.Maps() {
		values := make([]float32, described.Components)
		out, maps[described.Name] = append(out, values), values
	}
	m.NewDeriver().Derive(out, params, status)
	return maps
}

// near says whether a value of a float32 map is the wanted one, within a relative difference and rounding.
func near(got float32, want, relative float64) bool {
	return math.Abs(float64(got)-want) <= (relative+1e-7)*math.Abs(want)+1e-12
}

func TestStoredVoxelsGiveDIPYsTensorMaps(t *testing.T) {
	reference, g := readTensorReference(t)
	for _, method := range []kernel.Method{kernel.OLS, kernel.DefaultMethod, kernel.NLS} {
		m, err := NewTensor(g, TensorOptions{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range reference.Voxels {
			if v.Name == "zero" || v.Name == "noise" && method == kernel.NLS {
				continue // there is nothing to fit: the signal is noise, and DIPY stops anywhere
			}
			want, relative := v.WLS, 2e-7
			switch method {
			case kernel.OLS:
				want = v.OLS
			case kernel.NLS:
				want, relative = v.NLLS, 1e-4 // as far as DIPY's leastsq converges
			}
			_, _, maps := fitOne(m, v.Signal)
			for name, value := range map[string]float64{"md": want.MD, "ad": want.AD, "rd": want.RD, "s0": want.S0} {
				if scale := max(value, want.MD); math.Abs(float64(maps[name][0])-value) > relative*scale {
					t.Errorf("%s, %v: %s %v, want %v (%s)", v.Name, method, name, maps[name][0], value, reference.Source)
				}
			}
			if got := float64(maps["fa"][0]); math.Abs(got-want.FA) > 1e-6+relative {
				t.Errorf("%s, %v: FA %v, want %v", v.Name, method, got, want.FA)
			}
		}
	}
}

func TestStoredVoxelsGiveDIPYsFreeWaterByWLS(t *testing.T) {
	reference, g := readTensorReference(t)
	m, err := NewFreeWater(g, FreeWaterOptions{Method: kernel.WLS})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range reference.Voxels {
		params, status, maps := fitOne(m, v.Signal)
		if math.Abs(params[7]-v.WaterWLS.F) > 1e-12 || !near(maps["fwf"][0], v.WaterWLS.F, 0) {
			t.Errorf("%s: f %v (map %v, %v), want %v (%s)", v.Name, params[7], maps["fwf"][0], status.Code, v.WaterWLS.F, reference.Source)
		}
		e := v.WaterWLS.Evals
		for name, value := range map[string]float64{"md": (e[0] + e[1] + e[2]) / 3, "ad": e[0], "rd": (e[1] + e[2]) / 2} {
			if !near(maps[name][0], value, 1e-8) {
				t.Errorf("%s: %s %v, want %v", v.Name, name, maps[name][0], value)
			}
		}
	}
}

func TestStoredVoxelsGiveNoMoreThanDIPYsObjectiveByNLS(t *testing.T) {
	reference, g := readTensorReference(t)
	m, err := NewFreeWater(g, FreeWaterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	design := g.DesignMatrix()
	for _, v := range reference.Voxels {
		params, status, maps := fitOne(m, v.Signal)
		want := v.WaterNLS
		if want.SSE < 0 { // DIPY applied a rule instead of fitting
			if math.Abs(params[7]-want.F) > 1e-12 || maps["md"][0] != 0 {
				t.Errorf("%s: f %v, MD %v (%v), want %v and 0 (%s)", v.Name, params[7], maps["md"][0], status.Code, want.F, reference.Source)
			}
			continue
		}
		squares := 0.0
		for i, s := range v.Signal {
			tissue := 0.0
			for k := range 6 {
				tissue += design[7*i+k] * params[k]
			}
			r := s - params[6]*((1-params[7])*math.Exp(tissue)+params[7]*math.Exp(-g.Bvals[i]*3e-3))
			squares += r * r
		}
		excess := squares/want.SSE - 1
		if excess > 1e-9 {
			t.Errorf("%s: sum of squares %v, %.3g above DIPY's", v.Name, squares, excess)
		}
		if excess > -1e-9 && math.Abs(params[7]-want.F) > 1e-4 {
			t.Errorf("%s: f %v, want %v", v.Name, params[7], want.F)
		}
	}
}

func TestTensorByNLSIsDIPYsLive(t *testing.T) {
	peer.Slow(t)
	reference, g := readTensorReference(t)
	m, err := NewTensor(g, TensorOptions{Method: kernel.NLS})
	if err != nil {
		t.Fatal(err)
	}
	var signal []float64
	for _, v := range reference.Voxels {
		signal = append(signal, v.Signal...)
	}
	dipy := peer.DIPY(t, "tensor", peer.Arrays{
		"signal": peer.Matrix(signal, g.Len()),
		"bvals":  {Shape: []int{g.Len()}, Data: g.Bvals},
		"bvecs":  peer.Vectors(g.Bvecs),
	}, map[string]any{"method": "NLLS"})
	worst := 0.0
	for i, v := range reference.Voxels {
		if v.Name == "zero" || v.Name == "noise" {
			continue
		}
		_, status, maps := fitOne(m, v.Signal)
		difference := math.Abs(float64(maps["fa"][0]) - dipy["fa"].Data[i])
		worst = max(worst, difference)
		if difference > 1e-4 {
			t.Errorf("%s: %v, FA %v, DIPY %v", v.Name, status.Code, maps["fa"][0], dipy["fa"].Data[i])
		}
	}
	t.Logf("parity: %s: FA within 1e-4, worst %.3g", t.Name(), worst)
}

func TestEigenvaluesAreRaisedAsDIPYRaisesThem(t *testing.T) {
	_, g := readTensorReference(t)
	tensor, err := NewTensor(g, TensorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	water, err := NewFreeWater(g, FreeWaterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	status := []kernel.Status{{}}
	maps := deriveOne(tensor, []float64{2e-3, 0, 1e-3, 0, 0, -1e-3, 500}, status)
	least := g.LeastDiffusivity()
	if least < 4e-10 || least > 7e-10 {
		t.Errorf("the least diffusivity is %v, for b = 2000 about 5e-10 expected", least)
	}
	if !near(maps["rd"][0], (1e-3+least)/2, 0) || !near(maps["ad"][0], 2e-3, 0) || maps["tensor"][5] != -1e-3 {
		t.Errorf("plain tensor: RD %v AD %v Dzz %v", maps["rd"][0], maps["ad"][0], maps["tensor"][5])
	}
	maps = deriveOne(water, []float64{2e-3, 0, 1e-3, 0, 0, -1e-3, 500, 0.25}, status)
	if !near(maps["rd"][0], 0.5e-3, 0) || !near(maps["md"][0], 1e-3, 0) || maps["fwf"][0] != 0.25 || maps["s0"][0] != 500 {
		t.Errorf("free water: RD %v MD %v f %v S0 %v", maps["rd"][0], maps["md"][0], maps["fwf"][0], maps["s0"][0])
	}
	if want := float32(math.Sqrt(0.5 * (1 + 1 + 4) / (4 + 1))); math.Abs(float64(maps["fa"][0]-want)) > 1e-7 {
		t.Errorf("free water: FA %v, expected %v", maps["fa"][0], want)
	}
	for _, m := range []Model{tensor, water} {
		maps := deriveOne(m, make([]float64, m.Fitter().Parameters()), []kernel.Status{{Code: kernel.NonFinite}})
		if maps["md"][0] != 0 || maps["fa"][0] != 0 || maps["status"][0] != float32(kernel.NonFinite) {
			t.Errorf("%s: nothing fitted, yet MD %v FA %v status %v", m.Kind().Name, maps["md"][0], maps["fa"][0], maps["status"][0])
		}
	}
}

func TestTensorModelsDescribeTheirMaps(t *testing.T) {
	_, g := readTensorReference(t)
	tensor, err := NewTensor(g, TensorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	water, err := NewFreeWater(g, FreeWaterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m                     Model
		name, study, file     string
		maps                  []string
		parameters, diffusing int
	}{
		{tensor, "dti", "TensorModel", "tensor", []string{"fa", "md", "ad", "rd", "tensor", "s0", "evals", "evecs", "mode", "colorFA", "status", "iterations"}, 7, 5},
		{water, "fwdtim", "FreeWaterTensorModel", "fwtensor", []string{"fa", "md", "ad", "rd", "tensor", "s0", "fwf", "evals", "evecs", "mode", "colorFA", "status", "iterations"}, 8, 5},
	} {
		if k := c.m.Kind(); k.Name != c.name || k.Class != c.study || k.Entity != c.file || c.m.Fitter().Parameters() != c.parameters {
			t.Errorf("%s %s %s with %d parameters", k.Name, k.Class, k.Entity, c.m.Fitter().Parameters())
		}
		var names []string
		diffusing := 0
		for _, described := range c.m.Maps() {
			names = append(names, described.Name)
			if described.Unit == "mm2/s" {
				diffusing++
			}
			if described.Description == "" || strings.Contains(described.Description, "%!") {
				t.Errorf("%s: description %q", described.Name, described.Description)
			}
		}
		if !slices.Equal(names, c.maps) || diffusing != c.diffusing {
			t.Errorf("%s: maps %v, %d of them diffusivities", c.name, names, diffusing)
		}
	}
}

func TestIterationsMakeReweightedTensorFits(t *testing.T) {
	reference, g := readTensorReference(t)
	fit := func(o TensorOptions) ([]float64, uint16) {
		m, err := NewTensor(g, o)
		if err != nil {
			t.Fatal(err)
		}
		params, status, _ := fitOne(m, reference.Voxels[1].Signal)
		return params, status.Iterations
	}
	named, n := fit(TensorOptions{Method: kernel.IWLS, Iterations: 2})
	plain, k := fit(TensorOptions{Method: kernel.IWLS})
	if !slices.Equal(named, plain) || n != 2 || k != 2 {
		t.Errorf("IWLS gives %v after %d, with 2 iterations %v after %d", plain, k, named, n)
	}
	// An unweighted fit with one reweighting is DIPY's WLS, apart from the minimum of the signal.
	wls, _ := fit(TensorOptions{})
	again, _ := fit(TensorOptions{Method: kernel.IWLS, UniformStart: true, Iterations: 1})
	if d := largestDifference(again, wls); d > 1e-12 {
		t.Errorf("an unweighted fit reweighted once differs from WLS by %.3g", d)
	}
	if d := largestDifference(named, wls); d < 1e-9 {
		t.Error("two reweightings are the same as WLS")
	}
}

func TestTensorModelsRefuseAcquisitionsThatDoNotDetermineThem(t *testing.T) {
	_, g := readTensorReference(t)
	twoB := g.Subset(append(g.B0s(), 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
	noB0 := g.Subset(g.DWIs())
	few := g.Subset([]int{0, 3, 4, 30, 31})
	empty := g.Subset(nil)
	zeros, _, err := acq.NewGradientTable(make([]float64, 10), make([][3]float64, 10))
	if err != nil {
		t.Fatal(err)
	}
	beyond, _, err := acq.NewGradientTable(g.Bvals, g.Bvecs, acq.WithB0Threshold(100000))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		err        func() error
	}{
		{"two b-values", "fwdtim: the gradient table has 2 different b-values", func() error { _, err := NewFreeWater(twoB, FreeWaterOptions{}); return err }},
		{"no b0", "has 2 different b-values", func() error { _, err := NewFreeWater(noB0, FreeWaterOptions{}); return err }},
		{"few directions", "fwdtim: the gradient table does not determine six tensor elements", func() error { _, err := NewFreeWater(few, FreeWaterOptions{}); return err }},
		{"few directions, plain", "dti: the gradient table does not determine six tensor elements", func() error { _, err := NewTensor(few, TensorOptions{}); return err }},
		{"b = 0 alone", "dti: found no diffusion-weighted volume, expected at least one: the highest of the 10 b-values is 0 s/mm2", func() error { _, err := NewTensor(zeros, TensorOptions{}); return err }},
		{"b = 0 alone, free water", "fwdtim: found no diffusion-weighted volume", func() error { _, err := NewFreeWater(zeros, FreeWaterOptions{}); return err }},
		{"b = 0 alone, fascicles", "sfm: found no diffusion-weighted volume", func() error { _, err := NewSFM(zeros, SFMOptions{}); return err }},
		{"all b-values below the threshold", "and the b0 threshold is 100000 s/mm2", func() error { _, err := NewFreeWater(beyond, FreeWaterOptions{}); return err }},
		{"empty", "W has 0 values", func() error { _, err := NewTensor(empty, TensorOptions{}); return err }},
		{"empty, free water", "found no diffusion-weighted volume, expected at least one: the highest of the 0 b-values", func() error { _, err := NewFreeWater(empty, FreeWaterOptions{}); return err }},
		{"method", "fwdtim: method is OLS, expected nls or wls", func() error { _, err := NewFreeWater(g, FreeWaterOptions{Method: kernel.OLS}); return err }},
		{"iterations", "dti: iterations is for method iwls; method is nls", func() error {
			_, err := NewTensor(g, TensorOptions{Method: kernel.NLS, Iterations: 2})
			return err
		}},
		{"diffusivity", "fwdtim: diso is -1, expected a number of at least 0.00001 and below 0.1, in mm2/s", func() error { _, err := NewFreeWater(g, FreeWaterOptions{Diso: -1}); return err }},
		{"instruction set", "abacus", func() error { _, err := NewTensor(g, TensorOptions{ISA: "abacus"}); return err }},
	} {
		if err := c.err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, expected one that says %q", c.name, err, c.want)
		}
	}
}

func TestBvaluesAreCountedAsDIPYCountsThem(t *testing.T) {
	for _, c := range []struct {
		bvals []float64
		want  int // len(dipy.core.gradients.unique_bvals_magnitude(bvals))
	}{
		{[]float64{0, 5, 995, 1005, 2010}, 3},
		{[]float64{0, 1000, 1040}, 2},
		{[]float64{0, 1000, 1060}, 3},
		{[]float64{0, 950, 1050}, 2}, // halves are rounded to the even hundred
		{[]float64{0, 850, 1050}, 3},
		{[]float64{0, 300, 700}, 3},
		{[]float64{0, 0, 0}, 1},
	} {
		if got := differentBvals(c.bvals); got != c.want {
			t.Errorf("%v: %d different b-values, expected %d", c.bvals, got, c.want)
		}
	}
}

package native

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
)

// acquisition is six b0s and two shells of 27 directions.
func acquisition() ([]float64, [][3]float64) {
	random := rand.New(rand.NewPCG(3, 4))
	bvals, bvecs := make([]float64, 60), make([][3]float64, 60)
	for i := 6; i < 60; i++ {
		x, y, z := random.NormFloat64(), random.NormFloat64(), random.NormFloat64()
		norm := math.Sqrt(x*x + y*y + z*z)
		bvals[i], bvecs[i] = 1000+1000*float64(i%2), [3]float64{x / norm, y / norm, z / norm}
	}
	return bvals, bvecs
}

// options has the options that each model needs.
var options = map[string]string{
	"csdm": `{"response": {"evals": [0.0017, 0.0003, 0.0003], "s0": 100}}`,
	"msmt": `{"response": [{"name": "WM", "zonal": [[350, 0, 0], [170, -60, 20], [110, -60, 25]]}, {"name": "CSF", "zonal": [[350], [20], [2]]}]}`,
	"dti":  "", "fwdtim": "", "sfm": "",
}

func made(t *testing.T, name, options string) *Model {
	t.Helper()
	bvals, bvecs := acquisition()
	h, err := New(name, bvals, bvecs, options)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Find(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Free(h) })
	return m
}

// values are signals that decay with b. They are whole numbers, so that integers hold them.
func values(voxels int) []float32 {
	bvals, bvecs := acquisition()
	random := rand.New(rand.NewPCG(5, 6))
	out := make([]float32, 0, voxels*len(bvals))
	for range voxels {
		d := 0.3e-3 + 1e-3*random.Float64()
		for i, v := range bvecs {
			out = append(out, float32(math.Round(1000*math.Exp(-bvals[i]*(d+0.8e-3*v[0]*v[0]))+10*random.NormFloat64())))
		}
	}
	return out
}

// fitted fits a batch, of which the caller may change the signal and the run.
func fitted(t *testing.T, m *Model, voxels int, change func(b *Batch)) ([]float64, []uint8, []uint16) {
	t.Helper()
	params, status, iterations := make([]float64, voxels*m.Parameters()), make([]uint8, voxels), make([]uint16, voxels)
	b := Batch{Voxels: voxels, Params: unsafe.Pointer(&params[0]), ParamsType: Float64, Status: status, Iterations: iterations}
	change(&b)
	if err := m.Fit(&b); err != nil {
		t.Fatal(err)
	}
	return params, status, iterations
}

func pointer[T any](values []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(values)) }

func TestResultsDoNotDependOnTheLayoutOfTheSignal(t *testing.T) {
	const voxels, n = 1500, 60
	rows := values(voxels)
	columns, whole := make([]float32, len(rows)), make([]int16, len(rows))
	offsets := make([]int64, voxels)
	for v := range voxels {
		offsets[v] = int64(4 * v)
		for j := range n {
			columns[j*voxels+v] = rows[v*n+j]
			whole[v*n+j] = int16(rows[v*n+j])
		}
	}
	for name := range options {
		m := made(t, name, options[name])
		want, wantStatus, wantIterations := fitted(t, m, voxels, func(b *Batch) {
			b.Signal, b.Run = Signal{Data: pointer(rows), Type: Float32}, Run{Threads: 1}
		})
		for layout, s := range map[string]Signal{
			"volume after volume":    {Data: pointer(columns), Type: Float32, VoxelStride: 4, ValueStride: 4 * voxels},
			"offsets":                {Data: pointer(columns), Type: Float32, Offsets: offsets, ValueStride: 4 * voxels},
			"integers":               {Data: pointer(whole), Type: Int16},
			"integers, swapped":      {Data: pointer(swapped(whole)), Type: Int16 | Swapped},
			"float32, swapped":       {Data: pointer(swapped(rows)), Type: Float32 | Swapped},
			"swapped and strided":    {Data: pointer(swapped(columns)), Type: Float32 | Swapped, VoxelStride: 4, ValueStride: 4 * voxels},
			"integers, three to one": {Data: pointer(whole), Type: Int16, VoxelStride: 2 * n, ValueStride: 2},
		} {
			params, status, iterations := fitted(t, m, voxels, func(b *Batch) { b.Signal, b.Run = s, Run{Threads: 3} })
			if !slices.Equal(params, want) || !slices.Equal(status, wantStatus) || !slices.Equal(iterations, wantIterations) {
				t.Errorf("%s: %s gives other results than voxel after voxel", name, layout)
			}
		}
	}
}

// swapped has the numbers in the other order of bytes.
func swapped[T int16 | float32 | float64](values []T) []byte {
	size := int(unsafe.Sizeof(values[0]))
	bytes := slices.Clone(unsafe.Slice((*byte)(pointer(values)), size*len(values)))
	for i := 0; i < len(bytes); i += size {
		slices.Reverse(bytes[i : i+size])
	}
	return bytes
}

func TestBytesAreFittedAsTheNumbersThatTheyAre(t *testing.T) {
	const voxels = 300
	rows := values(voxels)
	var single []float32
	var unsigned []uint8
	var signed []int8
	var wide []int16
	for _, x := range rows {
		b := min(max(int(x)/8, 0), 127) + 1
		single, wide = append(single, float32(b)), append(wide, int16(b))
		unsigned, signed = append(unsigned, uint8(b)), append(signed, int8(b-128))
	}
	m := made(t, "dti", "")
	fit := func(s Signal) []float64 {
		params, _, _ := fitted(t, m, voxels, func(b *Batch) { b.Signal = s })
		return params
	}
	if !slices.Equal(fit(Signal{Data: pointer(unsigned), Type: Uint8}), fit(Signal{Data: pointer(single), Type: Float32})) {
		t.Error("uint8 gives other results than float32")
	}
	if !slices.Equal(fit(Signal{Data: pointer(swapped(wide)), Type: Uint16 | Swapped}), fit(Signal{Data: pointer(wide), Type: Uint16})) {
		t.Error("uint16 in the other order of bytes gives other results than in this")
	}
	for i := range single {
		single[i] -= 128
	}
	if !slices.Equal(fit(Signal{Data: pointer(signed), Type: Int8}), fit(Signal{Data: pointer(single), Type: Float32})) {
		t.Error("int8 gives other results than float32")
	}
}

func TestDoublePrecisionSignalIsFittedAsSuch(t *testing.T) {
	const voxels, n = 130, 60
	var wide []float64
	for _, x := range values(voxels) {
		wide = append(wide, float64(x)+1e-9)
	}
	m := made(t, "dti", "")
	worker := m.model.Fitter().NewWorker()
	want, status := make([]float64, voxels*m.Parameters()), make([]kernel.Status, voxels)
	worker.Fit64(want, status, wide)
	got, _, _ := fitted(t, m, voxels, func(b *Batch) { b.Signal = Signal{Data: pointer(wide), Type: Float64} })
	if !slices.Equal(got, want) {
		t.Error("a float64 signal was not fitted by Fit64")
	}
	got, _, _ = fitted(t, m, voxels, func(b *Batch) { b.Signal = Signal{Data: pointer(swapped(wide)), Type: Float64 | Swapped} })
	if !slices.Equal(got, want) {
		t.Error("a float64 signal in the other order of bytes was not fitted by Fit64")
	}
	padded := make([]float64, 0, voxels*(n+1))
	for v := range voxels {
		padded = append(append(padded, wide[v*n:][:n]...), math.NaN())
	}
	got, _, _ = fitted(t, m, voxels, func(b *Batch) {
		b.Signal = Signal{Data: pointer(padded), Type: Float64, VoxelStride: 8 * (n + 1), ValueStride: 8}
	})
	if !slices.Equal(got, want) {
		t.Error("values between the voxels were read")
	}
}

// A single voxel is fitted in the calling thread, and must have the same result there.
func TestVoxelDoesNotDependOnTheSizeOfItsBatch(t *testing.T) {
	rows := values(300)
	for name := range options {
		m := made(t, name, options[name])
		want, _, _ := fitted(t, m, 300, func(b *Batch) { b.Signal = Signal{Data: pointer(rows), Type: Float32} })
		p := m.Parameters()
		for v := 0; v < 300; v += 37 {
			got, _, _ := fitted(t, m, 1, func(b *Batch) { b.Signal = Signal{Data: pointer(rows[60*v:]), Type: Float32} })
			if !slices.Equal(got, want[v*p:][:p]) {
				t.Errorf("%s: voxel %d differs by itself", name, v)
			}
		}
	}
}

// The workers of a raisingModel raise a flag when they fit. raisingFitter and raisingWorker are its parts.
type (
	raisingModel struct {
		model.Model
		flag *int32
	}
	raisingFitter struct {
		kernel.Fitter
		flag *int32
	}
	raisingWorker struct {
		kernel.Worker
		flag *int32
	}
)

func (m raisingModel) Fitter() kernel.Fitter { return raisingFitter{m.Model.Fitter(), m.flag} }

func (f raisingFitter) NewWorker() kernel.Worker { return raisingWorker{f.Fitter.NewWorker(), f.flag} }

func (w raisingWorker) Fit(params []float64, status []kernel.Status, signal []float32) {
	w.Worker.Fit(params, status, signal)
	atomic.StoreInt32(w.flag, 1)
}

func TestAbortLeavesUnfittedVoxelsMarked(t *testing.T) {
	const voxels = 20000
	rows := values(voxels)
	m := made(t, "dti", "")
	params, status := make([]float64, voxels*m.Parameters()), make([]uint8, voxels)
	var abort int32
	var done int64
	m.model = raisingModel{m.model, &abort} // so that the flag is raised during the fit
	b := Batch{
		Voxels: voxels, Signal: Signal{Data: pointer(rows), Type: Float32}, Params: pointer(params), ParamsType: Float64,
		Status: status, Run: Run{Threads: 2, Abort: &abort, Progress: &done},
	}
	if err := m.Fit(&b); !errors.Is(err, ErrAborted) {
		t.Fatalf("an aborted fit ended with %v", err)
	}
	fittedVoxels := int64(0)
	for _, s := range status {
		if kernel.Code(s) != kernel.OutsideMask {
			fittedVoxels++
		}
	}
	if fittedVoxels != done || done == 0 || done > 2*leastTile {
		t.Errorf("%d voxels have a result and %d were counted, want those of a first call of each worker", fittedVoxels, done)
	}
}

func TestParameterFieldsAddUpToTheParameters(t *testing.T) {
	for name := range options {
		m := made(t, name, options[name])
		sum := 0
		for _, f := range m.ParameterFields() {
			if f.Name == "" || f.Description == "" {
				t.Errorf("%s: a group of parameters has no name or no description: %+v", name, f)
			}
			sum += f.Components
		}
		if sum != m.Parameters() {
			t.Errorf("%s: fields have %d components for %d parameters", name, sum, m.Parameters())
		}
	}
}

// The C functions cut texts short that are longer than voxfit_field.
func TestFieldsAreShortEnoughForC(t *testing.T) {
	for name, given := range options {
		for _, f := range slices.Concat(made(t, name, given).MapFields(), made(t, name, given).ParameterFields()) {
			if len(f.Name) > maxNameBytes || len(f.Unit) > 15 || len(f.Description) > 431 {
				t.Errorf("%s: field %+v is too long", name, f)
			}
		}
	}
}

func TestMapThatIsNotWantedChangesNoOther(t *testing.T) {
	const voxels = 200
	rows := values(voxels)
	for name := range options {
		m := made(t, name, options[name])
		params, status, iterations := fitted(t, m, voxels, func(b *Batch) { b.Signal = Signal{Data: pointer(rows), Type: Float32} })
		derive := func(wanted func(i int) bool) [][]float32 {
			var out [][]float32
			var at []unsafe.Pointer
			for i, f := range m.MapFields() {
				out = append(out, make([]float32, voxels*f.Components))
				at = append(at, nil)
				if wanted(i) {
					at[i] = pointer(out[i])
				}
			}
			d := Derivation{Voxels: voxels, Params: pointer(params), Status: status, Iterations: iterations, Maps: at, Run: Run{Threads: 2}}
			if err := m.Derive(&d); err != nil {
				t.Fatal(err)
			}
			return out
		}
		all := derive(func(int) bool { return true })
		for i, f := range m.MapFields() {
			if one := derive(func(j int) bool { return j == i }); !slices.Equal(one[i], all[i]) {
				t.Errorf("%s: map %s by itself differs", name, f.Name)
			}
		}
	}
}

func TestOptionsThatAModelDoesNotHaveAreErrors(t *testing.T) {
	bvals, bvecs := acquisition()
	response := `"response": {"evals": [0.0017, 0.0003, 0.0003], "s0": 100}`
	for _, c := range []struct{ model, options, says string }{
		{"dti", `{"lmax": 8}`, `unknown option "lmax" of dti; csdm and msmt have lmax. dti has b0_threshold, bvalue_scaling, isa, iterations, method, min_signal, mrtrix_order and uniform_start`},
		{"dti", `{} {}`, "after"},
		{"dti", `[]`, "not a JSON object"},
		{"dti", `null`, "not a JSON object"},
		{"csdm", `{}`, "csdm: response is needed: three eigenvalues and S0"},
		{"csdm", `{"response": {"zonal": [[2, 1], []]}}`, "row 2 (counted from 1) has 0 coefficients"},
		{"csdm", `{"response": {"zonal": [[2, 1], [2, 1]], "bvals": [0]}}`, "1 b-value and 2 rows"},
		{"csdm", `{"response": {"zonal": []}}`, "response: found no row"},
		{"csdm", `{"response": {"zonal": [[2, 1]], "bvals": []}}`, "0 b-values and 1 row"},
		{"csdm", `{"response": {"zonal": [[1, 2]], "s0": 3}}`, "expected evals and s0, or zonal"},
		{"csdm", `{"peaks": 1e18, ` + response + `}`, "peaks is 1e+18, expected a whole number from 1 to 65535"},
		{"csdm", `{"sphere": {"vertices": [1, 0, 0]}, ` + response + `}`, "sphere: found [1,0,0], expected a list of lists"},
		{"csdm", `{"sphere": {"vertices": [[1, 0, 0]], "edges": [[0, 1]]}, ` + response + `}`, "edge 1 (counted from 1) is [0 1]"},
		{"csdm", `{"sphere": {"vertices": [[1, 0, 0]], "edges": []}, ` + response + `}`, "edges: found none"},
		{"csdm", `{"sphere": {"colour": 1}, ` + response + `}`, "colour"},
		{"csdm", `{"sphere": {}, ` + response + `}`, "sphere: found no vertices"},
		{"msmt", `{}`, "msmt: response is needed: a response for each tissue"},
		{"msmt", `{"response": [{"name": 1}]}`, "tissue 1 (counted from 1) has no name"},
		{"msmt", `{"response": [{"name": "WM", "zonal": "x"}]}`, `tissue WM: zonal: found "x", expected a list of lists of numbers`},
		{"msmt", strings.Replace(options["msmt"], "CSF", "WM", 1), "two tissues"},
		{"msmt", strings.Replace(options["msmt"], "CSF", strings.Repeat("C", 60), 1), "at most 63"},
		{"sfm", `{"solver": "nnls", "alpha": 1}`, "elasticnet"},
		{"sfm", `{"evals": [0, 0, 0]}`, "evals: found e1 = 0"},
		{"noddi", ``, "noddi"},
	} {
		h, err := New(c.model, bvals, bvecs, c.options)
		if err == nil || h != 0 || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: the error is %v, expected one about %q", c.model, c.options, err, c.says)
		}
	}
}

func TestNullIsTheDefault(t *testing.T) {
	made(t, "dti", `{"min_signal": null, "method": null}`)
	made(t, "msmt", strings.Replace(options["msmt"], "{", `{"lmax": null, "sh_basis": null, `, 1))
}

// To the model a tau of 0 means the default; here it means 0.
func TestTauOfZeroIsNotTheDefault(t *testing.T) {
	rows := values(100)
	fit := func(tau string) []float64 {
		m := made(t, "csdm", `{`+tau+`"response": {"evals": [0.0017, 0.0003, 0.0003], "s0": 1000}}`)
		params, _, _ := fitted(t, m, 100, func(b *Batch) { b.Signal = Signal{Data: pointer(rows), Type: Float32} })
		return params
	}
	if !slices.Equal(fit(""), fit(`"tau": 0.1, `)) {
		t.Error("the default of tau is not 0.1")
	}
	if slices.Equal(fit(`"tau": 0, `), fit(`"tau": 0.1, `)) {
		t.Error("tau of 0 fits as 0.1 does")
	}
}

// As DIPY's gtab with b0_threshold=100: volumes at 80 need no b-vector and are b0s.
func TestThresholdDecidesWhatIsAB0(t *testing.T) {
	bvals, bvecs := acquisition()
	bvals[0] = 80
	if _, err := New("sfm", bvals, bvecs, ""); err == nil {
		t.Error("a volume of b = 80 without a direction was accepted")
	}
	h, err := New("sfm", bvals, bvecs, `{"b0_threshold": 100}`)
	if err != nil {
		t.Fatal(err)
	}
	Free(h)
	if _, err := New("sfm", bvals, bvecs, `{"b0_threshold": 3000}`); err == nil {
		t.Error("a table of b0s alone was accepted")
	}
}

func TestFreedHandleIsAnError(t *testing.T) {
	bvals, bvecs := acquisition()
	h, err := New("dti", bvals, bvecs, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := Free(h); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(h); !errors.Is(err, ErrHandle) {
		t.Errorf("a freed handle finds %v", err)
	}
	if err := Free(h); !errors.Is(err, ErrHandle) {
		t.Errorf("freeing twice gives %v", err)
	}
	if again, err := New("dti", bvals, bvecs, ""); err != nil || again == h {
		t.Errorf("handle %d was given out again, or %v", again, err)
	}
}

package fit_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/bench/turn"
	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sched"
)

// fitters makes every model for an acquisition, csdm in both conventions.
func fitters(t testing.TB, g *acq.GradientTable, r acq.Response) map[string]kernel.Fitter {
	t.Helper()
	csd, err := model.NewCSD(g, r, model.CSDOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mrtrix, err := model.NewCSD(g, r, model.CSDOptions{Convention: model.MRtrix})
	if err != nil {
		t.Fatal(err)
	}
	wm, gm, csf := phantom.Tissues()
	degree := map[bool]int{false: 8, true: 4}[testing.Short()] // degree 8 takes minutes in an emulator
	msmt, err := model.NewMSMT(g, model.NameTissues([]acq.Response{wm, gm, csf}), model.MSMTOptions{LMax: degree})
	if err != nil {
		t.Fatal(err)
	}
	fitters := map[string]kernel.Fitter{"csdm": csd.Fitter(), "csdm MRtrix": mrtrix.Fitter(), "msmt": msmt.Fitter()}
	for _, method := range []kernel.Method{kernel.WLS, kernel.NLS} {
		free, err := model.NewFreeWater(g, model.FreeWaterOptions{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		fitters["fwdtim "+method.String()] = free.Fitter()
	}
	for _, method := range []kernel.Method{kernel.WLS, kernel.NLS, kernel.OLS, kernel.IWLS} {
		tensor, err := model.NewTensor(g, model.TensorOptions{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		fitters["dti "+method.String()] = tensor.Fitter()
	}
	for _, solver := range []model.Solver{model.ElasticNet, model.NNLS} {
		sfm, err := model.NewSFM(g, model.SFMOptions{Solver: solver})
		if err != nil {
			t.Fatal(err)
		}
		fitters["sfm "+solver.String()] = sfm.Fitter()
	}
	return fitters
}

// fitBlock fits by a plan, into a result that is filled with rubbish before.
func fitBlock(t testing.TB, f kernel.Fitter, signal []float32, plan sched.Plan) fit.Result {
	t.Helper()
	result := fit.New(f, len(signal)/f.Measurements())
	for i := range result.Parameters {
		result.Parameters[i] = math.NaN()
	}
	if _, err := fit.Block(context.Background(), f, signal, result, plan); err != nil {
		t.Fatal(err)
	}
	return result
}

// same reports whether two voxels' results are the same bits.
func same(f kernel.Fitter, a fit.Result, i int, b fit.Result, j int) bool {
	p := f.Parameters()
	return a.Status[i] == b.Status[j] && slices.EqualFunc(a.Parameters[i*p:(i+1)*p], b.Parameters[j*p:(j+1)*p],
		func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

func TestResultsAreTheSameBitsForAnyChunksAndWorkers(t *testing.T) {
	voxels := 1100
	if testing.Short() {
		voxels = 60 // on every set these are several batches and a part of one
	}
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: voxels, SNR: 20, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range fitters(t, p.Gradients, phantom.Response()) {
		t.Run(name, func(t *testing.T) {
			want := fitBlock(t, f, p.Signal, sched.Plan{Chunks: 1, Workers: 1})
			for _, workers := range []int{1, 2} {
				for _, chunks := range []int{1, 7, 1000, 1 << 15} {
					got := fitBlock(t, f, p.Signal, sched.Plan{Chunks: chunks, Workers: workers})
					for v := range voxels {
						if !same(f, want, v, got, v) {
							t.Fatalf("voxel %d differs with %d workers and %d chunks", v, workers, chunks)
						}
					}
				}
			}
		})
	}
}

// realAcquisition reads one of the shared data sets whole.
func realAcquisition(t testing.TB, name string) ([]float32, *acq.GradientTable) {
	t.Helper()
	dir := peer.Data(t, name)
	image, err := nifti.Open(filepath.Join(dir, "dwi.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := acq.ReadGradients(filepath.Join(dir, "bvals"), filepath.Join(dir, "bvecs"))
	if err != nil {
		t.Fatal(err)
	}
	mask := nifti.FullMask(image.Header)
	signal := make([]float32, len(mask.Index)*image.Header.Volumes())
	if err := image.ReadMasked(context.Background(), signal, mask.Index, nifti.ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	return signal, g
}

// A plant is a bad voxel, with the codes that its fit may end with.
type plant struct {
	name  string
	spoil func(voxel []float32, dwi int) // dwi is a volume of the highest shell, which every model reads
	zero  bool                           // all parameters are zero
	codes []kernel.Code
}

var plants = []plant{
	{"all zero", func(s []float32, _ int) { clear(s) }, true, []kernel.Code{kernel.ZeroSignal}},
	{"all NaN", func(s []float32, _ int) { fill(s, float32(math.NaN())) }, true, []kernel.Code{kernel.NonFinite}},
	{"one NaN", func(s []float32, dwi int) { s[dwi] = float32(math.NaN()) }, true, []kernel.Code{kernel.NonFinite}},
	{"one Inf", func(s []float32, dwi int) { s[dwi] = float32(math.Inf(1)) }, true, []kernel.Code{kernel.NonFinite}},
	{"one -Inf", func(s []float32, dwi int) { s[dwi] = float32(math.Inf(-1)) }, true, []kernel.Code{kernel.NonFinite}},
	{"one negative", func(s []float32, dwi int) { s[dwi] = -5 }, false, []kernel.Code{kernel.NegativeSignal, kernel.Refit, kernel.MaxIterations}},
	{"all negative", func(s []float32, _ int) { fill(s, -100) }, false, []kernel.Code{kernel.NegativeSignal, kernel.ZeroSignal, kernel.NotPositiveDefinite}},
	{"largest float", func(s []float32, _ int) { fill(s, math.MaxFloat32) }, false, kernel.Codes()},
	{"smallest float", func(s []float32, _ int) { fill(s, math.SmallestNonzeroFloat32) }, false, kernel.Codes()},
}

func fill(s []float32, x float32) {
	for i := range s {
		s[i] = x
	}
}

func TestBadVoxelsInRealDataGetTheirDocumentedStatusAndHarmNoNeighbour(t *testing.T) {
	for _, data := range []string{"hcp_osmosis_27vox", "mrtrix_msmt"} {
		signal, g := realAcquisition(t, data)
		m, shells := g.Len(), g.DIPYShells(acq.ShellTolerance)
		signal, highest := signal[:27*m], shells[len(shells)-1].Volumes
		for name, f := range fitters(t, g, phantom.Response()) {
			clean := fitBlock(t, f, signal, sched.Plan{Chunks: 1, Workers: 1})
			for k, p := range plants {
				t.Run(fmt.Sprintf("%s %s %s", data, name, p.name), func(t *testing.T) {
					spoilt := slices.Clone(signal)
					at := (5*k + 3) % 27
					p.spoil(spoilt[at*m:(at+1)*m], highest[3*k])
					got := fitBlock(t, f, spoilt, sched.Plan{Chunks: 2, Workers: 2})
					for v := range got.Status {
						if v != at && !same(f, clean, v, got, v) {
							t.Errorf("voxel %d changed when voxel %d was spoilt", v, at)
						}
					}
					if !slices.Contains(p.codes, got.Status[at].Code) {
						t.Errorf("the status is %v, want one of %v", got.Status[at].Code, p.codes)
					}
					for _, x := range got.Slice(f, sched.Range{Begin: at, End: at + 1}).Parameters {
						if math.IsNaN(x) || math.IsInf(x, 0) || p.zero && x != 0 {
							t.Errorf("a parameter is %g (zero wanted: %v)", x, p.zero)
						}
					}
				})
			}
		}
	}
}

func TestBlockRefusesLengthsThatDoNotAgree(t *testing.T) {
	f := fitters(t, phantom.HCP(), phantom.Response())["dti WLS"]
	for _, c := range []struct{ signal, parameters, status int }{{287, 7, 1}, {288, 6, 1}, {288, 7, 2}} {
		result := fit.Result{Parameters: make([]float64, c.parameters), Status: make([]kernel.Status, c.status)}
		if _, err := fit.Block(context.Background(), f, make([]float32, c.signal), result, sched.Plan{}); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

func TestACancelledFitKeepsWhatWasFinished(t *testing.T) {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 2000, SNR: 30})
	if err != nil {
		t.Fatal(err)
	}
	f := fitters(t, p.Gradients, phantom.Response())["dti WLS"]
	want := fitBlock(t, f, p.Signal, sched.Plan{})
	ctx, cancel := context.WithCancel(context.Background())
	result := fit.New(f, 2000)
	var account sched.Account
	account, err = fit.PerWorker(ctx, sched.Plan{Voxels: 2000, Chunks: 500, Workers: 2}, f.NewWorker, func(w kernel.Worker, part sched.Range) {
		if part.Begin > 200 {
			cancel()
		}
		own := result.Slice(f, part)
		w.Fit(own.Parameters, own.Status, p.Signal[part.Begin*f.Measurements():part.End*f.Measurements()])
	})
	if err != context.Canceled {
		t.Fatalf("the error is %v, want %v", err, context.Canceled)
	}
	if account.Done == 0 || account.Done == 2000 {
		t.Fatalf("%d voxels done: nothing was cancelled, or all", account.Done)
	}
	for _, done := range account.Completed {
		for v := done.Begin; v < done.End; v++ {
			if !same(f, want, v, result, v) {
				t.Fatalf("voxel %d counts as finished and has another result", v)
			}
		}
	}
}

// BenchmarkBlock reports microseconds a voxel on one core for each model and instruction set, on the
// phantom; for CSD also its useful operations, alone and against the peak measured beside it.
func BenchmarkBlock(b *testing.B) {
	const voxels = 1024
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: voxels, SNR: 30, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	for _, isa := range kernel.ISAs() {
		b.Setenv(kernel.EnvISA, isa)
		models := fitters(b, p.Gradients, phantom.Response())
		for _, name := range slices.Sorted(maps.Keys(models)) {
			f := models[name]
			b.Run(fmt.Sprintf("isa=%s/model=%s", isa, name), func(b *testing.B) {
				result := fit.New(f, voxels)
				plan := sched.Plan{Chunks: 1, Workers: 1, Pin: pinning[runtime.GOOS == "linux"]}
				turn.Take()
				for b.Loop() {
					if _, err := fit.Block(context.Background(), f, p.Signal, result, plan); err != nil {
						b.Fatal(err)
					}
				}
				seconds := b.Elapsed().Seconds() / float64(b.N)
				b.ReportMetric(1e6*seconds/voxels, "us/voxel")
				if name == "csdm" {
					reportShare(b, isa, csdOperations(result.Status)/seconds/1e9)
				}
			})
		}
	}
}

// reportShare reports a rate of fp64 operations, and how much of the instruction set's peak it is.
func reportShare(b *testing.B, isa string, rate float64) {
	peak, err := kernel.MeasureThroughput(isa, 20*time.Millisecond)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(rate, "GFLOP/s")
	b.ReportMetric(100*rate/peak.Float64, "%peak")
}

// csdOperations returns the number of additions and multiplications that CSD needs at least, on the HCP protocol with
// lmax 8. These are X^T s, the fodf in 181 directions once, and in each iteration the Gram matrix from its moments
// (4,387 multiply-adds), its Cholesky factor, two triangular solves and the fodf in 181 directions. The moments are
// left out, because their cost depends on how many directions change sides.
func csdOperations(status []kernel.Status) float64 {
	const volumes, coefficients, directions, gram = 270, 45, 181, 4387
	const fodf = 2 * directions * coefficients
	const iteration = 2*gram + coefficients*coefficients*coefficients/3 + 2*coefficients*coefficients + fodf
	operations := 0.0
	for _, s := range status {
		operations += 2*volumes*coefficients + fodf + iteration*float64(s.Iterations)
	}
	return operations
}

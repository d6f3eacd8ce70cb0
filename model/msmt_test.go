package model

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/qp"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sh"
)

// threeTissues returns tissues of tensors like those of package phantom.
func threeTissues() []Tissue {
	isotropic := func(d float64) acq.Response { return acq.Response{Evals: [3]float64{d, d, d}, S0: 1000} }
	return NameTissues([]acq.Response{phantom.Response(), isotropic(0.9e-3), isotropic(3e-3)})
}

func mustMSMT(t testing.TB, g *acq.GradientTable, tissues []Tissue, o MSMTOptions) *MSMT {
	t.Helper()
	m, err := NewMSMT(g, tissues, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// hcpPart returns every n-th volume of the study's protocol.
func hcpPart(every int) *acq.GradientTable {
	g := phantom.HCP()
	var volumes []int
	for i := 0; i < g.Len(); i += every {
		volumes = append(volumes, i)
	}
	return g.Subset(volumes)
}

func TestMixturesOfTissuesAreFoundAgain(t *testing.T) {
	m := mustMSMT(t, phantom.HCP(), threeTissues(), MSMTOptions{Prediction: true})
	fibre := sh.Tournier07.Evaluate(8, [][3]float64{{0.6, 0, 0.8}}) // a delta function, cut off at degree 8
	for _, shares := range [][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.5, 0.3, 0.2}} {
		truth := make([]float64, 47)
		for j, y := range fibre {
			// A wider lobe has no negative amplitude: the fourth power of the cosine has degree 4.
			truth[j] = shares[0] * y * []float64{1, 4. / 7, 8. / 63, 0, 0}[sh.Terms(8)[j].L/2]
		}
		truth[45], truth[46] = shares[1]/math.Sqrt(4*math.Pi), shares[2]/math.Sqrt(4*math.Pi)
		signal := make([]float64, 288)
		m.Predict(signal, truth)
		params, status, maps := fitOne(m, signal)
		for j, want := range truth {
			if math.Abs(params[j]-want) > 1e-5 {
				t.Errorf("%v (%v): coefficient %d is %v, want %v", shares, status, j, params[j], want)
			}
		}
		for i, want := range shares {
			if got := float64(maps["fraction"][i]); math.Abs(got-want) > 1e-4 {
				t.Errorf("%v: fraction %d is %v", shares, i, got)
			}
		}
		if rmse := maps["rmse"][0]; rmse > 0.1 {
			t.Errorf("%v: rmse is %v of a signal of 1000, want 0", shares, rmse)
		}
		for i, s := range signal {
			if got := float64(maps["prediction"][i]); math.Abs(got-s) > 0.1 {
				t.Errorf("%v: volume %d is predicted as %v, was %v", shares, i, got, s)
			}
		}
	}
}

// By MRtrix3's rule the degree of a response counts up to 8, and a tissue with one column has no directions.
func TestDegreesFollowTheColumnsOfTheResponses(t *testing.T) {
	g := hcpPart(1)
	zonal := func(columns int) acq.Response {
		r := acq.Response{}
		for range 4 {
			row := make([]float64, columns)
			row[0] = 1
			r.Zonal = append(r.Zonal, row)
		}
		return r
	}
	for _, c := range []struct{ columns, lmax, want int }{{6, 0, 45}, {5, 0, 45}, {3, 0, 15}, {6, 10, 66}, {5, 4, 15}, {1, 0, 1}} {
		r := zonal(c.columns)
		for i := range r.Zonal {
			for k := range r.Zonal[i] {
				r.Zonal[i][k] = math.Pow(-0.5, float64(k)) * float64(i+1)
			}
		}
		m := mustMSMT(t, g, []Tissue{{"WM", r}}, MSMTOptions{LMax: c.lmax})
		if got := m.Design().Unknowns; got != c.want {
			t.Errorf("%d columns, LMax %d: %d coefficients, want %d", c.columns, c.lmax, got, c.want)
		}
	}
}

// In protocols from 30 to 600 volumes, with two shells or four, and with two tissues that have directions, every voxel
// must meet the conditions of a solution.
func TestAnyAcquisitionAndAnyTissuesHaveASolution(t *testing.T) {
	voxels := 40
	if testing.Short() {
		voxels = 8
	}
	twice := phantom.HCP()
	double, _, err := acq.NewGradientTable(append(slices.Clone(twice.Bvals), twice.Bvals...), append(slices.Clone(twice.Bvecs), twice.Bvecs...))
	if err != nil {
		t.Fatal(err)
	}
	shells := phantom.HCP().DIPYShells(acq.ShellTolerance)
	twoShells := phantom.HCP().Subset(append(slices.Clone(shells[0].Volumes), shells[3].Volumes...))
	three := threeTissues()
	second := Tissue{"WM2", acq.Response{Evals: [3]float64{1.2e-3, 0.6e-3, 0.6e-3}, S0: 800}}
	for name, c := range map[string]struct {
		g       *acq.GradientTable
		tissues []Tissue
		options MSMTOptions
	}{
		"30 volumes":              {hcpPart(9), three, MSMTOptions{}},
		"576 volumes":             {double, three, MSMTOptions{}},
		"two shells":              {twoShells, three, MSMTOptions{}},
		"two shells, two tissues": {twoShells, []Tissue{three[0], three[2]}, MSMTOptions{}},
		"two with directions":     {phantom.HCP(), append(slices.Clone(three), second), MSMTOptions{LMax: 4}},
		"lmax 12":                 {phantom.HCP(), three, MSMTOptions{LMax: 12}},
		"few directions":          {phantom.HCP(), three, MSMTOptions{Directions: sh.Directions300()[:20]}},
	} {
		p, err := phantom.Make(c.g, phantom.Options{Voxels: voxels, SNR: 20})
		if err != nil {
			t.Fatal(err)
		}
		for _, isa := range kernel.ISAs() {
			c.options.ISA = isa
			m := mustMSMT(t, c.g, c.tissues, c.options)
			size := m.Fitter().Parameters()
			params, status := make([]float64, voxels*size), make([]kernel.Status, voxels)
			m.Fitter().NewWorker().Fit(params, status, p.Signal)
			for v, s := range status {
				for _, r := range params[(v+1)*size-3 : (v+1)*size] {
					if !(r <= 1e-9) {
						t.Errorf("%s, %s, voxel %d: %v, residuals %v", name, isa, v, s, params[(v+1)*size-3:(v+1)*size])
						break
					}
				}
			}
		}
	}
}

func TestResponsesThatDoNotFitTheShellsAreErrors(t *testing.T) {
	g := hcpPart(1)
	rows := func(n int, bvals ...float64) acq.Response {
		r := acq.Response{Bvals: bvals}
		for range n {
			r.Zonal = append(r.Zonal, []float64{1, -0.5})
		}
		return r
	}
	for want, tissues := range map[string][]Tissue{
		"at least one response":                     nil,
		"has 3 rows":                                {{"WM", rows(3)}},
		"is for b = [0 1000 2000]":                  {{"WM", rows(3, 0, 1000, 2000)}},
		"has no signal":                             {{"WM", acq.Response{Zonal: [][]float64{{0}, {0}, {0}, {0}}}}},
		"without blank":                             {{"W M", rows(4)}},
		"row 1 (counted from 1) has 0 coefficients": {{"WM", acq.Response{Zonal: [][]float64{{}}}}},
		"found NaN, expected finite coefficients":   {{"WM", acq.Response{Zonal: [][]float64{{math.NaN()}}}}},
		"two tissues are called":                    {{"GM", rows(4)}, {"GM", rows(4)}},
		"found e1 = 0":                              {{"WM", acq.Response{}}},
	} {
		if _, err := NewMSMT(g, tissues, MSMTOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error about %q", err, want)
		}
	}
	if m := mustMSMT(t, g, []Tissue{{"WM", rows(4, 5, 990, 2010, 3000)}}, MSMTOptions{}); m.Design().Unknowns != 6 {
		t.Error("b-values within the tolerance were not found")
	}
	if _, err := NewMSMT(g, threeTissues(), MSMTOptions{LMax: 7}); err == nil {
		t.Error("lmax 7 was taken")
	}
}

func TestResponsesOfDIPYThatAreIncompleteAreErrors(t *testing.T) {
	for _, c := range []struct {
		want     string
		response [][]float64
		iso      int
	}{
		{"0 rows", nil, 2},
		{"2 columns", [][]float64{{3, 2}, {3, 2}}, 2},
		{"1 row,", [][]float64{{3, 2, 1}}, 2},
		{"-2 tissues", [][]float64{{3, 2, 1}, {3, 2, 1}}, -2},
	} {
		if _, err := DIPYTissues(c.response, []float64{0, 1000}, c.iso); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

func TestMoreTissuesThanShellsAreWarnedOf(t *testing.T) {
	shells := phantom.HCP().DIPYShells(acq.ShellTolerance)
	m := mustMSMT(t, phantom.HCP().Subset(append(slices.Clone(shells[0].Volumes), shells[3].Volumes...)), threeTissues(), MSMTOptions{})
	if len(m.Warnings()) == 0 {
		t.Error("no warning")
	}
}

func TestWhiteMatterWithoutDirectionIsWarnedOf(t *testing.T) {
	three := threeTissues()
	swapped := NameTissues([]acq.Response{three[1].Response, three[0].Response, three[2].Response})
	if m := mustMSMT(t, phantom.HCP(), swapped, MSMTOptions{}); len(m.Warnings()) != 2 || !strings.Contains(m.Warnings()[0], "WM has no direction") || !strings.Contains(m.Warnings()[1], "GM has directions") {
		t.Errorf("warnings: %q", m.Warnings())
	}
	if m := mustMSMT(t, phantom.HCP(), three, MSMTOptions{}); len(m.Warnings()) != 0 {
		t.Errorf("warnings: %q", m.Warnings())
	}
}

// The legacy basis swaps m and -m.
func TestMapsAreInTheBasisThatIsAskedFor(t *testing.T) {
	g := phantom.HCP()
	p, err := phantom.Make(g, phantom.Options{Voxels: 1})
	if err != nil {
		t.Fatal(err)
	}
	signal := make([]float64, g.Len())
	for i, s := range p.Signal {
		signal[i] = float64(s)
	}
	_, _, tournier := fitOne(mustMSMT(t, g, threeTissues(), MSMTOptions{}), signal)
	_, _, legacy := fitOne(mustMSMT(t, g, threeTissues(), MSMTOptions{Basis: sh.Descoteaux07}), signal)
	for i, term := range sh.Terms(8) {
		opposite := i - 2*term.M
		if legacy["fod_label-WM"][i] != tournier["fod_label-WM"][opposite] {
			t.Fatalf("coefficient %d is %v, want %v", i, legacy["fod_label-WM"][i], tournier["fod_label-WM"][opposite])
		}
	}
}

// DIPY's solver (cvxpy) minimises the same squared residual without the regularisation, and stops at its own tolerance.
// voxfit's residual must be no larger, and predict the same signal.
func TestDIPYPredictsTheSameSignalWithMultipleTissues(t *testing.T) {
	peer.Slow(t)
	g := phantom.HCP()
	const voxels = 6
	p, err := phantom.Make(g, phantom.Options{Voxels: voxels, SNR: 30})
	if err != nil {
		t.Fatal(err)
	}
	shells := g.DIPYShells(acq.ShellTolerance)
	var response [][]float64
	var bvals []float64
	tissues := threeTissues()
	for i, s := range shells {
		row := []float64{}
		for _, t := range []Tissue{tissues[2], tissues[1], tissues[0]} {
			zonal, _ := t.zonal(shells, t.degree(8))
			row = append(row, zonal[i]...)
		}
		response, bvals = append(response, row), append(bvals, s.Bval)
	}
	found, err := DIPYTissues(response, bvals, 2)
	if err != nil {
		t.Fatal(err)
	}
	m := mustMSMT(t, g, found, MSMTOptions{})
	dipy := peer.DIPY(t, "msmt", peer.Arrays{
		"bvals": {Shape: []int{g.Len()}, Data: g.Bvals}, "bvecs": peer.Vectors(g.Bvecs), "signal": peer.Matrix32(p.Signal, g.Len()),
		"response": peer.Matrix(slices.Concat(response...), 7), "shells": {Shape: []int{len(bvals)}, Data: bvals}, "directions": peer.Vectors(sh.Directions300()),
	}, map[string]any{"lmax": 8, "iso": 2})
	size := m.Fitter().Parameters()
	params, status := make([]float64, voxels*size), make([]kernel.Status, voxels)
	m.Fitter().NewWorker().Fit(params, status, p.Signal)
	ours := make([]float64, g.Len())
	for v := range voxels {
		m.Predict(ours, params[v*size:])
		theirs := dipy["prediction"].Row(v)
		squares, worst := 0.0, 0.0
		for i, s := range p.Signal[v*g.Len():][:g.Len()] {
			squares += (theirs[i] - float64(s)) * (theirs[i] - float64(s))
			worst = max(worst, math.Abs(theirs[i]-ours[i]))
		}
		t.Logf("parity: voxel %d: residual %.9g, DIPY's %.9g, predictions within %.3g of %g", v, params[v*size+47], squares, worst, p.Signal[v*g.Len()])
		if params[v*size+47] > squares*(1+1e-4) {
			t.Errorf("voxel %d: residual %.9g, DIPY's is %.9g", v, params[v*size+47], squares)
		}
		if worst > 1e-3*float64(p.Signal[v*g.Len()]) {
			t.Errorf("voxel %d: predictions differ by %g", v, worst)
		}
	}
}

// The kernel's own tests have no maps from moments. Here white matter has one, and both ways must agree.
func TestTheGramMapOfWhiteMatterChangesNothingButTheSpeed(t *testing.T) {
	g := hcpPart(3)
	p, err := phantom.Make(g, phantom.Options{Voxels: 20, SNR: 30})
	if err != nil {
		t.Fatal(err)
	}
	for _, isa := range kernel.ISAs() {
		m := mustMSMT(t, g, threeTissues(), MSMTOptions{LMax: 6, ISA: isa})
		direct := m.Design()
		direct.Constraints = slices.Clone(direct.Constraints)
		direct.Constraints[0].Gram = nil
		f, err := qp.New(direct, kernel.WithISA(isa))
		if err != nil {
			t.Fatal(err)
		}
		size := f.Parameters()
		want, got, status := make([]float64, 20*size), make([]float64, 20*size), make([]kernel.Status, 20)
		f.NewWorker().Fit(want, status, p.Signal)
		m.Fitter().NewWorker().Fit(got, status, p.Signal)
		for v := range status {
			if d := largestDifference(got[v*size:][:29], want[v*size:][:29]); d > 1e-8 {
				t.Errorf("%s, voxel %d: differs by %.3g of the largest coefficient", isa, v, d)
			}
		}
	}
}

func TestAnMSMTVoxelDoesNotDependOnItsNeighboursOrTheCall(t *testing.T) {
	g := phantom.HCP()
	const n = 45
	p, err := phantom.Make(g, phantom.Options{Voxels: n, SNR: 20})
	if err != nil {
		t.Fatal(err)
	}
	p.Signal[3*g.Len()+5] = float32(math.NaN())
	clear(p.Signal[20*g.Len():][:2*g.Len()])
	wide := make([]float64, len(p.Signal))
	for i, s := range p.Signal {
		wide[i] = float64(s)
	}
	for _, isa := range kernel.ISAs() {
		f := mustMSMT(t, g, threeTissues(), MSMTOptions{ISA: isa}).Fitter()
		w, size := f.NewWorker(), f.Parameters()
		want, wantStatus := make([]float64, n*size), make([]kernel.Status, n)
		w.Fit64(want, wantStatus, wide)
		for _, chunk := range []int{1, 5, 8, 9, n} {
			for begin := 0; begin < n; begin += chunk {
				k := min(chunk, n-begin)
				got, status := make([]float64, k*size), make([]kernel.Status, k)
				w.Fit(got, status, p.Signal[begin*g.Len():][:k*g.Len()])
				if !slices.Equal(got, want[begin*size:][:k*size]) || !slices.Equal(status, wantStatus[begin:][:k]) {
					t.Fatalf("%s: voxels %d to %d differ in calls of %d", isa, begin, begin+k-1, chunk)
				}
			}
		}
		if wantStatus[3].Code != kernel.NonFinite || wantStatus[20].Code != kernel.ZeroSignal {
			t.Errorf("%s: codes %v and %v", isa, wantStatus[3].Code, wantStatus[20].Code)
		}
	}
}

func TestMSMTDoesNotAllocatePerVoxel(t *testing.T) {
	g := hcpPart(4)
	p, err := phantom.Make(g, phantom.Options{Voxels: 11})
	if err != nil {
		t.Fatal(err)
	}
	for _, isa := range kernel.ISAs() {
		m := mustMSMT(t, g, threeTissues(), MSMTOptions{ISA: isa, Prediction: true})
		w, d := m.Fitter().NewWorker(), m.NewDeriver()
		params, status := make([]float64, 11*m.Fitter().Parameters()), make([]kernel.Status, 11)
		var out [][]float32
		for _, description := range m.Maps() {
			out = append(out, make([]float32, 11*description.Components))
		}
		if n := testing.AllocsPerRun(2, func() {
			w.Fit(params, status, p.Signal)
			d.Derive(out, params, status)
		}); n != 0 {
			t.Errorf("%s: %v allocations", isa, n)
		}
	}
}

func TestOddResponsesAreWarnedOf(t *testing.T) {
	three := threeTissues()
	wm, gm, csf := three[0].Response, three[1].Response, three[2].Response
	turned := acq.Response{Zonal: [][]float64{{3545, 0}, {1700, 600}, {1100, 700}, {700, 500}}}
	reversed := acq.Response{Zonal: [][]float64{{700, -300}, {1700, -600}, {2100, -200}, {3545, 0}}}
	for words, responses := range map[string][]acq.Response{
		"the only tissue":      {wm},
		"GM has directions":    {wm, wm, csf},
		"WM has no direction":  {gm, csf},
		"WM: row 2":            {turned, gm, csf},
		"GM and CSF are equal": {wm, csf, csf},
		"WM and GM are equal":  {wm, wm, csf},
		"WM: row 2 (counted from 1) has 1700 at l = 0": {reversed, gm, csf},
		"coefficients from 288 volumes":                {wm, wm, wm, wm, wm, wm, wm},
	} {
		m := mustMSMT(t, phantom.HCP(), NameTissues(responses), MSMTOptions{})
		if all := strings.Join(m.Warnings(), "\n"); !strings.Contains(all, words) {
			t.Errorf("warnings %q do not say %q", all, words)
		}
	}
}

func TestVolumesThatAreNotFittedDoNotMatter(t *testing.T) {
	g := phantom.HCP()
	p, err := phantom.Make(g, phantom.Options{Voxels: 20, SNR: 30})
	if err != nil {
		t.Fatal(err)
	}
	m := mustMSMT(t, g, threeTissues(), MSMTOptions{Shells: []float64{0, 1000, 3000}, Prediction: true})
	fit := func() []float64 {
		params, status := make([]float64, 20*m.Fitter().Parameters()), make([]kernel.Status, 20)
		m.Fitter().NewWorker().Fit(params, status, p.Signal)
		return params
	}
	want := fit()
	for i, b := range g.Bvals {
		if b == 2000 {
			for v := range 20 {
				p.Signal[v*g.Len()+i] = float32(math.NaN())
			}
		}
	}
	if !slices.Equal(fit(), want) {
		t.Error("a volume of a shell that was not chosen changed the result")
	}
	predicted := make([]float64, g.Len())
	m.Predict(predicted, want)
	for i, b := range g.Bvals {
		if (predicted[i] == 0) != (b == 2000) {
			t.Fatalf("the prediction at b = %v is %v", b, predicted[i])
		}
	}
}

package model_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/magnitude"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
)

// highestShell lists the volumes of the shell of highest b, the only ones that csdm with the convention mrtrix
// reads.
func highestShell(g *acq.GradientTable) []int {
	shells, _, err := g.ClusterShells()
	if err != nil {
		panic(err)
	}
	return shells[len(shells)-1].Volumes
}

// badSignals make the rows of the table of bad signals in docs/architecture.md out of an ordinary signal.
var badSignals = map[string]func(g *acq.GradientTable, signal []float64){
	"NaN or Inf in a volume that the model reads": func(g *acq.GradientTable, s []float64) {
		s[highestShell(g)[2]] = math.Inf(1)
	},
	"all zero": func(_ *acq.GradientTable, s []float64) { clear(s) },
	"zero in every diffusion-weighted volume": func(g *acq.GradientTable, s []float64) {
		for _, v := range g.DWIs() {
			s[v] = 0
		}
	},
	"zero in every b0 volume": func(g *acq.GradientTable, s []float64) {
		for _, v := range g.B0s() {
			s[v] = 0
		}
	},
	"six values that are not zero": keepSix,
	"six values that are not zero, as of water": func(g *acq.GradientTable, s []float64) {
		for v, b := range g.Bvals {
			s[v] = 1000 * math.Exp(-b*3e-3)
		}
		keepSix(g, s)
	},
	"finite, and beyond 3.4e38 in one volume that the model reads": func(g *acq.GradientTable, s []float64) {
		s[highestShell(g)[2]] = 1e39
	},
	"the same in all volumes": func(_ *acq.GradientTable, s []float64) {
		largest := slices.Max(s)
		for v := range s {
			s[v] = math.MaxFloat64 * (s[v] / largest)
		}
	},
	"all values between 0 and 1e-6": func(_ *acq.GradientTable, s []float64) {
		for v := range s {
			s[v] *= 1e-10
		}
	},
	"one value below zero": func(g *acq.GradientTable, s []float64) {
		s[highestShell(g)[1]] = -5
	},
}

// keepSix sets all values but one b0 and five of the highest shell to zero.
func keepSix(g *acq.GradientTable, s []float64) {
	kept := append(slices.Clone(g.B0s()[:1]), highestShell(g)[:5]...)
	for v := range s {
		if !slices.Contains(kept, v) {
			s[v] = 0
		}
	}
}

// badSignalTable reads the table: the names of the models, and the cells of each row by the row's first cell.
func badSignalTable(t *testing.T) (models []string, rows map[string][]string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n## Bad signals\n")
	text, _, _ = strings.Cut(text, "\n## ")
	rows = map[string][]string{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		if models == nil {
			models = cells[1:]
			continue
		}
		rows[cells[0]] = cells[1:]
	}
	return models, rows
}

// badSignalFitters returns the fitters of a model with each of its methods, on one instruction set.
func badSignalFitters(t *testing.T, g *acq.GradientTable, name, isa string) map[string]kernel.Fitter {
	t.Helper()
	fitters := map[string]kernel.Fitter{}
	add := func(what string, m model.Model, err error) {
		if err != nil {
			t.Fatal(err)
		}
		fitters[what] = m.Fitter()
	}
	for _, precision := range []kernel.Precision{kernel.Mixed, kernel.Double} {
		switch name {
		case "csdm":
			m, err := model.NewCSD(g, phantom.Response(), model.CSDOptions{Precision: precision, ISA: isa})
			add(fmt.Sprint("csdm ", precision), m, err)
		case "msmt":
			wm, gm, csf := phantom.Tissues()
			m, err := model.NewMSMT(g, model.NameTissues([]acq.Response{wm, gm, csf}), model.MSMTOptions{ISA: isa})
			add("msmt", m, err)
		case "sfm":
			for _, solver := range []model.Solver{model.ElasticNet, model.NNLS} {
				m, err := model.NewSFM(g, model.SFMOptions{Solver: solver, Precision: precision, ISA: isa})
				add(fmt.Sprint("sfm ", solver, precision), m, err)
			}
		case "fwdtim":
			for _, method := range []kernel.Method{kernel.WLS, kernel.NLS} {
				m, err := model.NewFreeWater(g, model.FreeWaterOptions{Method: method, Precision: precision, ISA: isa})
				add(fmt.Sprint("fwdtim ", method, precision), m, err)
			}
		case "dti":
			for _, o := range []model.TensorOptions{{Method: kernel.OLS}, {Method: kernel.WLS}, {Method: kernel.NLS}, {Method: kernel.IWLS, Iterations: 2}} {
				o.ISA = isa
				m, err := model.NewTensor(g, o)
				add(fmt.Sprint("dti ", o.Method), m, err)
			}
		default:
			t.Fatalf("the table has a column %q that this test knows no model for", name)
		}
	}
	return fitters
}

// The table of bad signals in docs/architecture.md must be true for every model, method, precision and instruction set.
func TestBadSignalsGiveTheResultsOfTheTable(t *testing.T) {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 40, SNR: 30, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	const brain = 7 // one of these voxels, which has tissue
	g, n := p.Gradients, p.Gradients.Len()
	models, rows := badSignalTable(t)
	if !slices.Equal(slices.Sorted(slices.Values(models)), slices.Sorted(slices.Values(model.Names()))) {
		t.Fatalf("the table has columns for %v, there are %v", models, model.Names())
	}
	if len(rows) != len(badSignals) {
		t.Fatalf("the table has %d rows, the test knows %d", len(rows), len(badSignals))
	}
	for _, isa := range kernel.ISAs() {
		for column, name := range models {
			for what, f := range badSignalFitters(t, g, name, isa) {
				worker := f.NewWorker()
				for row, cells := range rows {
					spoil, known := badSignals[row]
					if !known {
						t.Fatalf("the table has a row %q that this test has no signal for", row)
					}
					signal := make([]float64, n)
					for i, v := range p.Signal[brain*n:][:n] {
						signal[i] = float64(v)
					}
					spoil(g, signal)
					params, status := make([]float64, f.Parameters()), make([]kernel.Status, 1)
					worker.Fit64(params, status, signal)
					checkBadSignal(t, fmt.Sprintf("%s, %s: %s", isa, what, row), cells[column], params, status[0].Code)
					worker.Fit(params, status, singles(signal))
					checkBadSignal(t, fmt.Sprintf("%s, %s, float32: %s", isa, what, row), cells[column], params, status[0].Code)
				}
			}
		}
	}
}

// singles returns a signal in float32, as images are read.
func singles(signal []float64) (rounded []float32) {
	for _, v := range signal {
		rounded = append(rounded, magnitude.Scaled(v, 1, 0))
	}
	return rounded
}

// checkBadSignal compares a voxel with a cell of the table, such as "0: ZeroSignal" or "fit: OK or 0: Overflow".
func checkBadSignal(t *testing.T, what, cell string, params []float64, code kernel.Code) {
	t.Helper()
	for _, v := range params {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%s: a parameter is %g", what, v)
			return
		}
	}
	value := "fit"
	if !slices.ContainsFunc(params, func(v float64) bool { return v != 0 }) {
		value = "0"
	}
	got := fmt.Sprintf("%s: %v", value, code)
	if strings.Contains(what, "dti IWLS") {
		cell = strings.ReplaceAll(cell, "BelowMinSignal", "OK") // the table's notes say so
	}
	if !slices.Contains(strings.Split(cell, " or "), got) {
		t.Errorf("%s: %s, the table says %q", what, got, cell)
	}
}

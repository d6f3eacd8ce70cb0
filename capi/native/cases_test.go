package native

import (
	"math"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/cases"
)

// shellOptions are what the models of shells need for shells of b = 0, 1000 and 2000.
var shellOptions = map[string]string{
	"csdm": `{"response": {"evals": [0.0015, 0.0004, 0.0004], "s0": 1000}, "convention": "mrtrix", "lmax": 4`,
	"msmt": `{"response": [{"name": "WM", "zonal": [[3545, 0, 0], [1700, -600, 120], [1100, -700, 260]]}, {"name": "CSF", "zonal": [[3545], [180], [9]]}]`,
	"dti":  `{"method": "ols"`, "fwdtim": `{"method": "wls"`, "sfm": `{"solver": "nnls"`,
}

func newFor(a cases.Acquisition, name, more string) (*Model, error) {
	return newModel(name, a.Bvals, a.Bvecs, shellOptions[name]+more+"}")
}

func TestLengthsOfVectorsAreTheBValuesOfEveryModel(t *testing.T) {
	for i, a := range []cases.Acquisition{cases.Shortened(), cases.LengthsCodeB()} {
		for name := range shellOptions {
			m, err := newFor(a, name, "")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(m.Warnings(), "\n"), "b-value was multiplied") {
				t.Errorf("%s: warnings %q", name, m.Warnings())
			}
			if i > 0 {
				continue // one b-value alone
			}
			if m, err = newFor(a, name, `, "bvalue_scaling": "dipy"`); err != nil || strings.Contains(strings.Join(m.Warnings(), "\n"), "multiplied") {
				t.Errorf("%s: a table of DIPY: %v", name, err)
			}
		}
	}
	a := cases.LengthsCodeB()
	for name, scaling := range map[string]string{"dti": "auto", "fwdtim": "yes"} {
		m, err := newFor(a, name, `, "bvalue_scaling": "`+scaling+`"`)
		if err != nil {
			t.Fatal(err)
		}
		signal := a.Voxels(8)
		params, _, _ := fitted(t, m, 8, func(b *Batch) { b.Signal = Signal{Data: pointer(signal), Type: Float32} })
		tensor := params[:6]
		if md := (tensor[0] + tensor[2] + tensor[5]) / 3; math.Abs(md-cases.MD) > 1e-3*cases.MD {
			t.Errorf("%s: MD is %v, expected %v", name, md, cases.MD)
		}
	}
}

func TestBValuesInOtherUnitsAreRefusedByEveryModel(t *testing.T) {
	for unit, factor := range map[string]float64{"ms/um2": 1e-3, "s/m2": 1e6} {
		for name := range shellOptions {
			_, err := newFor(cases.InUnits(factor), name, "")
			if err == nil || !strings.Contains(err.Error(), unit) || !strings.Contains(err.Error(), "s/mm2") {
				t.Errorf("%s: b-values in %s: %v", name, unit, err)
			}
		}
	}
}

func TestModelsOfShellsRefuseTablesWithoutShells(t *testing.T) {
	for _, name := range []string{"csdm", "msmt"} {
		if _, err := newFor(cases.WithoutShells(), name, ""); err == nil || !strings.Contains(err.Error(), "shell") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTensorRowsAreNoTissueResponses(t *testing.T) {
	a := cases.InUnits(1)
	_, err := newModel("msmt", a.Bvals, a.Bvecs, `{"response": [{"name": "WM", "zonal": [[0.0015, 0.0004, 0.0004, 700], [0.0015, 0.0004, 0.0004, 700], [0.0015, 0.0004, 0.0004, 700]]}]}`)
	if err == nil || !strings.Contains(err.Error(), "e1 e2 e3 S0") {
		t.Errorf("rows of tensors: %v", err)
	}
}

func TestStrayVolumesAreLeftOutWithAWarning(t *testing.T) {
	a := cases.InUnits(1)
	a.Bvals[10] = 700
	m, err := newFor(a, "msmt", "")
	if err != nil {
		t.Fatal(err)
	}
	if w := strings.Join(m.Warnings(), "\n"); !strings.Contains(w, "b = 700") {
		t.Errorf("warnings %q", w)
	}
	if m, err = newFor(a, "msmt", `, "shells": [0, 1000, 2000]`); err != nil || strings.Contains(strings.Join(m.Warnings(), "\n"), "700") {
		t.Errorf("with shells chosen: %v", err)
	}
	if _, err = newFor(a, "msmt", `, "shells": [0, 1500]`); err == nil || !strings.Contains(err.Error(), "no shell of b = 1500") {
		t.Errorf("a shell that there is not: %v", err)
	}
}

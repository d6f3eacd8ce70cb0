package native

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/cases"
)

// shellOptions has the options of the models that need shells, for shells of b = 0, 1000 and 2000.
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

func TestTensorRowsAreRefusedAsResponsesOfTissues(t *testing.T) {
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
		t.Errorf("a shell that does not exist: %v", err)
	}
}

// newMeasured makes the model of several tissues for measured data, with responses for some of their shells.
func newMeasured(t *testing.T, a cases.Measured, shells ...int) *Model {
	t.Helper()
	if testing.Short() {
		t.Skip("-short")
	}
	var response []map[string]any
	zonal := cases.Responses(t, shells...)
	for _, tissue := range cases.Tissues {
		response = append(response, map[string]any{"name": tissue, "zonal": zonal[tissue]})
	}
	options, err := json.Marshal(map[string]any{"response": response})
	if err != nil {
		t.Fatal(err)
	}
	m, err := newModel("msmt", a.Bvals, a.World, string(options))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAMeasuredStrayVolumeIsLeftOutWithAWarning(t *testing.T) {
	var params [2][]float64
	for i, a := range []cases.Measured{cases.StrayVolume(t), cases.WithoutStray(t)} {
		m := newMeasured(t, a, 0, 2, 3)
		if warned := strings.Contains(strings.Join(m.Warnings(), "\n"), "b = 700"); warned != (i == 0) {
			t.Errorf("warnings %q", m.Warnings())
		}
		params[i], _, _ = fitted(t, m, a.Header.Voxels(), func(b *Batch) { b.Signal = Signal{Data: pointer(a.Signal), Type: Float32} })
	}
	if !slices.Equal(params[0], params[1]) {
		t.Error("a volume of no shell is not as one that was taken out by hand")
	}
}

func TestAMeasuredJitteredShellIsOneAsInMRtrix3(t *testing.T) {
	a := cases.JitteredShell(t)
	m, voxels := newMeasured(t, a, 0, 1, 2, 3), a.Header.Voxels()
	params, _, _ := fitted(t, m, voxels, func(b *Batch) { b.Signal = Signal{Data: pointer(a.Signal), Type: Float32} })
	got, want := map[string][]float32{}, cases.Distributions(t)
	for v := range voxels {
		at := params[v*m.Parameters():]
		for _, tissue := range cases.Tissues {
			n := len(want[tissue]) / voxels
			for _, x := range at[:n] {
				got[tissue] = append(got[tissue], float32(x))
			}
			at = at[n:]
		}
	}
	if apart := cases.FurthestApart(got, want, voxels); apart > 1e-4 {
		t.Errorf("the largest difference is %.2g of a voxel's norm", apart)
	}
}

package model

import (
	"fmt"
	"math"
	"reflect"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/sh"
)

// A Tissue is one kind of tissue of multi-tissue deconvolution: its name, as in file names ("WM", "GM",
// "CSF"), and its response.
//
// A zonal response has a row for each shell, b = 0 included, as MRtrix3's dwi2response writes it: the coefficients
// of the zonal harmonics of degree 0, 2, 4 ... of the signal. Tissue without direction has one column. A response in
// tensor form is turned into such rows.
type Tissue struct {
	Name     string
	Response acq.Response
}

// NameTissues names responses as MRtrix3 orders them: WM, GM, CSF. A single one is WM. Two are WM and CSF, as MRtrix3
// advises for single-shell data. From the fourth on they are numbered.
func NameTissues(responses []acq.Response) []Tissue {
	names := []string{"WM", "GM", "CSF"}
	if len(responses) == 2 {
		names = []string{"WM", "CSF"}
	}
	var tissues []Tissue
	for i, r := range responses {
		name := fmt.Sprintf("tissue%d", i+1)
		if i < len(names) {
			name = names[i]
		}
		tissues = append(tissues, Tissue{name, r})
	}
	return tissues
}

// DIPYTissues reads the response of DIPY's MultiShellResponse. response is shells x (iso + degrees), and bvals has the
// b-values of the shells. The first iso columns are tissues without direction, CSF and then GM, as DIPY orders them.
// The other columns are the zonal harmonics of WM. The numbers are those of MRtrix3's files.
func DIPYTissues(response [][]float64, bvals []float64, iso int) ([]Tissue, error) {
	switch {
	case iso < 0:
		return nil, fmt.Errorf("msmt: there are %s without direction, expected none or more", plural.Count(iso, "tissue"))
	case len(response) == 0 || len(response) != len(bvals):
		return nil, fmt.Errorf("msmt: the response has %s, expected one for each of %s", plural.Count(len(response), "row"), plural.Count(len(bvals), "shell"))
	}
	names := []string{"CSF", "GM"}
	tissues := make([]Tissue, iso+1)
	for t := range tissues {
		name := "WM"
		if t < iso {
			name = fmt.Sprintf("tissue%d", t+1)
			if t < len(names) {
				name = names[t]
			}
		}
		r := acq.Response{Bvals: bvals}
		for _, row := range response {
			if len(row) <= iso {
				return nil, fmt.Errorf("msmt: the response has %s, expected %s without direction and one more", plural.Count(len(row), "column"), plural.Count(iso, "tissue"))
			}
			if t < iso {
				r.Zonal = append(r.Zonal, row[t:t+1])
			} else {
				r.Zonal = append(r.Zonal, row[iso:])
			}
		}
		tissues[t] = Tissue{name, r}
	}
	return append(tissues[iso:], tissues[:iso]...), nil
}

// degree is the highest degree that a response has, up to the limit.
func (t Tissue) degree(limit int) int {
	if !t.Response.IsZonal() {
		if t.isotropic() {
			return 0
		}
		return limit
	}
	return min(limit, 2*(len(t.Response.Zonal[0])-1))
}

// isotropic says whether a tensor is the same in all directions.
func (t Tissue) isotropic() bool {
	e := t.Response.Evals
	return e[0] == e[1] && e[1] == e[2]
}

// Zonal returns the response in zonal form, as MRtrix3's files have it: for each shell of the gradient table the
// coefficients of degree 0, 2, 4 ... lmax. It is an error if the response does not fit the shells.
func (t Tissue) Zonal(g *acq.GradientTable, lmax int) ([][]float64, error) {
	shells, _, err := g.ChooseShells(nil)
	if err != nil {
		return nil, err
	}
	return t.zonal(shells, lmax)
}

// zonal returns the coefficients up to lmax for each shell.
func (t Tissue) zonal(shells []acq.Shell, lmax int) ([][]float64, error) {
	r := t.Response
	rows := make([][]float64, len(shells))
	if !r.IsZonal() {
		for i, s := range shells {
			rows[i] = tensorShell(r, s.Bval, lmax)
		}
		return rows, nil
	}
	if len(r.Bvals) == 0 && len(r.Zonal) != len(shells) {
		return nil, responseErrorf("the response of %s has %s, expected one for each of the %s (%s)", t.Name, plural.Count(len(r.Zonal), "row"), plural.Count(len(shells), "shell"), acq.ListShells(shells))
	}
	for i, s := range shells {
		row := i
		if len(r.Bvals) > 0 {
			if row = nearestValue(r.Bvals, s.Bval); math.Abs(r.Bvals[row]-s.Bval) > acq.ShellTolerance {
				return nil, responseErrorf("the response of %s is for b = %v, expected one for the shell b = %.0f", t.Name, r.Bvals, s.Bval)
			}
		}
		if len(r.Zonal[row]) < lmax/2+1 {
			return nil, responseErrorf("the response of %s has %s at b = %.0f, expected at least %d for lmax %d", t.Name, plural.Count(len(r.Zonal[row]), "coefficient"), s.Bval, lmax/2+1, lmax)
		}
		rows[i] = r.Zonal[row][:lmax/2+1]
	}
	return rows, nil
}

func nearestValue(list []float64, value float64) int {
	best := 0
	for i, x := range list {
		if math.Abs(x-value) < math.Abs(list[best]-value) {
			best = i
		}
	}
	return best
}

// tissueWarnings are sentences about what is odd about the responses.
func tissueWarnings(tissues []Tissue) []string {
	var warnings []string
	if len(tissues) == 1 {
		warnings = append(warnings, fmt.Sprintf("msmt: all signal is taken for %s, the only tissue; csdm is the model for one tissue", tissues[0].Name))
	}
	for i, t := range tissues {
		directed := t.Response.HasDirections()
		switch {
		case t.Name == "WM" && !directed:
			warnings = append(warnings, "msmt: the response of WM has no direction: is it that of another tissue?")
		case (t.Name == "GM" || t.Name == "CSF") && directed:
			warnings = append(warnings, fmt.Sprintf("msmt: the response of %s has directions: is it that of another tissue?", t.Name))
		}
		if odd := t.Response.Oddity(); odd != "" {
			warnings = append(warnings, fmt.Sprintf("msmt: the response of %s: %s", t.Name, odd))
		}
		for _, other := range tissues[:i] {
			if reflect.DeepEqual(t.Response.Zonal, other.Response.Zonal) && t.Response.Evals == other.Response.Evals && t.Response.S0 == other.Response.S0 {
				warnings = append(warnings, fmt.Sprintf("msmt: the responses of %s and %s are equal: the two cannot be told apart", other.Name, t.Name))
			}
		}
	}
	return warnings
}

// tensorShell is the projection of a tensor's signal at one b-value on the zonal harmonics, by
// quadrature over the cosine of the angle to the axis.
func tensorShell(r acq.Response, bval float64, lmax int) []float64 {
	const steps = 2000 // Simpson's rule has an error of 1e-13 for b D up to 15
	radial := (r.Evals[1] + r.Evals[2]) / 2
	directions, signal := make([][3]float64, steps+1), make([]float64, steps+1)
	for i := range directions {
		z := float64(i) / steps
		directions[i] = [3]float64{math.Sqrt(1 - z*z), 0, z}
		signal[i] = r.S0 * math.Exp(-bval*(radial+(r.Evals[0]-radial)*z*z))
		switch {
		case i == 0 || i == steps:
		case i%2 == 1:
			signal[i] *= 4
		default:
			signal[i] *= 2
		}
	}
	values := sh.Tournier07.Evaluate(lmax, directions)
	row, n := make([]float64, lmax/2+1), sh.Count(lmax)
	for i, s := range signal {
		for k := range row {
			l := 2 * k
			row[k] += s * values[i*n+l*(l+1)/2]
		}
	}
	for k := range row {
		row[k] *= 4 * math.Pi / (3 * steps) // both hemispheres
	}
	return row
}

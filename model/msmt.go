package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/peaks"
	"github.com/voxfit/voxfit/kernel/qp"
	"github.com/voxfit/voxfit/sh"
)

var msmtKind = &Kind{
	Name: "msmt", Class: "MultiShellDeconvModel", Words: "Multi-shell multi-tissue deconvolution", Short: "MSMT", Entity: "msmtcsd", Function: "fit_msmt",
	Summary: "Multi-shell multi-tissue constrained spherical deconvolution (Jeurissen 2014), the problem of MRtrix3's dwi2fod msmt_csd",
	Needs:   Needs{Tissues: true, Shells: 1, Measurements: 1},
	Options: MSMTOptions{},
	New: func(in Inputs, options any) (Model, error) {
		return asModel(NewMSMT(in.Gradients, in.Tissues, options.(MSMTOptions)))
	},
}

// MSMTOptions are the choices of multi-tissue deconvolution. A field that is zero has its default, which is MRtrix3's.
type MSMTOptions struct {
	// LMax is the highest degree. A tissue whose response has a lower degree is fitted up to that one.
	LMax int `json:"lmax" range:"[2,12]" multiple:"2" default:"8" aliases:"sh_order_max,sh_order" help:"Highest SH degree. A tissue whose response has a lower degree is fitted up to that one."`
	// Basis is the basis in which the maps of coefficients are written. The default is MRtrix3's, sh.Tournier07.
	// The parameters themselves are always in Tournier07.
	Basis sh.Basis `json:"sh_basis" choices:"tournier07,descoteaux07" default:"tournier07" aliases:"basis_type,sh_basis_type" help:"Basis of the SH coefficients in the maps fod: MRtrix3's or DIPY's legacy basis. Parameters are always in tournier07."`
	// Directions are the directions in which no amplitude may be negative. nil means MRtrix3's, sh.Directions300.
	Directions [][3]float64 `json:"directions" aliases:"reg_sphere" help:"Directions in which no amplitude may be negative. The default is the 300 directions of MRtrix3."`
	// NegLambda and NormLambda are MRtrix3's -neg_lambda and -norm_lambda. With a larger NegLambda MRtrix3 stops
	// before the minimum of this problem.
	NegLambda  float64 `json:"neg_lambda" range:"(0,1)" default:"1e-10" help:"Regularisation of the constraint, MRtrix3's -neg_lambda."`
	NormLambda float64 `json:"norm_lambda" range:"(0,1)" default:"1e-10" help:"Regularisation of the solution, MRtrix3's -norm_lambda."`
	// Sphere, Peaks, PeakThreshold, PeakSeparation and RefinePeaks say how peaks are found. Only tissues whose
	// response depends on direction have peaks. A nil Sphere means sh.DefaultHemisphere.
	Sphere         *sh.Sphere `json:"sphere" default:"repulsion724" help:"Peaks are looked for among these directions, and GFA is computed from the values there. The default is the 362 directions of DIPY's default_sphere, the hemisphere of repulsion724."`
	Peaks          int        `json:"peaks" range:"[1,65535]" default:"5" aliases:"npeaks" help:"Number of peaks in the maps peaks and peakvalues."`
	PeakThreshold  float64    `json:"peak_threshold" range:"[0,1]" default:"0.5" zero:"1e-300" aliases:"relative_peak_threshold" help:"Peaks lower than this share of the highest peak are left out. Where the smallest value is positive, heights are measured from it."`
	PeakSeparation float64    `json:"peak_separation" unit:"degrees" range:"[0,90]" default:"25" zero:"1e-300" aliases:"min_separation_angle" help:"Least angle between peaks."`
	RefinePeaks    bool       `json:"refine_peaks" help:"Move each peak from a direction of the sphere to the maximum beside it, as MRtrix3 does."`
	// Shells are the b-values of the shells that are fitted, with 0 for b = 0. nil means all.
	Shells []float64 `json:"shells" unit:"s/mm2" range:"[0,inf)" help:"b-values of the shells that are fitted, with 0 for b = 0. By default all shells are fitted. Volumes that are in no shell are left out."`
	// Prediction adds a map of the signal that the model predicts.
	Prediction bool `json:"prediction" help:"Also make a map of the predicted signal. It is as large as the data."`
	// ISA is the instruction set, as kernel.WithISA takes it; "" leaves it to the environment.
	ISA string
}

func (o *MSMTOptions) forMRtrix() bool { return o.Basis == sh.Tournier07 }

// MSMT is multi-shell multi-tissue constrained spherical deconvolution (Jeurissen et al., NeuroImage 2014), set up
// as MRtrix3's `dwi2fod msmt_csd`. The signal is a sum over several tissues. Each tissue has a distribution of
// orientations, which its own response turns into the signal of all shells, and no distribution is negative.
//
// Parameters are the SH coefficients of the tissues one after another, in the Tournier07 basis, and then measures of
// the fit. qp.New documents these, and the codes.
type MSMT struct {
	options  MSMTOptions
	tissues  []tissuePart
	design   qp.Design
	fitter   kernel.Fitter
	maps     []Map
	warnings []string
}

// tissuePart says which of the parameters are a tissue's.
type tissuePart struct {
	name        string
	lmax, first int
	finder      *peaks.Finder // nil where the response has no direction
}

// NewMSMT sets the model up for one acquisition and the responses of any number of tissues.
//
// Shells are those of acq.GradientTable.ChooseShells, which follows MRtrix3's rule; b = 0 is one of them. Volumes that
// are in no shell are left out, with a warning. A shell of fewer than six directions is an error. Each response has a
// row for each shell. Where it does not say for which b-values its rows are, they are in the order of the shells. Where
// it does, as MRtrix3's files do, each shell takes the row of the nearest b-value, which must be within the tolerance.
// A tissue's highest degree is that of its response, or LMax, if that is lower.
//
// B-vectors are taken as they are. MRtrix3 works in the frame of the scanner (acq.WorldBvecs).
//
// Errors say what was found and what was expected. Warnings has what is allowed but suspicious.
func NewMSMT(g *acq.GradientTable, tissues []Tissue, o MSMTOptions) (*MSMT, error) {
	err := prepare(&o)
	m := &MSMT{options: o}
	if err == nil {
		err = m.makeDesign(g, tissues)
	}
	if err == nil {
		m.fitter, err = qp.New(m.design, kernel.WithISA(o.ISA))
	}
	if err == nil {
		err = m.makeFinders()
	}
	if err != nil {
		return nil, fmt.Errorf("msmt: %w", err)
	}
	m.listMaps()
	return m, nil
}

// makeDesign checks acquisition and tissues, and makes the matrices of the kernel.
func (m *MSMT) makeDesign(g *acq.GradientTable, tissues []Tissue) error {
	if len(tissues) == 0 {
		return responseErrorf("there is no tissue, expected at least one response")
	}
	shells, err := m.chooseShells(g)
	if err != nil {
		return err
	}
	m.warnings = append(m.warnings, tissueWarnings(tissues)...)
	unknowns := 0
	for _, t := range tissues {
		if err := checkTissue(t); err != nil {
			return err
		}
		if slices.ContainsFunc(m.tissues, func(other tissuePart) bool { return other.name == t.Name }) {
			return fmt.Errorf("two tissues are called %q, expected different names", t.Name)
		}
		lmax := t.degree(m.options.LMax)
		m.tissues = append(m.tissues, tissuePart{name: t.Name, lmax: lmax, first: unknowns})
		unknowns += sh.Count(lmax)
	}
	volumes := volumesOf(shells)
	m.design = qp.Design{
		Measurements: g.Len(), Volumes: volumes, Unknowns: unknowns, H: make([]float64, len(volumes)*unknowns),
		SolutionNorm: m.options.NormLambda, ConstraintNorm: m.options.NegLambda,
	}
	for i, t := range tissues {
		if err := m.convolve(g, shells, t, m.tissues[i]); err != nil {
			return err
		}
		m.constrain(m.tissues[i])
	}
	if unknowns > len(volumes) {
		m.warnings = append(m.warnings, fmt.Sprintf("msmt: %s from %s: there are more unknowns than measurements, and the fit rests on its constraint", plural.Count(unknowns, "coefficient"), plural.Count(len(volumes), "volume")))
	}
	if len(tissues) > len(shells) {
		m.warnings = append(m.warnings, fmt.Sprintf("msmt: %s from %s (%s): tissues without direction cannot be told apart", plural.Count(len(tissues), "tissue"), plural.Count(len(shells), "shell"), acq.ListShells(shells)))
	}
	return nil
}

// chooseShells returns the shells that are fitted, b = 0 among them.
func (m *MSMT) chooseShells(g *acq.GradientTable) ([]acq.Shell, error) {
	shells, warnings, err := g.ChooseShells(m.options.Shells)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		m.warnings = append(m.warnings, "msmt: "+w)
	}
	for _, s := range shells {
		if err := g.CheckShell(s); err != nil {
			return nil, err
		}
	}
	return shells, nil
}

// volumesOf are the volumes of shells, ascending.
func volumesOf(shells []acq.Shell) []int {
	var volumes []int
	for _, s := range shells {
		volumes = append(volumes, s.Volumes...)
	}
	slices.Sort(volumes)
	return volumes
}

func checkTissue(t Tissue) error {
	if t.Name == "" || strings.ContainsAny(t.Name, "/_ ") {
		return fmt.Errorf("a tissue is called %q, expected a name without blank, slash and underscore", t.Name)
	}
	if err := t.Response.Check(); err != nil {
		return responseErrorf("the response of %s: %w", t.Name, err)
	}
	signal := t.Response.S0
	for _, row := range t.Response.Zonal {
		signal += row[0]
	}
	if !(signal > 0) {
		return responseErrorf("the response of %s has no signal: its first coefficients add up to %v", t.Name, signal)
	}
	return nil
}

// convolve writes the columns of H that turn a tissue's coefficients into signal.
func (m *MSMT) convolve(g *acq.GradientTable, shells []acq.Shell, t Tissue, part tissuePart) error {
	rows, err := t.zonal(shells, part.lmax)
	if err != nil {
		return err
	}
	n, terms := sh.Count(part.lmax), sh.Terms(part.lmax)
	for shell, s := range shells {
		basis := sh.Tournier07.Evaluate(part.lmax, directionsOrPole(g, s.Volumes))
		for i, volume := range s.Volumes {
			place, _ := slices.BinarySearch(m.design.Volumes, volume)
			row := m.design.H[place*m.design.Unknowns+part.first:][:n]
			for j, term := range terms {
				// Convolution with a delta along z, whose coefficients are Y(l, 0) at the pole, is the identity.
				row[j] = basis[i*n+j] * rows[shell][term.L/2] / math.Sqrt(float64(2*term.L+1)/(4*math.Pi))
			}
		}
	}
	return nil
}

// directionsOrPole are the b-vectors of volumes; those without a direction (b = 0) are taken along z, as
// in MRtrix3.
func directionsOrPole(g *acq.GradientTable, volumes []int) [][3]float64 {
	list := directionsOf(g, volumes)
	for i, d := range list {
		if d == ([3]float64{}) {
			list[i] = [3]float64{0, 0, 1}
		}
	}
	return list
}

// constrain adds the rows that keep a tissue's distribution from being negative. A tissue without direction needs a
// single row.
func (m *MSMT) constrain(part tissuePart) {
	directions := m.options.Directions
	if directions == nil {
		directions = sh.Directions300()
	}
	if part.lmax == 0 {
		directions = directions[:1]
	}
	c := qp.Constraints{
		First: part.first, Columns: sh.Count(part.lmax),
		A: sh.Tournier07.Evaluate(part.lmax, directions),
	}
	if part.lmax > 0 {
		gram := newGramMap(sh.Tournier07, part.lmax, directions, 1)
		c.Gram = &gram
	}
	m.design.Constraints = append(m.design.Constraints, c)
}

// Kind describes the model before there is an acquisition.
func (m *MSMT) Kind() *Kind { return msmtKind }

// Options are the MSMTOptions in force.
func (m *MSMT) Options() any { return m.options }

// Parameters are fod of each tissue in the basis Tournier07, residual (the sum of squared differences), and kkt.
func (m *MSMT) Parameters() []Map {
	return append(m.fods(sh.Tournier07),
		Map{Name: "residual", Components: 1, Arbitrary: true, Description: "Sum of the squared differences of predicted and measured signal."}, kktMap)
}

// Fitter is the kernel.
func (m *MSMT) Fitter() kernel.Fitter { return m.fitter }

// Design returns the matrices from which the kernel was made, for inspection and for other solvers. The caller must
// not change them.
func (m *MSMT) Design() qp.Design { return m.design }

// Maps are fod of each tissue, fraction, rmse and kkt; gfa, peaks and peakvalues of each tissue with directions; status
// and iterations; and prediction where it was asked for.
func (m *MSMT) Maps() []Map { return m.maps }

// Volumes lists the volumes that are fitted, in ascending order, counted from 0.
func (m *MSMT) Volumes() []int { return m.design.Volumes }

// Warnings are sentences about what the set-up found suspicious.
func (m *MSMT) Warnings() []string { return m.warnings }

// fods describes the SH coefficients of the tissues.
func (m *MSMT) fods(basis sh.Basis) []Map {
	var maps []Map
	for _, t := range m.tissues {
		maps = append(maps, Map{Name: "fod_label-" + t.name, Suffix: "dwimap", Components: sh.Count(t.lmax), Arbitrary: true, Basis: basis,
			Description: fmt.Sprintf("SH coefficients of the distribution of %s up to degree %d, basis %v: even l ascending, m = -l..l.", t.name, t.lmax, basis)})
	}
	return maps
}

var kktMap = Map{Name: "kkt", Suffix: "dwimap", Components: 3,
	Description: "Relative errors of the conditions of Karush, Kuhn and Tucker, which hold at the minimum: dual, primal, complementarity. Zeros where nothing was fitted."}

// makeFinders prepares the search for peaks of tissues that have directions.
func (m *MSMT) makeFinders() (err error) {
	for i := range m.tissues {
		if t := &m.tissues[i]; t.lmax > 0 && err == nil {
			t.finder, err = m.peaks().finder(sh.Tournier07, t.lmax, m.options.ISA)
		}
	}
	return err
}

func (m *MSMT) peaks() peakRules {
	o := m.options
	return peakRules{o.Sphere, o.PeakThreshold, o.PeakSeparation, o.Peaks, o.RefinePeaks}
}

func (m *MSMT) listMaps() {
	var names []string
	for _, t := range m.tissues {
		names = append(names, t.name)
	}
	m.maps = append(m.fods(m.options.Basis),
		Map{Name: "fraction", Suffix: "dwimap", Components: len(m.tissues),
			Description: "Shares of the tissues, " + strings.Join(names, ", ") + ": first coefficients over their sum; zeros where there is no signal."},
		Map{Name: "rmse", Suffix: "dwimap", Components: 1, Arbitrary: true, Description: "Root of the mean squared difference of the predicted from the measured signal, in the units of the images."},
		kktMap)
	for _, t := range m.tissues {
		if t.finder != nil {
			m.maps = append(m.maps, m.peaks().maps("the distribution of "+t.name, "_label-"+t.name)...)
		}
	}
	if m.options.Prediction {
		m.maps = append(m.maps, Map{Name: "prediction", Suffix: "dwimap", Components: m.design.Measurements, Arbitrary: true, Description: "The signal that the model predicts, in the order of the volumes; 0 for those that are not fitted."})
	}
	m.maps = append(m.maps, statusMaps...)
}

// Predict writes the signal of one voxel's parameters to dst, which has a value for each volume. Volumes that are not
// fitted get 0.
func (m *MSMT) Predict(dst, params []float64) {
	n := m.design.Unknowns
	clear(dst)
	for i, volume := range m.design.Volumes {
		sum := 0.0
		for j, h := range m.design.H[i*n:][:n] {
			sum += float64(h * params[j])
		}
		dst[volume] = sum
	}
}

// NewDeriver allocates what one worker needs to turn parameters into maps.
func (m *MSMT) NewDeriver() Deriver {
	d := &msmtDeriver{MSMT: m, fod: make([]float64, m.design.Unknowns), signal: make([]float64, m.design.Measurements)}
	for _, t := range m.tissues {
		if t.finder != nil {
			d.finders = append(d.finders, newPeakDeriver(t.finder, m.options.Peaks))
			d.first = append(d.first, t.first)
		}
	}
	return d
}

type msmtDeriver struct {
	*MSMT
	fod, signal []float64
	finders     []peakDeriver // one for each tissue with directions
	first       []int         // the first parameter of each of these tissues
}

func (d *msmtDeriver) Derive(out [][]float32, params []float64, status []kernel.Status) {
	size, tissues := d.fitter.Parameters(), len(d.tissues)
	for v := range status {
		p := params[v*size:][:size]
		for i, t := range d.tissues {
			if out[i] == nil {
				continue
			}
			n := sh.Count(t.lmax)
			fod := d.fod[:n]
			sh.Convert(fod, p[t.first:][:n], t.lmax, sh.Tournier07, d.options.Basis)
			narrow(out[i][v*n:][:n], fod)
		}
		if out[tissues] != nil {
			d.writeFractions(out[tissues][v*tissues:][:tissues], p)
		}
		measures := p[d.design.Unknowns:]
		put(out[tissues+1], v, float32(math.Sqrt(measures[0]/float64(len(d.design.Volumes)))))
		if out[tissues+2] != nil {
			narrow(out[tissues+2][v*3:][:3], measures[1:])
		}
		if prediction := len(out) - len(statusMaps) - 1; d.options.Prediction && out[prediction] != nil {
			d.Predict(d.signal, p)
			narrow(out[prediction][v*len(d.signal):][:len(d.signal)], d.signal)
		}
	}
	for i, finder := range d.finders {
		finder.derive(out[tissues+3+peakMapCount*i:][:peakMapCount], params[d.first[i]:], size, 0, len(status))
	}
	deriveStatus(out[len(out)-len(statusMaps):], status)
}

func (d *msmtDeriver) writeFractions(dst []float32, params []float64) {
	sum := 0.0
	for _, t := range d.tissues {
		sum += params[t.first]
	}
	clear(dst)
	if !(sum > 0) {
		return
	}
	for i, t := range d.tissues {
		dst[i] = float32(params[t.first] / sum)
	}
}

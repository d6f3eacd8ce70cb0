package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/leastsquares"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/kernel/gram"
	"github.com/voxfit/voxfit/kernel/peaks"
	"github.com/voxfit/voxfit/sh"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

var csdKind = &Kind{
	Name: "csdm", Class: "ConstrainedSphericalDeconvModel", Words: "Constrained spherical deconvolution", Short: "CSD", Entity: "csd", Function: "fit_csd",
	Summary: "Constrained spherical deconvolution (Tournier 2007), as DIPY's ConstrainedSphericalDeconvModel or MRtrix3's dwi2fod csd does it",
	Needs:   Needs{Response: true, Shells: 1, Measurements: 7},
	Options: CSDOptions{},
	New: func(in Inputs, options any) (Model, error) {
		return asModel(NewCSD(in.Gradients, in.Response, options.(CSDOptions)))
	},
}

// CSDOptions are the choices of constrained spherical deconvolution. A field that is zero has its default. The defaults
// are DIPY's, or with the convention MRtrix those of MRtrix3's `dwi2fod csd`.
type CSDOptions struct {
	// Convention is DIPY (the default) or MRtrix.
	Convention Convention `json:"convention" choices:"dipy,mrtrix" default:"dipy" help:"The program that is followed in constraint, start, threshold, norm and shells: DIPY's csdeconv or MRtrix3's dwi2fod csd."`
	// LMax is the highest degree of the fibre orientation distribution. Tests cover degrees up to 12, which has 91
	// coefficients, more than most protocols can determine.
	LMax int `json:"lmax" range:"[2,12]" multiple:"2" aliases:"sh_order_max,sh_order" help:"Highest SH degree. The default is 8. With the convention mrtrix the default is the degree of the response where that is lower."`
	// Basis is the basis in which the map fod is written. The parameters themselves are always in Descoteaux07.
	Basis sh.Basis `json:"sh_basis" choices:"descoteaux07,tournier07" aliases:"basis_type,sh_basis_type" help:"Basis of the SH coefficients in the map fod: DIPY's legacy basis or MRtrix3's. The default is the basis of the convention. Parameters are always in descoteaux07."`
	// Directions are the unit vectors in which no amplitude may be negative. nil means the 181 of
	// sh.Symmetric362Hemisphere, DIPY's default. With the convention MRtrix, nil means sh.Directions300, MRtrix3's
	// default.
	Directions [][3]float64 `json:"directions" aliases:"reg_sphere" help:"Directions in which no amplitude may be negative. The default is the 181 directions of DIPY's symmetric362 hemisphere, and with the convention mrtrix the 300 directions of MRtrix3."`
	// NegLambda is the weight of that constraint, DIPY's lambda_ or MRtrix3's -neg_lambda.
	NegLambda float64 `json:"neg_lambda" range:"(0,inf)" default:"1" aliases:"lambda_,lambda" help:"Weight of the constraint that no amplitude is negative: DIPY's lambda_, MRtrix3's -neg_lambda."`
	// NormLambda is the weight of the solution's norm, MRtrix3's -norm_lambda. 0 means 1. DIPY has no such term.
	NormLambda float64 `json:"norm_lambda" range:"(0,inf)" default:"1" with:"convention=mrtrix" help:"Weight of the solution's norm, MRtrix3's -norm_lambda."`
	// Tau is a threshold, as a fraction of the mean amplitude. Directions with a lower amplitude are constrained.
	// For a threshold of zero give ZeroTau. With the convention MRtrix the threshold is always zero.
	Tau float64 `json:"tau" range:"[0,inf)" default:"0.1" zero:"1e-300" with:"convention=dipy" help:"Amplitudes below this share of the mean amplitude are constrained."`
	// MaxIterations is the number of iterations after which a voxel that has not settled is given up.
	MaxIterations int `json:"max_iterations" range:"[1,65535]" default:"50" aliases:"convergence" help:"Iterations after which a voxel that has not settled is given up."`
	// Sphere, Peaks, PeakThreshold, PeakSeparation and RefinePeaks say how the peaks are found. A nil Sphere means
	// sh.DefaultHemisphere.
	Sphere         *sh.Sphere `json:"sphere" default:"repulsion724" help:"Peaks are looked for among these directions, and GFA is computed from the values there. The default is the 362 directions of DIPY's default_sphere, the hemisphere of repulsion724."`
	Peaks          int        `json:"peaks" range:"[1,65535]" default:"5" aliases:"npeaks" help:"Number of peaks in the maps peaks and peakvalues."`
	PeakThreshold  float64    `json:"peak_threshold" range:"[0,1]" default:"0.5" zero:"1e-300" aliases:"relative_peak_threshold" help:"Peaks lower than this share of the highest peak are left out. Where the smallest value is positive, heights are measured from it."`
	PeakSeparation float64    `json:"peak_separation" unit:"degrees" range:"[0,90]" default:"25" zero:"1e-300" aliases:"min_separation_angle" help:"Least angle between peaks."`
	RefinePeaks    bool       `json:"refine_peaks" help:"Move each peak from a direction of the sphere to the maximum beside it, as MRtrix3 does."`
	// Shells are the b-values of the shells that are fitted; nil means all. With MRtrix, and with a response for
	// shells, only the highest of them is fitted.
	Shells []float64 `json:"shells" unit:"s/mm2" range:"[0,inf)" help:"b-values of the shells that are fitted, by default all. With a response for shells, or with the convention mrtrix, only the highest of these shells is fitted."`
	// Precision is kernel.Double (the default) or kernel.Mixed.
	Precision kernel.Precision `json:"precision" choices:"double,mixed" default:"double" help:"Precision of intermediate steps: mixed does part of them in single precision, for speed. The result is computed in double precision in both cases."`
	// ISA is the instruction set, as kernel.WithISA takes it; "" leaves it to the environment.
	ISA string
}

// ZeroTau is the value of CSDOptions.Tau for a threshold of zero, because 0 itself stands for the default. It is so
// small that it decides about no direction.
const ZeroTau = 1e-300

const defaultLMax = 8

// prepare fills in all defaults except Directions. With the convention MRtrix it leaves LMax at 0, because the
// response may decide it.
func (o CSDOptions) prepare() (CSDOptions, error) {
	if err := prepare(&o); err != nil {
		return o, err
	}
	if o.Convention == MRtrix {
		setDefault(&o.Basis, sh.Tournier07)
		return o, nil
	}
	setDefault(&o.Basis, sh.Descoteaux07)
	setDefault(&o.LMax, defaultLMax)
	return o, nil
}

func (o CSDOptions) peaks() peakRules {
	return peakRules{o.Sphere, o.PeakThreshold, o.PeakSeparation, o.Peaks, o.RefinePeaks}
}

// directions returns the directions in which no amplitude may be negative.
func (o CSDOptions) directions() [][3]float64 {
	switch {
	case o.Directions != nil:
		return o.Directions
	case o.Convention == MRtrix:
		return sh.Directions300()
	}
	return sh.Symmetric362Hemisphere().Vertices
}

func (o *CSDOptions) forMRtrix() bool { return o.Convention == MRtrix || o.Basis == sh.Tournier07 }

func setDefault[T comparable](value *T, instead T) {
	var zero T
	if *value == zero {
		*value = instead
	}
}

// CSD is constrained spherical deconvolution (Tournier 2007) set up as DIPY's
// ConstrainedSphericalDeconvModel, or as MRtrix3's `dwi2fod csd`. Its parameters are the SH coefficients of the
// fibre orientation distribution in the Descoteaux07 basis; csd.New documents the iteration and the codes.
type CSD struct {
	options  CSDOptions
	design   csd.Design
	fitter   kernel.Fitter
	finder   *peaks.Finder
	maps     []Map
	warnings []string
}

// NewCSD sets the model up for one acquisition and one response.
//
// A response in tensor form is turned into the signal of a fibre along z at the acquisition's own b-values and
// directions, fitted with harmonics, as DIPY does. All diffusion-weighted volumes are used. Where there are several
// shells, the response is therefore a mixture over them.
//
// A zonal response (DIPY's AxSymShResponse, MRtrix3's text files) is used as it is. One row without a b-value stands
// for all diffusion-weighted volumes. A row with a b-value, or one of several rows, stands for a shell. Then only
// the volumes of the highest shell are fitted, as MRtrix3's `dwi2fod csd` does, with the row whose b-value is that
// of the shell within acq.ShellTolerance. Where the file names no b-values, the last row is taken, and there must be
// as many rows as shells, with or without a row for b = 0. Coefficients beyond the LMax of the options are left out;
// too few of them are an error. The constraint, its weight and its directions are still DIPY's, unless the
// convention is MRtrix.
//
// With the convention MRtrix, everything is as in MRtrix3:
//
//   - only the shell of highest b is fitted (acq.ChooseShells, of six or more directions);
//   - degrees that the response lacks count as zero, and so do negative signals;
//   - the start comes from its own filter up to degree 4;
//   - directions with a negative amplitude are constrained, and the norm of the solution has a weight.
//
// A response in tensor form is projected onto the zonal harmonics at that shell. MRtrix3 works in the frame of the
// scanner (acq.WorldBvecs). Its start depends on the frame of the b-vectors, and so do the iterations in some
// voxels.
//
// Errors say what was found and what was expected. Warnings has what is allowed but suspicious.
func NewCSD(g *acq.GradientTable, r acq.Response, o CSDOptions) (*CSD, error) {
	options, err := o.prepare()
	if err != nil {
		return nil, fmt.Errorf("csdm: %w", err)
	}
	c := &CSD{options: options}
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("csdm: %w", responseErrorf("response: %w", err))
	}
	if odd := r.Oddity(); odd != "" {
		c.warnings = append(c.warnings, "csdm: the response: "+odd)
	}
	newDesign := c.newDesign
	if o.Convention == MRtrix {
		newDesign = c.mrtrixDesign
	}
	if c.design, err = newDesign(g, r); err != nil {
		return nil, fmt.Errorf("csdm: %w", err)
	}
	o = c.options
	if found, n := len(o.directions()), sh.Count(o.LMax); found < n {
		c.warnings = append(c.warnings, fmt.Sprintf(
			"csdm: %s: no amplitude may be negative in %d of them, fewer than the %s (lmax %d): the fodf may be negative between them", g.Spelled("directions"), found, plural.Count(n, "coefficient"), o.LMax))
	}
	if c.fitter, err = csd.New(c.design, kernel.WithISA(o.ISA)); err != nil {
		return nil, fmt.Errorf("csdm: %w", err)
	}
	if c.finder, err = o.peaks().finder(sh.Descoteaux07, o.LMax, o.ISA); err != nil {
		return nil, fmt.Errorf("csdm: %w", err)
	}
	c.maps = append(append([]Map{c.fod(o.Basis)}, o.peaks().maps("the fibre orientation distribution", "")...), statusMaps...)
	return c, nil
}

// fod describes the SH coefficients, as a map or as parameters.
func (c *CSD) fod(basis sh.Basis) Map {
	lmax := c.options.LMax
	return Map{Name: "fod", Suffix: "dwimap", Components: sh.Count(lmax), Arbitrary: true, Basis: basis,
		Description: fmt.Sprintf("SH coefficients of the fibre orientation distribution up to degree %d, basis %v: even l ascending, m = -l..l.", lmax, basis)}
}

// Kind describes the model before there is an acquisition.
func (c *CSD) Kind() *Kind { return csdKind }

// Options are the CSDOptions in force.
func (c *CSD) Options() any { return c.options }

// Parameters has one entry: fod, the SH coefficients in the basis Descoteaux07.
func (c *CSD) Parameters() []Map { return []Map{c.fod(sh.Descoteaux07)} }

// Fitter is the kernel.
func (c *CSD) Fitter() kernel.Fitter { return c.fitter }

// Design returns the matrices from which the kernel was made, for inspection and for other solvers. The caller must
// not change them.
func (c *CSD) Design() csd.Design { return c.design }

// Maps are fod, gfa, peaks, peakvalues, status and iterations.
func (c *CSD) Maps() []Map { return c.maps }

// Volumes lists the volumes that are fitted, in ascending order, counted from 0.
func (c *CSD) Volumes() []int { return c.design.Volumes }

// Warnings are sentences about what the set-up found suspicious, for example more coefficients than measurements.
func (c *CSD) Warnings() []string { return c.warnings }

// newDesign makes the matrices as DIPY does.
func (c *CSD) newDesign(g *acq.GradientTable, r acq.Response) (csd.Design, error) {
	o, n := c.options, sh.Count(c.options.LMax)
	volumes, harmonics, err := c.rotationalHarmonics(g, r, o.LMax)
	if err != nil {
		return csd.Design{}, err
	}
	if n > len(volumes) {
		c.warnFew(n, len(volumes))
	}
	constrained := o.directions()
	// DIPY's scale makes lambda comparable between numbers of coefficients and of directions; 362 is
	// the number of vertices that it was tuned with.
	lambda := o.NegLambda * float64(n) * harmonics[0] / (math.Sqrt(float64(len(constrained))) * math.Sqrt(362))
	b, gram := constraint(constrained, o.LMax, lambda)
	return csd.Design{
		Measurements: g.Len(), Volumes: volumes, Coefficients: n, X: convolved(directionsOf(g, volumes), o.LMax, harmonics),
		B: b, Gram: gram,
		StartCoefficients: min(n, sh.Count(4)), Tau: o.Tau, MaxIterations: o.MaxIterations, Precision: o.Precision,
	}, nil
}

// convolved returns the matrix that turns coefficients into signals, directions x coefficients. It holds the
// harmonics in the directions, each multiplied by the factor of its degree.
func convolved(directions [][3]float64, lmax int, factors []float64) []float64 {
	x := sh.Descoteaux07.Evaluate(lmax, directions)
	for i, t := range repeatTerms(lmax, len(directions)) {
		x[i] *= factors[t.L/2]
	}
	return x
}

// constraint returns the matrix that turns coefficients into amplitudes times weight, directions x coefficients. The
// gram.Map gives the Gram matrix of any set of its rows.
func constraint(directions [][3]float64, lmax int, weight float64) ([]float64, gram.Map) {
	b := sh.Descoteaux07.Evaluate(lmax, directions)
	floats.Scale(weight, b)
	return b, newGramMap(sh.Descoteaux07, lmax, directions, weight)
}

func directionsOf(g *acq.GradientTable, volumes []int) [][3]float64 {
	directions := make([][3]float64, len(volumes))
	for i, v := range volumes {
		directions[i] = g.Bvecs[v]
	}
	return directions
}

// repeatTerms yields each index of a matrix of harmonics, and the term that stands there.
func repeatTerms(lmax, rows int) func(yield func(int, sh.Term) bool) {
	terms := sh.Terms(lmax)
	return func(yield func(int, sh.Term) bool) {
		for i := range rows * len(terms) {
			if !yield(i, terms[i%len(terms)]) {
				return
			}
		}
	}
}

// rotationalHarmonics chooses the volumes that are fitted and gives the factors, one for each even
// degree, by which convolution with the response multiplies coefficients of that degree.
func (c *CSD) rotationalHarmonics(g *acq.GradientTable, r acq.Response, lmax int) (volumes []int, harmonics []float64, err error) {
	var zonal []float64
	if r.IsZonal() {
		volumes, zonal, err = c.chooseShell(g, r)
	} else {
		if volumes, err = c.weighted(g); err == nil {
			zonal, err = tensorZonal(g, r, volumes, lmax)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if len(zonal) < lmax/2+1 {
		return nil, nil, responseErrorf("the response has %s (lmax %d), expected at least %d for lmax %d",
			plural.Count(len(zonal), "zonal coefficient"), 2*(len(zonal)-1), lmax/2+1, lmax)
	}
	harmonics = rotational(zonal[:lmax/2+1])
	if !(harmonics[0] > 0) {
		return nil, nil, responseErrorf("the response's mean signal is %v, expected a positive one", zonal[0])
	}
	if !r.IsZonal() { // zonal was fitted over all shells, and a difference between shells is no contrast
		highest := 0.0
		for _, v := range volumes {
			highest = max(highest, g.Bvals[v])
		}
		zonal = tensorShell(r, highest, lmax)
	}
	if err := checkContrast(zonal); err != nil {
		return nil, nil, err
	}
	return volumes, harmonics, nil
}

// leastContrast is the least ratio that some coefficient of l = 2 or more must have to that of l = 0. That of a
// fibre is a tenth or more, even at b = 300. Below a thousandth, deconvolution multiplies noise by more than a
// thousand.
const leastContrast = 1e-3

// checkContrast refuses a response that is almost the same in all directions. Deconvolution divides by its
// coefficients of l = 2 and more, and the fodf would be nothing but noise.
func checkContrast(zonal []float64) error {
	for _, x := range zonal[min(1, len(zonal)):] {
		if math.Abs(x) >= leastContrast*zonal[0] {
			return nil
		}
	}
	return responseErrorf("the response is the same in all directions, expected that of a fibre: a first diffusivity larger than the others, or zonal coefficients of l = 2 and more")
}

// rounding is a ratio to the largest singular value. Singular values below it count as zero, as they do for
// numpy.linalg.lstsq with rcond=-1.
const rounding = 0x1p-52

// tensorZonal fits harmonics to the signal of a tensor along z and returns the zonal coefficients.
func tensorZonal(g *acq.GradientTable, r acq.Response, volumes []int, lmax int) ([]float64, error) {
	signal := mat.NewVecDense(len(volumes), nil)
	for i, v := range volumes {
		d := g.Bvecs[v]
		along := r.Evals[2]*d[0]*d[0] + r.Evals[1]*d[1]*d[1] + r.Evals[0]*d[2]*d[2]
		signal.SetVec(i, r.S0*math.Exp(-g.Bvals[v]*along))
	}
	n := sh.Count(lmax)
	basis := mat.NewDense(len(volumes), n, sh.Descoteaux07.Evaluate(lmax, directionsOf(g, volumes)))
	coefficients, err := leastsquares.Solve(basis, signal, rounding)
	if err != nil {
		return nil, fmt.Errorf("the harmonics of the response cannot be fitted: %w", err)
	}
	var zonal []float64
	for i, t := range sh.Terms(lmax) {
		if t.M == 0 {
			zonal = append(zonal, coefficients.AtVec(i))
		}
	}
	return zonal, nil
}

// warnFew says that there are more coefficients than volumes.
func (c *CSD) warnFew(coefficients, volumes int) {
	c.warnings = append(c.warnings, fmt.Sprintf(
		"csdm: %s (lmax %d) from %s: there are more unknowns than measurements, and the fit rests on its constraint", plural.Count(coefficients, "coefficient"), c.options.LMax, plural.Count(volumes, "diffusion-weighted volume")))
}

// chooseShells returns the diffusion-weighted shells among those that the options choose.
func (c *CSD) chooseShells(g *acq.GradientTable) ([]acq.Shell, error) {
	shells, warnings, err := g.ChooseShells(c.options.Shells)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		c.warnings = append(c.warnings, "csdm: "+w)
	}
	if shells[0].Bval <= g.B0Threshold {
		shells = shells[1:]
	}
	if len(shells) == 0 {
		return nil, fmt.Errorf("%s is %v, expected a diffusion-weighted shell among them", g.Spelled("shells"), c.options.Shells)
	}
	return shells, nil
}

// highestShell returns the shells that the options choose, and the one of highest b-value, which alone is fitted.
// Where a warning says that volumes are in no shell, it says this, too.
func (c *CSD) highestShell(g *acq.GradientTable) (shells []acq.Shell, highest acq.Shell, err error) {
	before := len(c.warnings)
	if shells, err = c.chooseShells(g); err != nil {
		return nil, acq.Shell{}, err
	}
	highest = shells[len(shells)-1]
	if n := len(c.warnings); n > before && len(shells) > 1 {
		last := c.warnings[n-1] + fmt.Sprintf("; of these b = %.0f alone is fitted", highest.Bval)
		if c.warnings = c.warnings[:n-1]; !slices.Contains(c.warnings, last) { // mrtrixResponse may come here twice
			c.warnings = append(c.warnings, last)
		}
	}
	return shells, highest, g.CheckShell(highest)
}

// weighted returns the diffusion-weighted volumes: all, or those of the shells that the options choose.
func (c *CSD) weighted(g *acq.GradientTable) ([]int, error) {
	if err := g.CheckWeighted(); err != nil {
		return nil, err
	}
	if len(c.options.Shells) == 0 {
		return g.DWIs(), nil
	}
	shells, err := c.chooseShells(g)
	return volumesOf(shells), err
}

// chooseShell finds the row of a zonal response and the volumes that it stands for.
func (c *CSD) chooseShell(g *acq.GradientTable, r acq.Response) (volumes []int, zonal []float64, err error) {
	rows := len(r.Zonal)
	if rows == 1 && len(r.Bvals) == 0 {
		volumes, err = c.weighted(g)
		return volumes, r.Zonal[0], err
	}
	shells, highest, err := c.highestShell(g)
	if err != nil {
		return nil, nil, err
	}
	if len(r.Bvals) == rows {
		for i, b := range r.Bvals {
			if math.Abs(b-highest.Bval) <= acq.ShellTolerance {
				return highest.Volumes, r.Zonal[i], nil
			}
		}
		return nil, nil, responseErrorf("the response is for b = %v, expected one for the highest shell, b = %.0f", r.Bvals, highest.Bval)
	}
	if weighted := len(shells); rows != weighted && rows != weighted+1 {
		return nil, nil, responseErrorf("the response has %s, expected one, or one for each of the %s (and one more for b = 0)", plural.Count(rows, "row"), plural.Count(weighted, "diffusion-weighted shell"))
	}
	return highest.Volumes, r.Zonal[rows-1], nil
}

// NewDeriver allocates what one worker needs to turn coefficients into maps.
func (c *CSD) NewDeriver() Deriver {
	return &csdDeriver{options: c.options, peaks: newPeakDeriver(c.finder, c.options.Peaks), fod: make([]float64, sh.Count(c.options.LMax))}
}

type csdDeriver struct {
	options CSDOptions
	peaks   peakDeriver
	fod     []float64
}

func (d *csdDeriver) Derive(out [][]float32, params []float64, status []kernel.Status) {
	n := len(d.fod)
	if out[0] != nil {
		for v := range status {
			d.writeFOD(out[0][v*n:][:n], params[v*n:][:n])
		}
	}
	d.peaks.derive(out[1:1+peakMapCount], params, n, 0, len(status))
	deriveStatus(out[1+peakMapCount:], status)
}

func (d *csdDeriver) writeFOD(dst []float32, coefficients []float64) {
	sh.Convert(d.fod, coefficients, d.options.LMax, sh.Descoteaux07, d.options.Basis)
	for i, c := range d.fod {
		dst[i] = float32(c)
	}
}

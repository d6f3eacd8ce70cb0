package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/nnls"
	"github.com/voxfit/voxfit/kernel/peaks"
	"github.com/voxfit/voxfit/sh"
)

// A Solver is how the sparse fascicle model finds its weights.
type Solver uint8

// The solvers, by DIPY's names.
const (
	// ElasticNet penalises the weights and their squares (Zou and Hastie 2005). Nearly equal
	// fascicles share their weight.
	ElasticNet Solver = iota
	// NNLS is non-negative least squares: the fewest fascicles, and the best fit.
	NNLS
)

var solverNames = [...]string{"ElasticNet", "NNLS"}

// String is DIPY's name.
func (s Solver) String() string {
	if int(s) < len(solverNames) {
		return solverNames[s]
	}
	return fmt.Sprintf("Solver(%d)", uint8(s))
}

var sfmKind = &Kind{
	Name: "sfm", Class: "SparseFascicleModel", Words: "Sparse fascicle", Short: "sparse fascicles", Entity: "sfm", Function: "fit_sfm",
	Summary: "The sparse fascicle model (Rokem 2015), as DIPY's SparseFascicleModel with its IsotropicModel fits it",
	Needs:   Needs{Shells: 1, Measurements: 2},
	Options: SFMOptions{},
	Timed:   Timed{Variant: "nnls", Options: `{"solver": "nnls"}`},
	New: func(in Inputs, options any) (Model, error) {
		return asModel(NewSFM(in.Gradients, options.(SFMOptions)))
	},
}

// SFMOptions are the choices of the sparse fascicle model. A field that is zero has its default, which is DIPY's.
type SFMOptions struct {
	// Solver is ElasticNet (the default) or NNLS.
	Solver Solver `json:"solver" choices:"elasticnet,nnls" default:"elasticnet" help:"How weights are found: with the penalty of the elastic net, or by non-negative least squares."`
	// L1Ratio is the share of the penalty of ElasticNet that falls on the weights. The rest falls on their squares.
	L1Ratio float64 `json:"l1_ratio" range:"(0,1]" default:"0.5" with:"solver=elasticnet" help:"Share of the penalty that falls on the weights, not on their squares."`
	// Alpha is the weight of the penalty, as in scikit-learn.
	Alpha float64 `json:"alpha" range:"(0,inf)" default:"0.001" with:"solver=elasticnet" help:"Weight of the penalty, as in scikit-learn."`
	// Evals are the diffusivities of a fascicle, along it and across it; the last two are equal.
	Evals [3]float64 `json:"evals" unit:"mm2/s" default:"0.0015,0.0005,0.0005" aliases:"response" help:"Diffusivities of a fascicle: one along it, and two equal ones across it."`
	// Sphere holds the directions that fascicles may have, one of each pair of opposite ones. nil means the 181 of
	// sh.Symmetric362Hemisphere. DIPY takes all 362 and thus has each column twice.
	Sphere *sh.Sphere `json:"sphere" default:"symmetric362" help:"Directions that fascicles may have. Opposite directions count once. The ODF is evaluated and its peaks are found in the same directions. The default is the 181 directions of DIPY's symmetric362 hemisphere."`
	// Peaks, PeakThreshold and PeakSeparation say how the peaks of the ODF are found.
	Peaks          int     `json:"peaks" range:"[1,65535]" default:"5" aliases:"npeaks" help:"Number of peaks in the maps peaks and peakvalues."`
	PeakThreshold  float64 `json:"peak_threshold" range:"[0,1]" default:"0.5" zero:"1e-300" aliases:"relative_peak_threshold" help:"Peaks lower than this share of the highest peak are left out. Where the smallest value is positive, heights are measured from it."`
	PeakSeparation float64 `json:"peak_separation" unit:"degrees" range:"[0,90]" default:"25" zero:"1e-300" aliases:"min_separation_angle" help:"Least angle between peaks."`
	// Prediction adds a map of the predicted signal, as large as the data.
	Prediction bool `json:"prediction" help:"Also make a map of the predicted signal. It is as large as the data."`
	// Precision is kernel.Mixed (the default) or kernel.Double.
	Precision kernel.Precision `json:"precision" choices:"mixed,double" default:"mixed" help:"Precision of intermediate steps: mixed does part of them in single precision, for speed. The result is computed in double precision in both cases."`
	// ISA is the instruction set, as kernel.WithISA takes it; "" leaves it to the environment.
	ISA string
}

// SFM is the sparse fascicle model (Rokem et al. 2015) set up as DIPY's SparseFascicleModel with its IsotropicModel.
// Its parameters are the weights of the directions, then S0, the isotropic part, the residual and the KKT residual.
// nnls.NewSFM says what they are, and documents the codes.
//
// DIPY's sphere has each direction and its opposite, and both have the same column. The weight of a direction here is
// the sum of both of DIPY's weights. The prediction depends on this sum alone. NNLS leaves open how the sum is divided,
// and ElasticNet divides it equally. The penalty here is that of DIPY's whole sphere.
type SFM struct {
	options SFMOptions
	volumes []int
	b0s     []int
	length  int // number of measurements
	design  nnls.SFMDesign
	fitter  kernel.Fitter
	mixture *nnls.Combination // of the functions of fascicles
	finder  *peaks.Finder
	maps    []Map
}

// NewSFM sets the model up for one acquisition, which must have a b0.
func NewSFM(g *acq.GradientTable, o SFMOptions) (*SFM, error) {
	err := prepare(&o)
	if err != nil {
		return nil, fmt.Errorf("sfm: %w", err)
	}
	m := &SFM{options: o, volumes: g.DWIs(), b0s: g.B0s(), length: g.Len()}
	if err := g.CheckWeighted(); err != nil {
		return nil, fmt.Errorf("sfm: %w", err)
	}
	if len(m.b0s) == 0 {
		return nil, fmt.Errorf("sfm: found no b0 volume (b <= %g s/mm2), expected at least one", g.B0Threshold)
	}
	m.design = m.newDesign(g)
	if m.fitter, err = nnls.NewSFM(m.design, kernel.WithISA(o.ISA)); err != nil {
		return nil, fmt.Errorf("sfm: %w", err)
	}
	n := len(o.Sphere.Vertices)
	if m.mixture, err = nnls.NewCombination(m.newODF(), n, n, kernel.WithISA(o.ISA)); err != nil {
		return nil, fmt.Errorf("sfm: %w", err)
	}
	if m.finder, err = m.peaks().finderOfValues(o.ISA); err != nil {
		return nil, fmt.Errorf("sfm: %w", err)
	}
	m.maps = m.newMaps()
	return m, nil
}

// Kind describes the model before there is an acquisition.
func (m *SFM) Kind() *Kind { return sfmKind }

// Options are the SFMOptions in force.
func (m *SFM) Options() any { return m.options }

// Warnings returns nil: this model has no warnings.
func (m *SFM) Warnings() []string { return nil }

// Parameters are weights, s0, isotropic, residual and kkt.
func (m *SFM) Parameters() []Map { return append(m.maps[:1:1], m.maps[5:5+nnls.SFMExtra]...) }

// Fitter is the kernel.
func (m *SFM) Fitter() kernel.Fitter { return m.fitter }

// Design returns the matrix from which the kernel was made, for inspection and for other solvers. The caller must
// not change it.
func (m *SFM) Design() nnls.SFMDesign { return m.design }

// Maps are weights, odf, gfa, peaks, peakvalues, s0, isotropic, residual, kkt, prediction where the
// options ask for it, status and iterations.
func (m *SFM) Maps() []Map { return m.maps }

func (m *SFM) newMaps() []Map {
	one := func(name, description string) Map {
		return Map{Name: name, Suffix: "dwimap", Components: 1, Description: description}
	}
	n, sphere := len(m.options.Sphere.Vertices), m.options.Sphere.Name
	maps := []Map{
		{Name: "weights", Suffix: "dwimap", Components: n, Directions: m.options.Sphere.Vertices,
			Description: fmt.Sprintf("Weights of fascicles along the %s of the sphere %s, in their order, "+GivenFrame+".", plural.Count(n, "vertex"), sphere)},
		{Name: "odf", Suffix: "dwimap", Components: n, Arbitrary: true, Directions: m.options.Sphere.Vertices,
			Description: fmt.Sprintf("Orientation distribution function at the %s of the sphere %s, "+GivenFrame+": the weighted sum of the fascicles' tensor ODFs.", plural.Count(n, "vertex"), sphere)},
	}
	maps = append(maps, m.peaks().maps("the orientation distribution function", "")...)
	maps = append(maps,
		Map{Name: "s0", Suffix: "dwimap", Components: 1, Arbitrary: true, Description: "Mean signal without diffusion weighting."},
		one("isotropic", "Mean diffusion-weighted signal over S0, the part that fascicles do not explain."),
		one("residual", "Root mean square of predicted less measured diffusion-weighted signal, over S0."),
		one("kkt", "How far the weights are from fulfilling the conditions of the minimum, relative; rounding leaves 1e-15 to 1e-11."),
	)
	if m.options.Prediction {
		maps = append(maps, Map{Name: "prediction", Suffix: "dwimap", Components: m.length, Arbitrary: true,
			Description: "Predicted signal of each measurement, in their order."})
	}
	return append(maps, statusMaps...)
}

// newDesign makes the matrix of DIPY's sfm_design_matrix, and the penalties in the kernel's scale.
func (m *SFM) newDesign(g *acq.GradientTable) nnls.SFMDesign {
	o := m.options
	n, rows := len(m.options.Sphere.Vertices), len(m.volumes)
	d := nnls.SFMDesign{
		Measurements: m.length, B0s: m.b0s, Volumes: m.volumes, Directions: n, A: make([]float64, 0, rows*n),
		Precision: o.Precision,
	}
	along, across := o.Evals[0], o.Evals[1]
	for _, v := range m.volumes {
		b, direction := g.Bvals[v], g.Bvecs[v]
		square := dot3(direction, direction)
		mean := math.Exp(-b * (along + 2*across) / 3)
		for _, axis := range m.options.Sphere.Vertices {
			c := dot3(direction, axis)
			d.A = append(d.A, math.Exp(-b*(float64(across*square)+float64((along-across)*c*c)))-mean)
		}
	}
	if o.Solver == ElasticNet {
		// This is scikit-learn's objective times the number of rows. DIPY divides a weight equally between two
		// opposite directions, which halves the sum of the weights' squares.
		d.Intercept = true
		d.L1 = float64(rows) * o.Alpha * o.L1Ratio
		d.L2 = float64(rows) * o.Alpha * (1 - o.L1Ratio) / 2
	}
	return d
}

func dot3(a, b [3]float64) float64 {
	return float64(a[0]*b[0]) + float64(a[1]*b[1]) + float64(a[2]*b[2])
}

// newODF makes the tensor ODF (Aganj 2010, as DIPY's single_tensor_odf) of each fascicle at each vertex. A fascicle
// without diffusion across it has an ODF that is 1 at its own vertex and 0 elsewhere.
func (m *SFM) newODF() []float64 {
	vertices := m.options.Sphere.Vertices
	along, across := m.options.Evals[0], m.options.Evals[1]
	odf := make([]float64, 0, len(vertices)*len(vertices))
	for i, axis := range vertices {
		for j, at := range vertices {
			if across == 0 {
				odf = append(odf, 0)
				if i == j {
					odf[len(odf)-1] = 1
				}
				continue
			}
			c := dot3(axis, at)
			inverse := dot3(at, at)/across + float64((1/along-1/across)*c*c)
			odf = append(odf, 1/(4*math.Pi*math.Sqrt(along*across*across)*math.Pow(inverse, 1.5)))
		}
	}
	return odf
}

// peaks says how peaks of the ODF are found: among the directions of the fascicles.
func (m *SFM) peaks() peakRules {
	o := m.options
	return peakRules{sphere: o.Sphere, relativeThreshold: o.PeakThreshold, minSeparation: o.PeakSeparation, most: o.Peaks}
}

// ODF writes the orientation distribution function at the vertices of the sphere, given the parameters of one voxel.
// odf has a value for each vertex.
func (m *SFM) ODF(odf, params []float64) {
	sum := make([]float64, m.mixture.Stride())
	m.mixture.NewWorker().Sum(sum, params)
	copy(odf, sum)
}

// Predict writes the signal that the parameters of one voxel predict for each measurement, as DIPY's
// SparseFascicleFit.predict does.
func (m *SFM) Predict(signal, params []float64) {
	n := m.design.Directions
	s0, isotropic := params[n], params[n+1]
	for _, v := range m.b0s {
		signal[v] = s0
	}
	for _, v := range m.volumes {
		signal[v] = isotropic
	}
	for j, weight := range params[:n] {
		if weight == 0 {
			continue
		}
		for row, v := range m.volumes {
			signal[v] += float64(weight * m.design.A[row*n+j])
		}
	}
	for _, v := range m.volumes {
		signal[v] *= s0
	}
}

// NewDeriver allocates what one worker needs to turn parameters into maps.
func (m *SFM) NewDeriver() Deriver {
	d := &sfmDeriver{SFM: m, peaks: newPeakDeriver(m.finder, m.options.Peaks), sums: m.mixture.NewWorker(), signal: make([]float64, m.length)}
	d.odf = make([]float64, d.peaks.block()*m.mixture.Stride())
	return d
}

type sfmDeriver struct {
	*SFM
	peaks  peakDeriver
	sums   *nnls.CombinationWorker
	odf    []float64 // of a block of voxels
	signal []float64
}

// The places of maps in SFM.Maps.
const (
	sfmODF   = 1
	sfmPeaks = 2 // GFA and peaks
	sfmRest  = sfmPeaks + peakMapCount
)

func (d *sfmDeriver) Derive(out [][]float32, params []float64, status []kernel.Status) {
	n, each := d.design.Directions, d.fitter.Parameters()
	for v := range status {
		p := params[v*each:][:each]
		if out[0] != nil {
			narrow(out[0][v*n:], p[:n])
		}
		for i, x := range p[n:] {
			put(out[sfmRest+i], v, float32(x))
		}
		if prediction := sfmRest + nnls.SFMExtra; d.options.Prediction && out[prediction] != nil {
			d.Predict(d.signal, p)
			narrow(out[prediction][v*d.length:], d.signal)
		}
	}
	d.deriveODF(out[sfmODF:sfmRest], params, len(status))
	deriveStatus(out[len(out)-len(statusMaps):], status)
}

// deriveODF writes the orientation distribution functions, their GFA and their peaks.
func (d *sfmDeriver) deriveODF(out [][]float32, params []float64, voxels int) {
	if !slices.ContainsFunc(out, func(m []float32) bool { return m != nil }) {
		return
	}
	n, each, stride, block := d.design.Directions, d.fitter.Parameters(), d.mixture.Stride(), d.peaks.block()
	for first := 0; first < voxels; first += block {
		count := min(block, voxels-first)
		for i := range count {
			odf := d.odf[i*stride:][:stride]
			d.sums.Sum(odf, params[(first+i)*each:])
			if out[0] != nil {
				narrow(out[0][(first+i)*n:], odf[:n])
			}
		}
		d.peaks.derive(out[1:], d.odf, stride, first, count)
	}
}

package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
)

// A variant is a model with a method: a line of the table.
type variant struct {
	name  string // in the table
	model string // on the command line
	limit int    // how many voxels are fitted at most, so that DIPY does not take minutes
	build func(o *Options) (model.Model, error)

	dipy   func(t *task, ours *fitted, theirs arrays) []Parity // nil if DIPY does not have the model
	mrtrix *mrtrixCommand                                      // nil if MRtrix3 does not have the model
}

var variants = []variant{
	{"csdm", "csdm", 4096, buildCSD(kernel.Double), csdAgainstDIPY,
		&mrtrixCommand{"dwi2fod", []string{"csd"}, csdAgainstMRtrix}},
	{"csdm mixed", "csdm", 4096, buildCSD(kernel.Mixed), csdAgainstDIPY,
		&mrtrixCommand{"dwi2fod", []string{"csd"}, csdAgainstMRtrix}},
	{"csdm mrtrix", "csdm", 4096, buildMRtrixCSD, nil,
		&mrtrixCommand{"dwi2fod", []string{"csd"}, mrtrixCSDAgainstMRtrix}},
	{"fwdtim nls", "fwdtim", 1024, buildFreeWater(kernel.NLS), freeWaterNLSAgainstDIPY, nil},
	{"fwdtim wls", "fwdtim", 1024, buildFreeWater(kernel.WLS), freeWaterWLSAgainstDIPY, nil},
	{"msmt", "msmt", 1024, buildMSMT, nil,
		&mrtrixCommand{"dwi2fod", []string{"msmt_csd"}, msmtAgainstMRtrix}},
	{"msmt few", "msmt", 24, buildMSMT, msmtAgainstDIPY, nil}, // cvxpy is slow
	{"dti wls", "dti", 4096, buildTensor(kernel.WLS, 0), tensorAgainstDIPY,
		&mrtrixCommand{"dwi2tensor", nil, anisotropyAgainstMRtrix}},
	{"dti iwls", "dti", 4096, buildTensor(kernel.IWLS, 0), nil,
		&mrtrixCommand{"dwi2tensor", nil, tensorAgainstMRtrix}},
	{"dti iwls -iter 0", "dti", 4096, buildTensor(kernel.IWLS, model.NoReweighting), nil,
		&mrtrixCommand{"dwi2tensor", []string{"-iter", "0"}, tensorAgainstMRtrix}},
	{"sfm nnls", "sfm", 512, buildSFM(model.NNLS), fasciclesAgainstDIPY, nil},
	{"sfm scipy", "sfm", 512, buildSFM(model.NNLS), fasciclesAgainstDIPY, nil}, // the solver alone
	{"sfm elasticnet", "sfm", 128, buildSFM(model.ElasticNet), elasticNetAgainstDIPY, nil},
}

// remarks say what the command of MRtrix3 does, for lines of the table where voxfit does something else.
var remarks = map[string]string{
	"dti wls": "its default is a weighted fit and two reweighted ones, whereas ours, like DIPY's, is an ordinary fit and a reweighted one. The lines dti iwls compare the same fits",
}

// Models lists the models that can be compared.
func Models() []string {
	var names []string
	for _, v := range variants {
		if !slices.Contains(names, v.model) {
			names = append(names, v.model)
		}
	}
	return names
}

// Limits returns a text for people, with a line for each limit: how many voxels are fitted at most, and in which
// lines of the comparison.
func Limits() string {
	lines := map[int][]string{}
	for _, v := range variants {
		lines[v.limit] = append(lines[v.limit], v.name)
	}
	var b strings.Builder
	for _, limit := range slices.Backward(slices.Sorted(maps.Keys(lines))) {
		fmt.Fprintf(&b, "  %4d  %s\n", limit, strings.Join(lines[limit], ", "))
	}
	return b.String()
}

func buildCSD(precision kernel.Precision) func(*Options) (model.Model, error) {
	return func(o *Options) (model.Model, error) {
		return model.NewCSD(o.Gradients, o.Response, model.CSDOptions{Precision: precision, ISA: o.ISA})
	}
}

// buildMRtrixCSD builds csdm in the convention of MRtrix3, with the same response that MRtrix3 reads.
func buildMRtrixCSD(o *Options) (model.Model, error) {
	r := acq.Response{Zonal: [][]float64{zonalResponse(o.Response, o.Gradients)}}
	return model.NewCSD(o.Gradients, r, model.CSDOptions{Convention: model.MRtrix, LMax: csdDegree, ISA: o.ISA})
}

func buildFreeWater(method kernel.Method) func(*Options) (model.Model, error) {
	return func(o *Options) (model.Model, error) {
		return model.NewFreeWater(o.Gradients, model.FreeWaterOptions{Method: method, ISA: o.ISA})
	}
}

func buildTensor(method kernel.Method, iterations int) func(*Options) (model.Model, error) {
	return func(o *Options) (model.Model, error) {
		return model.NewTensor(o.Gradients, model.TensorOptions{Method: method, Iterations: iterations, ISA: o.ISA})
	}
}

// A task is a variant with the voxels of this run, and voxfit set up for it.
type task struct {
	variant
	voxels int
	signal []float32
	fitted model.Model
	worker kernel.Worker
	params []float64
	status []kernel.Status
}

func (o *Options) tasks() ([]*task, error) {
	for _, name := range o.Models {
		if !slices.Contains(Models(), name) {
			return nil, fmt.Errorf("model %q cannot be compared; expected %s", name, strings.Join(Models(), ", "))
		}
	}
	m := o.Gradients.Len()
	n := len(o.Signal) / m
	if n == 0 || o.Rounds < 1 {
		return nil, fmt.Errorf("found %s and %s, expected at least one of each", plural.Count(n, "voxel"), plural.Count(o.Rounds, "round"))
	}
	if slices.Contains(o.Models, "csdm") && len(o.Response.Zonal) > 1 {
		return nil, fmt.Errorf("found a response of %d shells, expected one: DIPY's csdm takes no more", len(o.Response.Zonal))
	}
	var tasks []*task
	for _, v := range variants {
		if !slices.Contains(o.Models, v.model) {
			continue
		}
		built, err := v.build(o)
		if err != nil {
			return nil, err
		}
		voxels := min(n, v.limit)
		tasks = append(tasks, &task{
			variant: v, voxels: voxels, signal: o.Signal[:voxels*m],
			fitted: built, worker: built.Fitter().NewWorker(),
			params: make([]float64, voxels*built.Fitter().Parameters()), status: make([]kernel.Status, voxels),
		})
	}
	return tasks, nil
}

// fitted is voxfit's result: parameters and status of each voxel, and the maps by name.
type fitted struct {
	params []float64
	each   int // parameters a voxel
	status []kernel.Status
	maps   map[string][]float32
}

func (f *fitted) row(voxel int) []float64 { return f.params[voxel*f.each : (voxel+1)*f.each] }

// fit runs voxfit once.
func (t *task) fit() *fitted {
	t.worker.Fit(t.params, t.status, t.signal)
	f := &fitted{slices.Clone(t.params), len(t.params) / t.voxels, slices.Clone(t.status), map[string][]float32{}}
	var out [][]float32
	for _, m := range t.fitted.Maps() {
		f.maps[m.Name] = make([]float32, t.voxels*m.Components)
		out = append(out, f.maps[m.Name])
	}
	t.fitted.NewDeriver().Derive(out, f.params, f.status)
	return f
}

// voxel is the signal of a voxel.
func (t *task) voxel(i int) []float32 {
	m := len(t.signal) / t.voxels
	return t.signal[i*m : (i+1)*m]
}

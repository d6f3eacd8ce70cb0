package native

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// acquired is a gradient table as it was handed over.
type acquired struct {
	bvals []float64
	bvecs [][3]float64
}

// built is a model and what is to be said of it.
type built struct {
	model    model.Model
	warnings []string
	isa      string
}

var builders = map[string]func(acquired, string) (built, error){
	"csdm": newCSD, "fwdtim": newFreeWater, "msmt": newMSMT, "dti": newTensor, "sfm": newSFM,
}

// shared are the options of every model.
type shared struct {
	ISA         string   `json:"isa"`
	B0Threshold *float64 `json:"b0_threshold"`
}

// gradients makes the table. B-vectors are taken as they are. Up to the threshold a volume is a b0, and
// one without a good b-vector has b = 0, as in DIPY's gradient_table.
func (s shared) gradients(a acquired) (*acq.GradientTable, []string, error) {
	threshold := acq.DefaultB0Threshold + 0.0
	if s.B0Threshold != nil {
		threshold = *s.B0Threshold
	}
	if !(threshold >= 0) {
		return nil, nil, fmt.Errorf("b0_threshold is %v, expected a number of at least 0", threshold)
	}
	bvals, bvecs := append([]float64(nil), a.bvals...), append([][3]float64(nil), a.bvecs...)
	for i := range min(len(bvals), len(bvecs)) {
		if b := bvals[i]; b > acq.DefaultB0Threshold && b <= threshold && !nearUnit(bvecs[i]) {
			bvals[i], bvecs[i] = 0, [3]float64{}
		}
	}
	g, warnings, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		return nil, nil, err
	}
	g.B0Threshold = threshold
	return g, warnings, nil
}

// nearUnit says whether a vector has length 1 within DIPY's tolerance for b-vectors.
func nearUnit(v [3]float64) bool {
	return math.Abs(math.Sqrt(float64(v[0]*v[0])+float64(v[1]*v[1])+float64(v[2]*v[2]))-1) <= 1e-2
}

// checkDirections refuses what is no set of directions.
func checkDirections(name string, directions [][3]float64) error {
	for i, v := range directions {
		if !nearUnit(v) {
			return fmt.Errorf("%s: direction %d (counted from 0) is %v, expected a unit vector", name, i, v)
		}
	}
	return nil
}

// response is one in tensor form (evals and s0) or in zonal form.
type response struct {
	Evals *[3]float64 `json:"evals"`
	S0    *float64    `json:"s0"`
	Zonal [][]float64 `json:"zonal"`
	Bvals []float64   `json:"bvals"`
}

func (r *response) form() (acq.Response, error) {
	switch {
	case r == nil:
		return acq.Response{}, errors.New("the option response is needed: evals and s0, or zonal")
	case r.Zonal != nil && r.Evals == nil && r.S0 == nil:
		if len(r.Zonal) == 0 || r.Bvals != nil && len(r.Bvals) != len(r.Zonal) {
			return acq.Response{}, fmt.Errorf("the response has %d rows and %d bvals, expected at least a row, and as many bvals or none", len(r.Zonal), len(r.Bvals))
		}
		for _, row := range r.Zonal {
			if len(row) == 0 {
				return acq.Response{}, errors.New("the response has an empty row")
			}
		}
		return acq.Response{Zonal: r.Zonal, Bvals: r.Bvals}, nil
	case r.Zonal == nil && r.Bvals == nil && r.Evals != nil && r.S0 != nil:
		if e := r.Evals; !(e[0] >= 0 && e[1] >= 0 && e[2] >= 0 && e[0]+e[1]+e[2] < math.Inf(1)) {
			return acq.Response{}, fmt.Errorf("the response has the eigenvalues %v, expected none below 0", *e)
		}
		return acq.Response{Evals: *r.Evals, S0: *r.S0}, nil
	}
	return acq.Response{}, errors.New("a response has either evals and s0, or zonal and perhaps bvals")
}

// points are directions, from which the edges between neighbours follow.
type points struct {
	Vertices [][3]float64 `json:"vertices"`
	Edges    [][2]int     `json:"edges"`
}

// sphere is nil, the model's default, where nothing was given. Without edges each vertex stands for its
// antipode, too, and edges are those of the hull.
func (p *points) sphere(name string) (*sh.Sphere, error) {
	if p == nil {
		return nil, nil
	}
	if p.Edges == nil {
		return sh.NewHemisphere(name, p.Vertices)
	}
	return &sh.Sphere{Name: name, Vertices: p.Vertices, Edges: p.Edges}, nil
}

// decode reads the options of a model; a key that it does not have is an error.
func decode(options string, into any) error {
	if strings.TrimSpace(options) == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(options))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			key := embedded.Replace(wrong.Field)
			return fmt.Errorf("options: %s is a JSON %s, expected %s", cmp.Or(key, "all of it"), wrong.Value, expected(wrong.Type))
		}
		return fmt.Errorf("options: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("options: there is something after the JSON object")
	}
	return nil
}

// embedded are the structs that the decoder names beside the keys.
var embedded = strings.NewReplacer("shared.", "", "tissues.response.", "tissues.")

// choose interprets a name among choices, the default first.
func choose[T fmt.Stringer](option, name string, choices ...T) (choice T, err error) {
	if name == "" {
		return choices[0], nil
	}
	var names []string
	for _, c := range choices {
		if strings.EqualFold(name, c.String()) {
			return c, nil
		}
		names = append(names, strings.ToLower(c.String()))
	}
	return choice, fmt.Errorf("%s is %q, expected %s", option, name, strings.Join(names, " or "))
}

// An amount is a number above 0, or nothing, which leaves it to the model.
type amount float64

// UnmarshalJSON refuses what the models would read as "not given".
func (a *amount) UnmarshalJSON(text []byte) error {
	return unmarshalPositive(text, (*float64)(a), reflect.TypeFor[amount]())
}

// A count is a whole number above 0, or nothing, which leaves it to the model.
type count int

// UnmarshalJSON refuses what the models would read as "not given".
func (c *count) UnmarshalJSON(text []byte) error {
	return unmarshalPositive(text, (*int)(c), reflect.TypeFor[count]())
}

// unmarshalPositive leaves it to the decoder to name the option in the error.
func unmarshalPositive[T int | float64](text []byte, x *T, as reflect.Type) error {
	if string(text) == "null" {
		return nil
	}
	if err := json.Unmarshal(text, x); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			wrong.Type = as
		}
		return err
	}
	if !(*x > 0) {
		return &json.UnmarshalTypeError{Value: fmt.Sprintf("number %v", *x), Type: as}
	}
	return nil
}

// expected says in JSON's words what an option is.
func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[amount]():
		return "a number above 0"
	case reflect.TypeFor[count]():
		return "a whole number above 0"
	}
	switch t.Kind() {
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return "an object"
}

type csdOptions struct {
	shared
	Response      *response `json:"response"`
	LMax          count     `json:"lmax"`
	Basis         string    `json:"basis"`
	Sphere        *points   `json:"sphere"`
	Lambda        amount    `json:"lambda"`
	Tau           *float64  `json:"tau"`
	MaxIterations count     `json:"max_iterations"`
	Precision     string    `json:"precision"`
	Peaks         struct {
		Sphere            *points `json:"sphere"`
		RelativeThreshold amount  `json:"relative_threshold"`
		MinSeparation     amount  `json:"min_separation"`
		Max               count   `json:"max"`
		Refine            bool    `json:"refine"`
	} `json:"peaks"`
}

func newCSD(a acquired, options string) (built, error) {
	var o csdOptions
	if err := decode(options, &o); err != nil {
		return built{}, fmt.Errorf("csdm: %w", err)
	}
	g, warnings, err := o.gradients(a)
	if err != nil {
		return built{}, fmt.Errorf("csdm: %w", err)
	}
	r, err := o.Response.form()
	if err != nil {
		return built{}, fmt.Errorf("csdm: %w", err)
	}
	c, err := o.model()
	if err != nil {
		return built{}, fmt.Errorf("csdm: %w", err)
	}
	m, err := model.NewCSD(g, r, c)
	if err != nil {
		return built{}, err
	}
	return built{m, append(warnings, m.Warnings()...), o.ISA}, nil
}

// maxPeaks is beyond what any sphere has: a number above it is a mistake, and might overflow sizes.
const maxPeaks = 1 << 16

func (o *csdOptions) model() (c model.CSDOptions, err error) {
	c = model.CSDOptions{LMax: int(o.LMax), Lambda: float64(o.Lambda), MaxIterations: int(o.MaxIterations), ISA: o.ISA}
	if o.Tau != nil {
		c.Tau = max(*o.Tau, model.ZeroTau)
		if !(*o.Tau >= 0) {
			return c, fmt.Errorf("tau is %v, expected a number of at least 0", *o.Tau)
		}
	}
	if o.Basis != "" {
		if c.Basis, err = sh.ParseBasis(o.Basis); err != nil {
			return c, err
		}
	}
	if c.Precision, err = choose("precision", o.Precision, kernel.Double, kernel.Mixed); err != nil {
		return c, err
	}
	if o.Sphere != nil {
		if err := checkDirections("sphere", o.Sphere.Vertices); err != nil {
			return c, err
		}
		c.Directions = o.Sphere.Vertices
	}
	c.Peaks = model.PeakOptions{
		RelativeThreshold: float64(o.Peaks.RelativeThreshold), MinSeparation: float64(o.Peaks.MinSeparation),
		Max: int(o.Peaks.Max), Refine: o.Peaks.Refine,
	}
	if o.Peaks.Max > maxPeaks {
		return c, fmt.Errorf("peaks: max is %d, expected at most %d", o.Peaks.Max, maxPeaks)
	}
	c.Peaks.Sphere, err = o.Peaks.Sphere.sphere("given")
	return c, err
}

func newMSMT(a acquired, options string) (built, error) {
	var o struct {
		shared
		Tissues []struct {
			Name string `json:"name"`
			response
		} `json:"tissues"`
		LMax       count        `json:"lmax"`
		Basis      string       `json:"basis"`
		Directions [][3]float64 `json:"directions"`
		NormLambda amount       `json:"norm_lambda"`
		NegLambda  amount       `json:"neg_lambda"`
		Prediction bool         `json:"prediction"`
	}
	if err := decode(options, &o); err != nil {
		return built{}, fmt.Errorf("msmt: %w", err)
	}
	g, warnings, err := o.gradients(a)
	if err != nil {
		return built{}, fmt.Errorf("msmt: %w", err)
	}
	if len(o.Tissues) == 0 {
		return built{}, errors.New("msmt: the option tissues is needed: a list of responses")
	}
	var tissues []model.Tissue
	for i, t := range o.Tissues {
		r, err := t.form()
		if err != nil {
			return built{}, fmt.Errorf("msmt: tissue %d: %w", i+1, err)
		}
		tissues = append(tissues, model.Tissue{Name: t.Name, Response: r})
	}
	if err := checkDirections("directions", o.Directions); err != nil {
		return built{}, fmt.Errorf("msmt: %w", err)
	}
	basis := sh.Tournier07
	if o.Basis != "" {
		if basis, err = sh.ParseBasis(o.Basis); err != nil {
			return built{}, fmt.Errorf("msmt: %w", err)
		}
	}
	m, err := model.NewMSMT(g, tissues, model.MSMTOptions{
		LMax: int(o.LMax), LegacyBasis: basis == sh.Descoteaux07, Directions: o.Directions,
		SolutionNorm: float64(o.NormLambda), ConstraintNorm: float64(o.NegLambda), Prediction: o.Prediction, ISA: o.ISA,
	})
	if err != nil {
		return built{}, err
	}
	return built{m, append(warnings, m.Warnings()...), o.ISA}, nil
}

func newFreeWater(a acquired, options string) (built, error) {
	var o struct {
		shared
		Method    string `json:"method"`
		Precision string `json:"precision"`
		Diso      amount `json:"diso"`
		MDReg     amount `json:"mdreg"`
		MinSignal amount `json:"min_signal"`
	}
	if err := decode(options, &o); err != nil {
		return built{}, fmt.Errorf("fwdtim: %w", err)
	}
	g, warnings, err := o.gradients(a)
	if err != nil {
		return built{}, fmt.Errorf("fwdtim: %w", err)
	}
	method, err := choose("method", o.Method, kernel.NLS, kernel.WLS)
	if err != nil {
		return built{}, fmt.Errorf("fwdtim: %w", err)
	}
	precision, err := choose("precision", o.Precision, kernel.Mixed, kernel.Double)
	if err != nil {
		return built{}, fmt.Errorf("fwdtim: %w", err)
	}
	m, err := model.NewFreeWater(g, model.FreeWaterOptions{
		Method: method, Precision: precision,
		Diso: float64(o.Diso), MDReg: float64(o.MDReg), MinSignal: float64(o.MinSignal), ISA: o.ISA,
	})
	return built{m, warnings, o.ISA}, err
}

func newTensor(a acquired, options string) (built, error) {
	var o struct {
		shared
		Method       string `json:"method"`
		MinSignal    amount `json:"min_signal"`
		Iterations   *int   `json:"iterations"`
		UniformStart bool   `json:"uniform_start"`
	}
	if err := decode(options, &o); err != nil {
		return built{}, fmt.Errorf("dti: %w", err)
	}
	g, warnings, err := o.gradients(a)
	if err != nil {
		return built{}, fmt.Errorf("dti: %w", err)
	}
	method, err := choose("method", o.Method, kernel.WLS, kernel.NLS, kernel.OLS, kernel.IWLS)
	if err != nil {
		return built{}, fmt.Errorf("dti: %w", err)
	}
	t := model.TensorOptions{Method: method, MinSignal: float64(o.MinSignal), UniformStart: o.UniformStart, ISA: o.ISA}
	switch {
	case method != kernel.IWLS && (o.Iterations != nil || o.UniformStart):
		return built{}, errors.New("dti: iterations and uniform_start are for the method iwls")
	case o.Iterations == nil && method == kernel.IWLS:
		t.Iterations = 2
	case o.Iterations != nil:
		if t.Iterations = *o.Iterations; t.Iterations < 0 {
			return built{}, fmt.Errorf("dti: iterations is %d, expected at least 0", t.Iterations)
		}
	}
	m, err := model.NewTensor(g, t)
	return built{m, warnings, o.ISA}, err
}

func newSFM(a acquired, options string) (built, error) {
	var o struct {
		shared
		Solver     string      `json:"solver"`
		L1Ratio    amount      `json:"l1_ratio"`
		Alpha      amount      `json:"alpha"`
		Evals      *[3]float64 `json:"evals"`
		Sphere     *points     `json:"sphere"`
		Precision  string      `json:"precision"`
		Prediction bool        `json:"prediction"`
	}
	if err := decode(options, &o); err != nil {
		return built{}, fmt.Errorf("sfm: %w", err)
	}
	g, warnings, err := o.gradients(a)
	if err != nil {
		return built{}, fmt.Errorf("sfm: %w", err)
	}
	s := model.SFMOptions{L1Ratio: float64(o.L1Ratio), Alpha: float64(o.Alpha), Prediction: o.Prediction, ISA: o.ISA}
	if s.Solver, err = choose("solver", o.Solver, model.ElasticNet, model.NNLS); err != nil {
		return built{}, fmt.Errorf("sfm: %w", err)
	}
	if s.Precision, err = choose("precision", o.Precision, kernel.Mixed, kernel.Double); err != nil {
		return built{}, fmt.Errorf("sfm: %w", err)
	}
	if s.Solver == model.NNLS && (o.L1Ratio != 0 || o.Alpha != 0) {
		return built{}, errors.New("sfm: l1_ratio and alpha are for the solver elasticnet")
	}
	if o.Evals != nil {
		if s.Evals = *o.Evals; s.Evals == ([3]float64{}) {
			return built{}, errors.New("sfm: the diffusivities are all 0, expected a positive one along a fascicle")
		}
	}
	if s.Sphere, err = o.Sphere.sphere("given"); err != nil {
		return built{}, fmt.Errorf("sfm: %w", err)
	}
	m, err := model.NewSFM(g, s)
	return built{m, warnings, o.ISA}, err
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

const isaHelp = "instruction set of the kernels, or auto (kbench env lists them; default: the environment's VOXFIT_ISA, else auto)"

// A modelEntry is a model that kbench knows.
type modelEntry struct {
	name     string
	response bool     // needs a response
	flags    []string // the flags of modelSettings that it takes
	build    func(s *modelSettings, g *acq.GradientTable, r acq.Response) (model.Model, []string, error)
}

var modelEntries = []modelEntry{
	{"csdm", true, []string{"sh-basis", "lmax", "lambda", "tau", "refine-peaks", "precision", "response", "convention", "directions", "norm-lambda", "neg-lambda"}, buildCSD},
	{"fwdtim", false, []string{"method", "precision", "mrtrix-order"}, buildFreeWater},
	{"msmt", false, []string{"sh-basis", "lmax", "response", "directions", "norm-lambda", "neg-lambda", "prediction"}, buildMSMT},
	{"dti", false, []string{"method", "mrtrix-order", "iterations"}, buildTensor},
	{"sfm", false, []string{"solver", "l1-ratio", "alpha", "fascicle", "prediction", "precision"}, buildSFM},
}

func modelNames() string {
	var names []string
	for _, e := range modelEntries {
		names = append(names, e.name)
	}
	return strings.Join(names, ", ")
}

func findModel(name string) (modelEntry, error) {
	for _, e := range modelEntries {
		if e.name == name {
			return e, nil
		}
	}
	return modelEntry{}, fmt.Errorf("unknown model %q; this version has %s", name, modelNames())
}

// needsResponse reports whether one of the models needs a response function.
func needsResponse(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		e, err := findModel(name)
		return err == nil && e.response
	})
}

// modelSettings are the flags that change a model.
type modelSettings struct {
	shBasis     string
	convention  string
	lmax        int
	lambda, tau float64
	refinePeaks bool
	method      string
	precision   string
	iterations  int
	mrtrixOrder bool
	sfm         sfmSettings
	frame       string
	isa         string

	directions            string // file of constraint directions
	normLambda, negLambda float64
	prediction            bool
	tissues               []model.Tissue // of msmt, from --response

	given func(flag string) bool // whether the user gave the flag
}

// defaultSettings are those of kbench run: every model as its peer fits it by default.
func defaultSettings(isa string) modelSettings {
	return modelSettings{shBasis: "descoteaux07", convention: "dipy", lmax: 8, lambda: 1, tau: 0.1, frame: "image", isa: isa, sfm: defaultSFM}
}

func (s *modelSettings) addFlags(f *pflag.FlagSet) {
	*s = defaultSettings("")
	f.StringVar(&s.shBasis, "sh-basis", s.shBasis, "csdm, msmt: basis of the SH coefficients: descoteaux07 (DIPY; default of csdm) or tournier07 (MRtrix3; default of msmt and of csdm --convention mrtrix)")
	f.StringVar(&s.convention, "convention", s.convention, "csdm: dipy (csdeconv) or mrtrix (dwi2fod csd): constraint, start, threshold, norm, shells")
	f.IntVar(&s.lmax, "lmax", s.lmax, "csdm, msmt: highest SH order, even; of msmt's tissues, and of csdm --convention mrtrix by default, as far as their responses have it")
	f.Float64Var(&s.lambda, "lambda", s.lambda, "csdm --convention dipy: weight of the positivity constraint")
	f.Float64Var(&s.tau, "tau", s.tau, "csdm --convention dipy: amplitudes below this share of the mean are constrained")
	f.BoolVar(&s.refinePeaks, "refine-peaks", false, "csdm: move each peak from its sphere point to the maximum of the fodf")
	f.StringVar(&s.method, "method", "", "dti: wls (default), nls, ols or iwls (as MRtrix3's dwi2tensor); fwdtim: nls (default) or wls")
	f.StringVar(&s.precision, "precision", "", "arithmetic on the way to the result, which is double either way: csdm: double (default) or mixed; fwdtim, sfm: mixed (default) or double")
	f.StringVar(&s.directions, "directions", "", "csdm, msmt: file of the directions in which no amplitude may be negative, azimuth and inclination in radians as MRtrix3's -directions")
	f.Float64Var(&s.normLambda, "norm-lambda", 1e-10, "msmt, csdm --convention mrtrix: regularisation of the solution, as MRtrix3's -norm_lambda (csdm: default 1)")
	f.Float64Var(&s.negLambda, "neg-lambda", 1e-10, "msmt, csdm --convention mrtrix: regularisation of the constraint, as MRtrix3's -neg_lambda (csdm: default 1)")
	f.BoolVar(&s.prediction, "prediction", false, "msmt, sfm: write the signal that the model predicts, too, a map as large as the data")
	f.IntVar(&s.iterations, "iterations", 2, "dti: how often iwls reweights, as dwi2tensor -iter")
	f.BoolVar(&s.mrtrixOrder, "mrtrix-order", false, "fwdtim, dti: tensors as D11,D22,D33,D12,D13,D23")
	s.sfm.addFlags(f)
	f.StringVar(&s.frame, "frame", "", "axes of fodfs, peaks and tensors: image (b-vectors as given) or world (scanner; default for MRtrix3's basis, order or convention)")
	f.StringVar(&s.isa, "isa", "", isaHelp)
	s.given = f.Changed
}

// check refuses flags that the model does not take, and values that no model takes.
func (s *modelSettings) check(name string) error {
	entry, err := findModel(name)
	if err != nil {
		return err
	}
	for _, e := range modelEntries {
		for _, flag := range e.flags {
			if s.given(flag) && !slices.Contains(entry.flags, flag) {
				return fmt.Errorf("--%s is not for %s", flag, name)
			}
		}
	}
	if s.given("lmax") && s.lmax == 0 { // to the models, zero is the default
		return errors.New("--lmax 0: want an even number from 2 on")
	}
	if name == "csdm" {
		if err := s.checkConvention(); err != nil {
			return err
		}
	}
	if low, high := min(s.negLambda, s.normLambda), max(s.negLambda, s.normLambda); name == "msmt" && !(low > 0 && high < 1) {
		return fmt.Errorf("--neg-lambda %v --norm-lambda %v: want numbers above 0 and below 1", s.negLambda, s.normLambda)
	}
	if (name == "msmt" || s.mrtrixConvention()) && !s.given("sh-basis") {
		s.shBasis = sh.Tournier07.String()
	}
	if s.frame == "" {
		s.frame = "image"
		if s.shBasis == "tournier07" || s.mrtrixOrder || s.mrtrixConvention() {
			s.frame = "world"
		}
	}
	if s.frame != "image" && s.frame != "world" {
		return fmt.Errorf("--frame %s: want image or world", s.frame)
	}
	if s.iterations < 0 || s.given("iterations") && s.method != "iwls" {
		return fmt.Errorf("--iterations %d: want 0 or more, with --method iwls", s.iterations)
	}
	return nil
}

// worldFrame reports whether b-vectors are taken to scanner axes first.
func (s *modelSettings) worldFrame() bool { return s.frame == "world" }

// build makes the named model for an acquisition.
func (s *modelSettings) build(name string, g *acq.GradientTable, r acq.Response) (model.Model, []string, error) {
	entry, err := findModel(name)
	if err != nil {
		return nil, nil, err
	}
	return entry.build(s, g, r)
}

func buildCSD(s *modelSettings, g *acq.GradientTable, r acq.Response) (model.Model, []string, error) {
	basis, err := sh.ParseBasis(s.shBasis)
	if err != nil {
		return nil, nil, fmt.Errorf("--sh-basis: %w", err)
	}
	precision, err := findPrecision(s.precision, kernel.Double, kernel.Mixed)
	if err != nil {
		return nil, nil, err
	}
	o := model.CSDOptions{LMax: s.lmax, Basis: basis, Precision: precision, ISA: s.isa, Peaks: model.PeakOptions{Refine: s.refinePeaks}}
	s.addConvention(&o)
	if o.Directions, err = s.readDirections(); err != nil {
		return nil, nil, err
	}
	m, err := model.NewCSD(g, r, o)
	if err != nil {
		return nil, nil, err
	}
	s.lmax = degreeOf(m.Fitter().Parameters())
	return m, m.Warnings(), nil
}

func buildMSMT(s *modelSettings, g *acq.GradientTable, _ acq.Response) (model.Model, []string, error) {
	o := model.MSMTOptions{LMax: s.lmax, SolutionNorm: s.normLambda, ConstraintNorm: s.negLambda, Prediction: s.prediction, ISA: s.isa}
	if s.given != nil && s.given("sh-basis") {
		basis, err := sh.ParseBasis(s.shBasis)
		if err != nil {
			return nil, nil, fmt.Errorf("--sh-basis: %w", err)
		}
		o.LegacyBasis = basis == sh.Descoteaux07
	}
	var err error
	if o.Directions, err = s.readDirections(); err != nil {
		return nil, nil, err
	}
	m, err := model.NewMSMT(g, s.tissues, o)
	if err != nil {
		return nil, nil, err
	}
	return m, m.Warnings(), nil
}

func buildFreeWater(s *modelSettings, g *acq.GradientTable, _ acq.Response) (model.Model, []string, error) {
	method, err := findMethod(s.method, kernel.NLS, kernel.WLS)
	if err != nil {
		return nil, nil, err
	}
	precision, err := findPrecision(s.precision, kernel.Mixed, kernel.Double)
	if err != nil {
		return nil, nil, err
	}
	m, err := model.NewFreeWater(g, model.FreeWaterOptions{Method: method, Precision: precision, ISA: s.isa})
	return m, nil, err
}

func buildTensor(s *modelSettings, g *acq.GradientTable, _ acq.Response) (model.Model, []string, error) {
	method, err := findMethod(s.method, kernel.WLS, kernel.NLS, kernel.OLS, kernel.IWLS)
	if err != nil {
		return nil, nil, err
	}
	o := model.TensorOptions{Method: method, ISA: s.isa}
	if method == kernel.IWLS {
		o.Iterations = s.iterations
	}
	m, err := model.NewTensor(g, o)
	return m, nil, err
}

// findMethod interprets --method among the methods of a model, the default first.
func findMethod(name string, methods ...kernel.Method) (kernel.Method, error) {
	return findChoice("method", name, methods)
}

// findPrecision does the same with --precision.
func findPrecision(name string, precisions ...kernel.Precision) (kernel.Precision, error) {
	return findChoice("precision", name, precisions)
}

// findChoice interprets a flag whose values have names, the default first.
func findChoice[T fmt.Stringer](flag, name string, choices []T) (choice T, err error) {
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
	return choice, fmt.Errorf("--%s %s: want %s", flag, name, strings.Join(names, ", "))
}

// options lists the settings that the named model was made with, for sidecars.
func (s *modelSettings) options(name string) map[string]any {
	if name == "csdm" {
		return s.conventionOptions(map[string]any{"LMax": s.lmax, "MaxIterations": 50, "RefinePeaks": s.refinePeaks,
			"Precision": strings.ToLower(cmp.Or(s.precision, kernel.Double.String()))})
	}
	if name == "msmt" {
		o := map[string]any{"LMax": s.lmax, "SolutionNorm": s.normLambda, "ConstraintNorm": s.negLambda, "Directions": "MRtrix3's 300"}
		if s.directions != "" {
			o["Directions"] = s.directions
		}
		return o
	}
	if name == "sfm" {
		o := s.sfm.options()
		o["Precision"] = strings.ToLower(cmp.Or(s.precision, kernel.Mixed.String()))
		return o
	}
	method := strings.ToUpper(s.method)
	if method == "" {
		method = map[string]string{"fwdtim": "NLS", "dti": "WLS"}[name]
	}
	o := map[string]any{"Method": method}
	if method == "IWLS" {
		o["Iterations"] = s.iterations
	}
	if name == "fwdtim" {
		o["Precision"] = strings.ToLower(cmp.Or(s.precision, kernel.Mixed.String()))
		o["FreeWaterDiffusivity"], o["MDReg"], o["MinSignal"] = 3e-3, 2.7e-3, 1e-6
	}
	return o
}

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
)

// sfmSettings are the flags of the sparse fascicle model.
type sfmSettings struct {
	solver         string
	l1Ratio, alpha float64
	fascicle       []float64
}

var defaultSFM = sfmSettings{l1Ratio: 0.5, alpha: 0.001, fascicle: []float64{0.0015, 0.0005}}

func (s *sfmSettings) addFlags(f *pflag.FlagSet) {
	f.StringVar(&s.solver, "solver", "", "sfm: elasticnet (default) or nnls")
	f.Float64Var(&s.l1Ratio, "l1-ratio", s.l1Ratio, "sfm: share of the elastic net's penalty on the weights, not on their squares; above 0")
	f.Float64Var(&s.alpha, "alpha", s.alpha, "sfm: weight of the elastic net's penalty, above 0")
	f.Float64SliceVar(&s.fascicle, "fascicle", s.fascicle, "sfm: diffusivities `along,across` a fascicle, mm2/s")
}

func buildSFM(s *modelSettings, g *acq.GradientTable, _ acq.Response) (model.Model, []string, error) {
	solver, err := findChoice("solver", s.sfm.solver, []model.Solver{model.ElasticNet, model.NNLS})
	if err != nil {
		return nil, nil, err
	}
	precision, err := findPrecision(s.precision, kernel.Mixed, kernel.Double)
	if err != nil {
		return nil, nil, err
	}
	if !(s.sfm.l1Ratio > 0) || !(s.sfm.alpha > 0) { // to the model, zero is the default
		return nil, nil, fmt.Errorf("--l1-ratio %g --alpha %g: want numbers above 0; --solver nnls has no penalty", s.sfm.l1Ratio, s.sfm.alpha)
	}
	if solver == model.NNLS && s.given != nil && (s.given("l1-ratio") || s.given("alpha")) {
		return nil, nil, fmt.Errorf("--l1-ratio and --alpha are for --solver elasticnet")
	}
	if len(s.sfm.fascicle) != 2 {
		return nil, nil, fmt.Errorf("--fascicle has %d numbers, want two: the diffusivities along and across", len(s.sfm.fascicle))
	}
	along, across := s.sfm.fascicle[0], s.sfm.fascicle[1]
	if along == 0 { // to the model, zeros are the default
		return nil, nil, fmt.Errorf("--fascicle %g,%g: want a positive diffusivity along a fascicle", along, across)
	}
	m, err := model.NewSFM(g, model.SFMOptions{
		Solver: solver, L1Ratio: s.sfm.l1Ratio, Alpha: s.sfm.alpha,
		Evals: [3]float64{along, across, across}, Prediction: s.prediction, Precision: precision, ISA: s.isa,
	})
	return m, nil, err
}

// options are the settings for sidecars.
func (s *sfmSettings) options() map[string]any {
	o := map[string]any{"Solver": model.ElasticNet.String(), "FascicleDiffusivities": s.fascicle, "Sphere": "symmetric362, hemisphere"}
	if strings.EqualFold(s.solver, model.NNLS.String()) {
		o["Solver"] = model.NNLS.String()
	} else {
		o["L1Ratio"], o["Alpha"] = s.l1Ratio, s.alpha
	}
	return o
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/model"
)

// mrtrixConvention reports whether csdm shall do as dwi2fod csd does. checkConvention has refused other names.
func (s *modelSettings) mrtrixConvention() bool {
	return strings.EqualFold(s.convention, model.MRtrix.String())
}

// checkConvention refuses flags that only the other convention has.
func (s *modelSettings) checkConvention() error {
	if _, err := findChoice("convention", s.convention, []model.Convention{model.DIPY, model.MRtrix}); err != nil {
		return err
	}
	others := []string{"norm-lambda", "neg-lambda"}
	if s.mrtrixConvention() {
		others = []string{"lambda", "tau"}
	}
	for _, flag := range others {
		if s.given(flag) {
			return fmt.Errorf("--%s is not for csdm --convention %s", flag, strings.ToLower(s.convention))
		}
	}
	if negative, norm := s.weights(); !(negative > 0 && norm > 0) {
		return fmt.Errorf("--neg-lambda %v --norm-lambda %v: want positive numbers (1e-30 for next to none)", negative, norm)
	}
	if s.lambda == 0 { // to the model, zero is the default
		return errors.New("--lambda 0: want a positive number (1e-30 for next to none)")
	}
	return nil
}

// addConvention sets what the conventions have different flags or defaults for.
func (s *modelSettings) addConvention(o *model.CSDOptions) {
	if !s.mrtrixConvention() {
		o.Lambda, o.Tau = s.lambda, s.tau
		if s.tau == 0 {
			o.Tau = model.ZeroTau
		}
		return
	}
	o.Convention = model.MRtrix
	o.Lambda, o.SolutionNorm = s.weights()
	if !s.given("lmax") {
		o.LMax = 0 // as the response has it
	}
}

// weights are MRtrix3's of the constraint and of the norm.
func (s *modelSettings) weights() (negative, norm float64) {
	negative, norm = 1, 1
	if s.given("neg-lambda") {
		negative = s.negLambda
	}
	if s.given("norm-lambda") {
		norm = s.normLambda
	}
	return negative, norm
}

// conventionOptions adds to the options of csdm, for sidecars, what the convention has.
func (s *modelSettings) conventionOptions(o map[string]any) map[string]any {
	if s.mrtrixConvention() {
		negative, norm := s.weights()
		o["Convention"], o["NegLambda"], o["NormLambda"], o["Threshold"] = "MRtrix3 dwi2fod csd", negative, norm, 0
		o["Directions"] = "MRtrix3's 300"
	} else {
		o["Convention"], o["Lambda"], o["Tau"] = "DIPY csdeconv", s.lambda, s.tau
		o["Directions"] = "symmetric362 hemisphere"
	}
	if s.directions != "" {
		o["Directions"] = s.directions
	}
	return o
}

// readDirections reads the file of --directions; there are none without it.
func (s *modelSettings) readDirections() ([][3]float64, error) {
	if s.directions == "" {
		return nil, nil
	}
	directions, err := acq.ReadMRtrixDirections(s.directions)
	if err != nil {
		return nil, fmt.Errorf("--directions: %w", err)
	}
	return directions, nil
}

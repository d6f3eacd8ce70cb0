package main

import (
	"slices"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/model"
)

// isaHelp is the help of the option isa. All models have it, and other commands have it as a flag.
var isaHelp = flagHelp(model.SharedOptions()[0])

func modelNames() string { return strings.Join(model.Names(), ", ") }

// needsResponse reports whether one of the models needs a response function.
func needsResponse(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		k, err := model.Find(name)
		return err == nil && k.Needs.Response
	})
}

// needsTissues reports whether one of the models needs the responses of several tissues.
func needsTissues(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		k, err := model.Find(name)
		return err == nil && k.Needs.Tissues
	})
}

// standardModel returns a model as kbench run, compare and other commands fit it: with default options, or with those
// of a JSON object.
func standardModel(name, options, isa string, in model.Inputs) (model.Model, error) {
	kind, err := model.Find(name)
	if err != nil {
		return nil, err
	}
	settings, err := kind.ParseJSON(options)
	if err != nil {
		return nil, err
	}
	settings.SetISA(isa)
	if err := giveInputs(settings, in.Response, in.Tissues); err != nil {
		return nil, err
	}
	return settings.Model(in.Gradients)
}

// giveInputs passes to settings the response or the tissues, if the model needs them.
func giveInputs(settings *model.Settings, r acq.Response, tissues []model.Tissue) error {
	switch need := settings.Kind().Needs; {
	case need.Response:
		return settings.SetResponse(r)
	case need.Tissues:
		return settings.SetTissues(tissues)
	}
	return nil
}

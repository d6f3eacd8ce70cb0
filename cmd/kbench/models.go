package main

import (
	"slices"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/model"
)

// isaHelp is that of the option of all models, which other commands have as a flag, too.
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

// standardModel is a model as kbench run and its like fit it: with default options, or those of a JSON object.
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

// giveInputs hands over what the model needs of them.
func giveInputs(settings *model.Settings, r acq.Response, tissues []model.Tissue) error {
	switch need := settings.Kind().Needs; {
	case need.Response:
		return settings.SetResponse(r)
	case need.Tissues:
		return settings.SetTissues(tissues)
	}
	return nil
}

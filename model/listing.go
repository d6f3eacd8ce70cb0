package model

import (
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/sh"
)

// A Listing holds all that the table of models says, in a form for programs. `kbench options --json` prints it, the
// C library returns it, and the Python package is generated from it.
type Listing struct {
	Models []ListedModel `json:"models"`
	Shared []Option      `json:"shared"`
}

// A ListedModel is a Kind, with its options and its maps written out.
type ListedModel struct {
	Name       string      `json:"name"`
	Class      string      `json:"class"`
	Words      string      `json:"words"`
	Entity     string      `json:"entity"`
	Function   string      `json:"function"`
	Summary    string      `json:"summary"`
	Needs      Needs       `json:"needs"`
	Options    []Option    `json:"options"`
	Parameters []ListedMap `json:"parameters"`
	Maps       []ListedMap `json:"maps"`
}

// A ListedMap describes a map of a model with default options. An optional map is made only when an option asks for
// it. Components is 0 where the map has one component for each measurement. With other options, or with tissues
// other than WM, GM and CSF, components and descriptions may differ: then Model.Maps has them.
type ListedMap struct {
	Name        string   `json:"name"`
	Components  int      `json:"components"`
	Unit        string   `json:"unit"`
	Description string   `json:"description"`
	Basis       string   `json:"basis,omitempty"`
	Elements    []string `json:"elements,omitempty"`
	Shape       []int    `json:"shape,omitempty"`
	OnRequest   bool     `json:"on_request,omitempty"`
	Optional    bool     `json:"optional"`
}

// NewListing lists all kinds.
func NewListing() (Listing, error) {
	l := Listing{Shared: SharedOptions()}
	for _, k := range Kinds {
		m := ListedModel{
			Name: k.Name, Class: k.Class, Words: k.Words, Entity: k.Entity, Function: k.Function, Summary: k.Summary + ".",
			Needs: k.Needs, Options: k.OptionList(),
		}
		if err := m.listMaps(k); err != nil {
			return l, err
		}
		l.Models = append(l.Models, m)
	}
	return l, nil
}

// listMaps makes the model for an example acquisition: once with its default options, and once with each option that
// is true or false, because such an option may add a map.
func (m *ListedModel) listMaps(k *Kind) error {
	in := exampleInputs()
	plain, err := k.New(in, k.Options)
	if err != nil {
		return err
	}
	m.Parameters = listed(plain.Parameters(), in)
	m.Maps = listed(plain.Maps(), in)
	have := map[string]bool{}
	for _, d := range m.Maps {
		have[d.Name] = true
	}
	for _, o := range m.Options {
		if o.Kind != BooleanOption || o.With != nil {
			continue
		}
		s := k.NewSettings()
		s.inputs, s.given[responseName] = in, true
		if err := s.set(o, true); err != nil {
			return err
		}
		with, err := s.Model(in.Gradients)
		if err != nil {
			return err
		}
		for _, d := range listed(with.Maps(), in) {
			if !have[d.Name] {
				d.Optional, have[d.Name] = true, true
				m.Maps = append(m.Maps, d)
			}
		}
	}
	return nil
}

func listed(maps []Map, in Inputs) []ListedMap {
	list := make([]ListedMap, len(maps))
	for i, d := range maps {
		list[i] = ListedMap{Name: d.Name, Components: d.Components, Unit: d.Unit, Description: d.Description, Elements: d.Elements, Shape: d.Shape, OnRequest: d.OnRequest}
		if d.Basis != sh.DefaultBasis {
			list[i].Basis = d.Basis.String()
		}
		if d.Components == in.Gradients.Len() {
			list[i].Components = 0
		}
	}
	return list
}

// exampleInputs returns an acquisition for which any model can be made. No map has its number of volumes as a fixed
// number of components, so that a map with one component for each volume is known by that number.
func exampleInputs() Inputs {
	const each = 67
	directions := sh.Directions300()
	bvals, bvecs := []float64{0, 0}, [][3]float64{{}, {}}
	for shell := range 3 {
		for i := range each {
			bvals, bvecs = append(bvals, 1000*float64(shell+1)), append(bvecs, directions[(300*i/each+shell)%300])
		}
	}
	g, _, err := acq.NewGradientTable(bvals, bvecs)
	if err != nil {
		panic(err) // these are constants
	}
	white := acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: 1000}
	grey := acq.Response{Evals: [3]float64{0.8e-3, 0.8e-3, 0.8e-3}, S0: 1100}
	fluid := acq.Response{Evals: [3]float64{3e-3, 3e-3, 3e-3}, S0: 1500}
	return Inputs{Gradients: g, Response: white, Tissues: NameTissues([]acq.Response{white, grey, fluid})}
}

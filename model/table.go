package model

//go:generate go run ./generate

import (
	"fmt"
	"strings"

	"github.com/voxfit/voxfit/acq"
)

// Kinds is the one list of models. A new model is a file of this folder with its Kind, and a line here: kbench, the
// C library, Python, the sidecars and the documentation take everything else from the Kind.
var Kinds = []*Kind{
	csdKind,
	freeWaterKind,
	msmtKind,
	tensorKind,
	sfmKind,
}

// A Kind describes a model before there is an acquisition: its names, what it needs, its options and how it is made.
type Kind struct {
	// Name is the model's name on the command line and in the C library: "dti".
	Name string
	// Class is its name in the published study's CSV, DIPY's class: "TensorModel".
	Class string
	// Words are its name in tables and figures: "Diffusion tensor". Short is what it is called within a sentence: "DTI". A
	// model without it is called by its words.
	Words, Short string
	// Entity is the value of the entity "model" in the names of BIDS derivatives: "tensor".
	Entity string
	// Function is the Python function that fits it: "fit_dti".
	Function string
	// Summary is a sentence without its full stop. It says what is fitted, and which paper and which program the
	// model follows.
	Summary string
	// Needs are what the model is made from besides a gradient table.
	Needs Needs
	// Options is the zero value of the struct of its options, whose tags describe them: option.go says how.
	Options any
	// Timed is the variant of the model that kbench env times.
	Timed Timed
	// New makes the model, given options of the type of Options.
	New func(in Inputs, options any) (Model, error)
}

// A Timed is a variant of a model that stands for it in comparisons of speed.
type Timed struct {
	Variant string // as "nnls"; empty where the model has but one
	Options string // a JSON object, or nothing for the defaults
}

// TimedName is the name of that variant, as kbench compare has it: "dti wls".
func (k *Kind) TimedName() string { return strings.TrimSpace(k.Name + " " + k.Timed.Variant) }

// Needs are what a model is made from, and what an acquisition must have for it.
type Needs struct {
	// Response is whether it needs the response of a single fibre.
	Response bool `json:"response"`
	// Tissues is whether it needs the responses of several tissues.
	Tissues bool `json:"tissues"`
	// Shells is the least number of diffusion-weighted shells.
	Shells int `json:"shells"`
	// Measurements is the least number of volumes that can determine its parameters.
	Measurements int `json:"measurements"`
}

// Inputs are what a model is made from.
type Inputs struct {
	Gradients *acq.GradientTable
	Response  acq.Response // of models that need one
	Tissues   []Tissue     // of models that need them
}

// Find returns the kind of that name. The error lists the names that there are, and the nearest.
func Find(name string) (*Kind, error) {
	for _, k := range Kinds {
		if k.Name == name {
			return k, nil
		}
	}
	return nil, fmt.Errorf("unknown model %q%s There are %s", name, suggestion(name, Names()), list(Names(), "and"))
}

// Names returns the names of all kinds, in their order.
func Names() []string {
	names := make([]string, len(Kinds))
	for i, k := range Kinds {
		names[i] = k.Name
	}
	return names
}

// list joins words as a sentence does: "wls, nls or ols".
func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

// suggestion ends a clause with a question for the nearest of some words, if one is near, else with a full stop.
func suggestion(word string, words []string) string {
	if near := nearest(word, words); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return "."
}

// nearest is the word that differs least from another, if half of the letters agree.
func nearest(word string, words []string) string {
	best, least := "", (len(word)+1)/2
	for _, w := range words {
		if d := editDistance(strings.ToLower(word), strings.ToLower(w)); d < least {
			best, least = w, d
		}
	}
	return best
}

// editDistance counts the letters to be inserted, left out, exchanged, or swapped with the next, that turn one word
// into the other.
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+1)
			if a[i] == b[j] {
				row[j+1] = min(row[j+1], last[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

package main

import (
	"encoding/json"
	"slices"
	"strings"
)

// A listing is what kbench options --json prints.
type listing struct {
	Models []entry  `json:"models"`
	Shared []option `json:"shared"` // options of every model
}

// An entry is a model.
type entry struct {
	Name     string   `json:"name"`
	Function string   `json:"function"`
	Summary  string   `json:"summary"`
	Options  []option `json:"options"`
	Maps     []field  `json:"maps"`
}

// An option is one of a model's.
type option struct {
	Name    string          `json:"name"`
	Kind    string          `json:"kind"`
	Choices []string        `json:"choices"`
	Default json.RawMessage `json:"default"`
	Unit    string          `json:"unit"`
	Range   string          `json:"range"`
	Help    string          `json:"help"`
	Aliases []string        `json:"aliases"`
}

// A field is a map, with the components that it has by default.
type field struct {
	Name        string `json:"name"`
	Components  int    `json:"components"`
	Unit        string `json:"unit"`
	Description string `json:"description"`
	Optional    bool   `json:"optional"`
}

// needed says whether a fit cannot do without the option: such ones come before the keywords.
func (o option) needed() bool { return o.Kind == "response" || o.Kind == "tissues" }

// open says whether the default is left to the model.
func (o option) open() bool { return len(o.Default) == 0 || string(o.Default) == "null" }

// split parts the options that are needed from those that may be left out.
func split(options []option) (needed, others []option) {
	for _, o := range options {
		if o.needed() {
			needed = append(needed, o)
		} else {
			others = append(others, o)
		}
	}
	return needed, others
}

// hasTissues says whether a model takes the responses of several tissues.
func hasTissues(options []option) bool {
	return slices.ContainsFunc(options, func(o option) bool { return o.Kind == "tissues" })
}

// keywords are words that Python keeps for itself; with a stroke behind them they are names.
var keywords = strings.Fields("and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield")

// pythonName is an option as an argument.
func pythonName(name string) string {
	if slices.Contains(keywords, name) {
		return name + "_"
	}
	return name
}

// words are the other names of an option that can be arguments.
func (o option) words() []string {
	var words []string
	for _, a := range o.Aliases {
		if a = pythonName(a); a != pythonName(o.Name) && !slices.Contains(words, a) {
			words = append(words, a)
		}
	}
	return words
}

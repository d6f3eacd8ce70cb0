package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/acq"
)

// Settings are the options of one model as a user gave them. The command line and JSON set the same fields by the
// same rules. They differ only in how their messages spell an option's name.
type Settings struct {
	kind    *Kind
	all     []Option      // of the kind, then the shared ones
	own     int           // how many are of the kind
	options reflect.Value // of the kind's struct
	shared  Shared
	given   map[string]bool
	inputs  Inputs
	flags   bool // names are spelled as flags
}

// NewSettings returns settings with all options at their defaults. Messages spell an option's name as in JSON,
// "neg_lambda".
func (k *Kind) NewSettings() *Settings {
	own := k.OptionList()
	return &Settings{
		kind: k, all: append(own, SharedOptions()...), own: len(own),
		options: reflect.New(reflect.TypeOf(k.Options)).Elem(), shared: Shared{B0Threshold: acq.DefaultB0Threshold}, given: map[string]bool{},
	}
}

// NewFlagSettings is NewSettings for the command line: messages spell an option's name "--neg-lambda".
func (k *Kind) NewFlagSettings() *Settings {
	s := k.NewSettings()
	s.flags = true
	return s
}

// FlagName is the name of an option on the command line, without the dashes before it.
func FlagName(option string) string { return strings.ReplaceAll(option, "_", "-") }

func (s *Settings) spell(name string) string {
	if s.flags {
		return "--" + FlagName(name)
	}
	return name
}

// errorf is an error about an option.
func (s *Settings) errorf(name, format string, values ...any) error {
	return fmt.Errorf("%s: %s %s", s.kind.Name, s.spell(name), fmt.Sprintf(format, values...))
}

// An OptionError is an error about the value of an option, which the model found unfit for the acquisition.
type OptionError struct {
	Option string // its name as in JSON
	err    error
}

// Error is one line with the option, what was found and what was expected.
func (e *OptionError) Error() string { return e.err.Error() }

// Unwrap is the error without the option's name.
func (e *OptionError) Unwrap() error { return e.err }

// responseErrorf is an error about the response, or the responses of tissues.
func responseErrorf(format string, values ...any) error {
	return &OptionError{responseName, fmt.Errorf(format, values...)}
}

// Unknown is the error for an option that the model does not have. name is what the user wrote. The error lists the
// model's options, and asks whether the nearest of these, or of others, was meant. others are further names that the
// interface accepts. Where none is near, the error names the other models that have such an option.
func (s *Settings) Unknown(name string, others ...string) error {
	var known []string
	candidates, means := slices.Clone(others), map[string]string{}
	for _, o := range s.all {
		known = append(known, s.spell(o.Name))
		for _, other := range append([]string{o.Name}, o.Aliases...) {
			candidates, means[other] = append(candidates, other), o.Name
		}
	}
	slices.Sort(known)
	question, plain := ".", strings.ReplaceAll(strings.TrimLeft(name, "-"), "-", "_")
	if near := nearest(plain, candidates); near != "" {
		if option, ok := means[near]; ok {
			near = option
		}
		question = fmt.Sprintf("; did you mean %s?", s.spell(near))
	} else if option, others := kindsWith(plain); len(others) == 1 {
		question = fmt.Sprintf("; %s has %s.", others[0], s.spell(option))
	} else if len(others) > 1 {
		question = fmt.Sprintf("; %s have %s.", list(others, "and"), s.spell(option))
	}
	return fmt.Errorf("unknown option %q of %s%s %s has %s", name, s.kind.Name, question, s.kind.Name, list(known, "and"))
}

// kindsWith are the models that have an option of this name, in any case, and the name as it is written.
func kindsWith(option string) (name string, kinds []string) {
	for _, k := range Kinds {
		for _, o := range k.OptionList() {
			if strings.EqualFold(o.Name, option) {
				name, kinds = o.Name, append(kinds, k.Name)
			}
		}
	}
	return name, kinds
}

// ParseJSON reads the options of a model from a JSON object. An empty text leaves all options at their defaults, and
// null leaves one. An option that the model does not have is an error. Numbers that JSON cannot write are the
// strings "NaN", "Infinity" and "-Infinity".
func (k *Kind) ParseJSON(text string) (*Settings, error) {
	s := k.NewSettings()
	if strings.TrimSpace(text) == "" {
		return s, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil || values == nil {
		return nil, fmt.Errorf("%s: the options are not a JSON object: %s", k.Name, jsonError(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%s: there is something after the JSON object of the options", k.Name)
	}
	for name := range values {
		if _, known := findOption(s.all, name); !known {
			return nil, s.Unknown(firstUnknown(values, s.all))
		}
	}
	for _, o := range s.all {
		if value := values[o.Name]; value != nil {
			if err := s.set(o, value); err != nil {
				return nil, err
			}
		}
	}
	return s, s.checkGiven()
}

func jsonError(err error) string {
	if err == nil {
		return "found null"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// firstUnknown is the unknown name that comes first in the alphabet, so that the message does not depend on the
// order of a map.
func firstUnknown(values map[string]any, known []Option) string {
	var unknown []string
	for name := range values {
		if _, found := findOption(known, name); !found {
			unknown = append(unknown, name)
		}
	}
	return slices.Min(unknown)
}

// SetTexts sets options from the command line. texts has their arguments, by the options' names. A set of directions
// is given as numbers or as the name of a file. A response is read here only if it is given as numbers; the caller
// reads files of responses.
func (s *Settings) SetTexts(texts map[string]string) error {
	for _, o := range s.all {
		text, given := texts[o.Name]
		left := o.Kind == ResponseOption && !IsNumbers(text) || o.Kind == TissuesOption && !IsTissues(text)
		if !given || left {
			continue
		}
		value, err := s.fromText(o, text)
		if err == nil {
			err = s.set(o, value)
		}
		if err != nil {
			return err
		}
	}
	return s.checkGiven()
}

// SetResponse sets the response that the model needs.
func (s *Settings) SetResponse(r acq.Response) error {
	if err := r.Check(); err != nil {
		return fmt.Errorf("%s: %s: %w", s.kind.Name, s.spell(responseName), err)
	}
	s.inputs.Response, s.given[responseName] = r, true
	return nil
}

// SetTissues sets the responses of the tissues that the model needs.
func (s *Settings) SetTissues(tissues []Tissue) error {
	if len(tissues) == 0 {
		return s.errorf(responseName, "is empty, expected a response for each tissue")
	}
	for _, t := range tissues {
		if err := t.Response.Check(); err != nil {
			return fmt.Errorf("%s: %s of %s: %w", s.kind.Name, s.spell(responseName), t.Name, err)
		}
	}
	s.inputs.Tissues, s.given[responseName] = tissues, true
	return nil
}

// checkGiven refuses options that have no meaning beside the others.
func (s *Settings) checkGiven() error {
	for _, o := range s.all[:s.own] {
		if o.With == nil || !s.given[o.Name] {
			continue
		}
		other, _ := findOption(s.all, o.With.Option)
		if value := choiceOf(s.options.Field(other.field), other); !slices.Contains(o.With.Values, value) {
			return s.errorf(o.Name, "is for %s %s; %s is %s", s.spell(other.Name), list(o.With.Values, "or"), s.spell(other.Name), value)
		}
	}
	return nil
}

// Given says whether the user gave an option.
func (s *Settings) Given(name string) bool { return s.given[name] }

// Response is the response of a single fibre, and zero where none was given.
func (s *Settings) Response() acq.Response { return s.inputs.Response }

// Tissues are the tissues with their responses, and nil where none were given.
func (s *Settings) Tissues() []Tissue { return s.inputs.Tissues }

// Kind is the kind of the model.
func (s *Settings) Kind() *Kind { return s.kind }

// ISA is the instruction set that was asked for, or "".
func (s *Settings) ISA() string { return s.shared.ISA }

// SetISA asks for an instruction set, "" leaves it to the environment.
func (s *Settings) SetISA(isa string) { s.shared.ISA = isa }

// Gradients says how a gradient table is to be read for the model.
func (s *Settings) Gradients() []acq.GradientOption {
	return []acq.GradientOption{
		acq.WithB0Threshold(s.shared.B0Threshold), acq.WithScaling(s.shared.BValueScaling), acq.WithSpelling(s.spell),
	}
}

// GradientValues are the options by which a gradient table is read, as sidecars list them.
func (s *Settings) GradientValues() OptionValues {
	return OptionValues{{"b0_threshold", s.shared.B0Threshold}, {"bvalue_scaling", s.shared.BValueScaling.String()}}
}

// Shells are the b-values of the shells that were asked for, and nil where none were.
func (s *Settings) Shells() []float64 {
	if o, known := findOption(s.all[:s.own], "shells"); known {
		shells, _ := s.options.Field(o.field).Interface().([]float64)
		return shells
	}
	return nil
}

// ForMRtrix says whether the maps follow MRtrix3's conventions. The directions in such maps are in the frame of the
// scanner.
func (s *Settings) ForMRtrix() bool {
	o := reflect.New(s.options.Type())
	o.Elem().Set(s.options)
	prepared := o.Interface()
	if err := prepare(prepared); err != nil {
		return false
	}
	m, ok := prepared.(interface{ forMRtrix() bool })
	return ok && m.forMRtrix()
}

// Model makes the model for an acquisition.
func (s *Settings) Model(g *acq.GradientTable) (Model, error) {
	if need := s.kind.Needs; (need.Response || need.Tissues) && !s.given[responseName] {
		o, _ := findOption(s.all, responseName)
		return nil, s.errorf(responseName, "is needed: %s", o.Expected())
	}
	in := s.inputs
	in.Gradients = g
	if f := s.options.FieldByName("ISA"); f.IsValid() {
		f.SetString(s.shared.ISA)
	}
	return s.kind.New(in, s.options.Interface())
}

// An OptionValue is an option with the value in force.
type OptionValue struct {
	Name  string
	Value any
}

// OptionValues are an ordered JSON object.
type OptionValues []OptionValue

// MarshalJSON writes them as an object, in their order.
func (v OptionValues) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, o := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		text, err := json.Marshal(o.Value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", o.Name, text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// ValuesInForce are the options that a model was made with, with defaults filled in, as a sidecar lists them. It
// leaves out options that have no meaning with the values of the others, and sets of directions that the user left
// to the model.
func ValuesInForce(m Model) OptionValues {
	v := reflect.ValueOf(m.Options())
	options := optionsOf(v.Type())
	var values OptionValues
	for _, o := range options {
		if o.With != nil {
			other, _ := findOption(options, o.With.Option)
			if !slices.Contains(o.With.Values, choiceOf(v.Field(other.field), other)) {
				continue
			}
		}
		if value := valueInForce(v.Field(o.field), o); value != nil {
			values = append(values, OptionValue{o.Name, value})
		}
	}
	return values
}

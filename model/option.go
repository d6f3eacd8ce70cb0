package model

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/sh"
)

// An Option describes one option of a model. It is read from the tags of a field of an options struct. The tags are
//
//	json      the option's name, with underscores; the flag's name has dashes instead
//	help      a sentence or two
//	default   what a zero field stands for; without this tag the model decides, and help says how
//	unit      as "mm2/s"
//	range     of a number, as "(0,inf)" or "[2,12]"
//	multiple  a whole number, of which the value must be a multiple
//	choices   names of a field's values (by their String method), in lower case; the default is first
//	with      another option, and its values with which this one has a meaning: "method=iwls"
//	zero      what stands for a zero that the user gave, because a zero field stands for the default
//	aliases   other programs' names, which Python takes, too
//	spellings other programs' words for values that have names, which Python takes with those names: "nlls=nls"
//
// A field without a json tag is not an option.
type Option struct {
	Name     string     `json:"name"`
	Kind     OptionKind `json:"kind"`
	Choices  []string   `json:"choices"`
	Default  any        `json:"default"` // nil: the model decides
	Unit     string     `json:"unit"`
	Range    string     `json:"range"`
	Multiple int        `json:"multiple,omitempty"`
	Help     string     `json:"help"`
	Aliases  []string   `json:"aliases"`
	// Spellings are other words for choices, in lower case, with what they stand for.
	Spellings map[string]string `json:"spellings,omitempty"`
	With      *Condition        `json:"with,omitempty"`
	Needed    bool              `json:"needed,omitempty"`

	field int // of the struct
	zero  string
}

// An OptionKind says what the values of an option are.
type OptionKind string

// The kinds of options, by their names in the listing.
const (
	IntegerOption    OptionKind = "integer"
	NumberOption     OptionKind = "number"
	BooleanOption    OptionKind = "boolean"
	ChoiceOption     OptionKind = "choice"
	TextOption       OptionKind = "text"
	NumbersOption    OptionKind = "numbers"    // a list
	EvalsOption      OptionKind = "evals"      // three diffusivities
	DirectionsOption OptionKind = "directions" // unit vectors
	SphereOption     OptionKind = "sphere"     // unit vectors, and perhaps the edges between neighbours
	ResponseOption   OptionKind = "response"   // of a single fibre
	TissuesOption    OptionKind = "tissues"    // a response for each tissue
)

// A Condition names another option, and its values with which the option has a meaning.
type Condition struct {
	Option string   `json:"option"`
	Values []string `json:"values"`
}

// Shared are the options of every model.
type Shared struct {
	ISA           string            `json:"isa" help:"Instruction set of the kernels: auto, or one that this machine has (kbench env lists them). The default is what the environment variable VOXFIT_ISA names, else auto."`
	B0Threshold   float64           `json:"b0_threshold" unit:"s/mm2" range:"[0,inf)" default:"50" help:"The b-value up to which a volume counts as not diffusion-weighted."`
	BValueScaling acq.BValueScaling `json:"bvalue_scaling" choices:"auto,yes,no,dipy" default:"auto" help:"Whether b-values are multiplied by the squared lengths of their b-vectors, as MRtrix3's -bvalue_scaling. auto does so where lengths differ from 1 by more than half a per cent. dipy reads a table by DIPY's rules and never scales. With dipy, C and Python take b-values in any unit."`
}

// SharedOptions describes the options of every model.
func SharedOptions() []Option { return optionsOf(reflect.TypeFor[Shared]()) }

// OptionList describes the options of a kind, the one that it needs first. The options of every model are not among
// them.
func (k *Kind) OptionList() []Option {
	var options []Option
	switch {
	case k.Needs.Response:
		options = append(options, Option{Name: responseName, Kind: ResponseOption, Needed: true, Choices: []string{}, Aliases: []string{},
			Help: "Signal of a single fibre: eigenvalues in mm2/s, the largest first, and S0; or zonal coefficients (MRtrix3's files), a row for each shell."})
	case k.Needs.Tissues:
		options = append(options, Option{Name: responseName, Kind: TissuesOption, Needed: true, Choices: []string{}, Aliases: []string{"responses"},
			Help: "Signal of each tissue (WM, GM, CSF): zonal coefficients (MRtrix3's files), a row for each shell, b = 0 included; or eigenvalues in mm2/s and S0."})
	}
	return append(options, optionsOf(reflect.TypeOf(k.Options))...)
}

// responseName is the option that gives a model its response, or the responses of its tissues.
const responseName = "response"

func optionsOf(t reflect.Type) []Option {
	var options []Option
	for i := range t.NumField() {
		f := t.Field(i)
		if name := f.Tag.Get("json"); name != "" {
			options = append(options, describeOption(i, name, f))
		}
	}
	return options
}

func describeOption(i int, name string, f reflect.StructField) Option {
	o := Option{
		Name: name, Kind: kindOf(f), Choices: words(f.Tag.Get("choices")), Unit: f.Tag.Get("unit"), Range: f.Tag.Get("range"),
		Help: f.Tag.Get("help"), Aliases: words(f.Tag.Get("aliases")), field: i, zero: f.Tag.Get("zero"),
	}
	o.Multiple, _ = strconv.Atoi(f.Tag.Get("multiple"))
	if option, values, found := strings.Cut(f.Tag.Get("with"), "="); found {
		o.With = &Condition{option, words(values)}
	}
	for _, pair := range words(f.Tag.Get("spellings")) {
		if o.Spellings == nil {
			o.Spellings = map[string]string{}
		}
		word, choice, _ := strings.Cut(pair, "=")
		o.Spellings[word] = choice
	}
	if text := f.Tag.Get("default"); text != "" {
		o.Default = defaultValue(o.Kind, text)
	} else if o.Kind == BooleanOption {
		o.Default = false
	}
	return o
}

func words(text string) []string {
	if text == "" {
		return []string{}
	}
	return strings.Split(text, ",")
}

// defaultValue turns the text of a default's tag into the value that JSON has for it.
func defaultValue(kind OptionKind, text string) any {
	switch kind {
	case IntegerOption:
		n, _ := strconv.Atoi(text)
		return n
	case NumberOption:
		x, _ := strconv.ParseFloat(text, 64)
		return x
	case EvalsOption:
		var list []float64
		for _, word := range words(text) {
			x, _ := strconv.ParseFloat(word, 64)
			list = append(list, x)
		}
		return list
	}
	return text
}

// kindOf says which kind of option a field is, by its type.
func kindOf(f reflect.StructField) OptionKind {
	switch {
	case f.Tag.Get("choices") != "":
		return ChoiceOption
	case f.Type == reflect.TypeFor[[3]float64]():
		return EvalsOption
	case f.Type == reflect.TypeFor[[]float64]():
		return NumbersOption
	case f.Type == reflect.TypeFor[[][3]float64]():
		return DirectionsOption
	case f.Type == reflect.TypeFor[*sh.Sphere]():
		return SphereOption
	case f.Type.Kind() == reflect.Int:
		return IntegerOption
	case f.Type.Kind() == reflect.Float64:
		return NumberOption
	case f.Type.Kind() == reflect.Bool:
		return BooleanOption
	}
	return TextOption
}

// bounds reads the range: "(0,inf)".
func (o Option) bounds() (low, high float64, openLow, openHigh bool) {
	if o.Range == "" {
		return math.Inf(-1), math.Inf(1), true, true
	}
	from, to, _ := strings.Cut(o.Range[1:len(o.Range)-1], ",")
	low, _ = strconv.ParseFloat(from, 64)
	high, _ = strconv.ParseFloat(to, 64)
	return low, high, o.Range[0] == '(', o.Range[len(o.Range)-1] == ')'
}

// allows says whether a number is finite and in the range.
func (o Option) allows(x float64) bool {
	low, high, openLow, openHigh := o.bounds()
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0) || x < low || x > high || openLow && x == low || openHigh && x == high:
		return false
	case o.Kind == IntegerOption:
		return x == math.Trunc(x) && (o.Multiple == 0 || math.Mod(x, float64(o.Multiple)) == 0)
	}
	return true
}

// Expected says in words what the values of an option are: "an even number from 2 to 12".
func (o Option) Expected() string {
	switch o.Kind {
	case BooleanOption:
		return "true or false"
	case ChoiceOption:
		return list(o.Choices, "or")
	case EvalsOption:
		return "three diffusivities in mm2/s, the largest first, as 0.0017,0.0003,0.0003"
	case DirectionsOption:
		return "unit vectors"
	case SphereOption:
		return list(sh.Hemispheres(), "or") + ", or four or more unit vectors, not all in a plane"
	case ResponseOption:
		return "three eigenvalues and S0, or zonal coefficients"
	case TissuesOption:
		return "a response for each tissue"
	case TextOption:
		return "a name"
	}
	what := "a number"
	switch {
	case o.Kind == NumbersOption:
		what = "numbers"
	case o.Multiple == 2:
		what = "an even number"
	case o.Kind == IntegerOption:
		what = "a whole number"
	}
	if o.Range != "" {
		what += o.rangeWords()
	}
	if o.Unit != "" && o.Unit != "degrees" {
		return what + ", in " + o.Unit
	}
	return strings.TrimSpace(what + " " + o.Unit)
}

// expectedFor is Expected, with a remark where a diffusivity is so small that it seems to be in m2/s.
func (o Option) expectedFor(x float64) string {
	if low, _, _, _ := o.bounds(); o.Unit == diffusivityUnit && x > 0 && x < low {
		return o.Expected() + " (numbers in m2/s are a million times smaller)"
	}
	return o.Expected()
}

func (o Option) rangeWords() string {
	low, high, openLow, openHigh := o.bounds()
	switch {
	case math.IsInf(high, 1) && openLow:
		return fmt.Sprintf(" above %v", low)
	case math.IsInf(high, 1):
		return fmt.Sprintf(" of at least %v", low)
	case openLow && openHigh:
		return fmt.Sprintf(" above %v and below %v", low, high)
	case openLow:
		return fmt.Sprintf(" above %v and up to %v", low, high)
	case openHigh:
		return fmt.Sprintf(" of at least %s and below %v", strconv.FormatFloat(low, 'f', -1, 64), high)
	}
	return fmt.Sprintf(" from %v to %v", low, high)
}

// findOption is the option of that name among some, if there is one.
func findOption(options []Option, name string) (Option, bool) {
	for _, o := range options {
		if o.Name == name {
			return o, true
		}
	}
	return Option{}, false
}

// DefaultText is an option's default as a user would write it.
func DefaultText(o Option) string {
	if numbers, ok := o.Default.([]float64); ok {
		var words []string
		for _, x := range numbers {
			words = append(words, fmt.Sprint(x))
		}
		return strings.Join(words, ",")
	}
	return fmt.Sprint(o.Default)
}

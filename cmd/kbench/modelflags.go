package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// modelFlags has the flags of kbench fit that come from a model's options.
type modelFlags struct {
	kind     *model.Kind // the model on the command line; nil if there is none
	flags    *pflag.FlagSet
	frame    string
	settings *model.Settings // set by check
}

// An optionValue is the text of an option on the command line. It is parsed once the whole command line is read.
type optionValue struct {
	option model.Option
	text   string
}

func (v *optionValue) String() string { return v.text }

func (v *optionValue) Set(text string) error {
	v.text = text
	return nil
}

// Type returns the name of the value in help texts.
func (v *optionValue) Type() string {
	switch v.option.Kind {
	case model.IntegerOption:
		return "int"
	case model.NumberOption:
		return "number"
	case model.BooleanOption:
		return "bool"
	case model.EvalsOption:
		return "e1,e2,e3"
	case model.NumbersOption:
		return "list"
	case model.DirectionsOption:
		return "file"
	case model.SphereOption:
		return "name|file"
	}
	return "name"
}

// addOptions makes a flag of each option, except for those that the set has already.
func addOptions(f *pflag.FlagSet, options []model.Option) {
	for _, o := range options {
		if name := model.FlagName(o.Name); f.Lookup(name) == nil && o.Kind != model.ResponseOption && o.Kind != model.TissuesOption {
			flag := f.VarPF(&optionValue{option: o}, name, "", flagHelp(o))
			if o.Kind == model.BooleanOption {
				flag.NoOptDefVal = "true"
			}
		}
	}
}

// flagHelp returns the option's help, with its values, its unit, its default and the option that it depends on.
func flagHelp(o model.Option) string {
	help := o.Help
	if o.Kind == model.DirectionsOption || o.Kind == model.SphereOption {
		help += " Others come from a file as for MRtrix3's -directions, or are written as \"0,0,1;0,1,0\"."
	}
	if o.Kind == model.SphereOption {
		help += " Half of a sphere of DIPY can be given by its name: " + strings.Join(sh.Hemispheres(), ", ") + "."
	}
	var notes []string
	switch {
	case len(o.Choices) > 0:
		notes = append(notes, strings.Join(o.Choices, ", "))
	case o.Range != "":
		notes = append(notes, o.Expected())
	case o.Unit != "":
		notes = append(notes, "in "+o.Unit)
	}
	if o.Default != nil && o.Kind != model.BooleanOption {
		notes = append(notes, "default "+model.DefaultText(o))
	}
	if o.With != nil {
		notes = append(notes, fmt.Sprintf("with --%s %s", model.FlagName(o.With.Option), strings.Join(o.With.Values, ", ")))
	}
	if len(notes) == 0 {
		return help
	}
	return strings.TrimSuffix(help, ".") + " (" + strings.Join(notes, "; ") + ")"
}

// addFlags adds the options of the named model. If no model is named, it adds those of all models: the command then
// asks for help, or is an error anyway.
func (m *modelFlags) addFlags(f *pflag.FlagSet) {
	m.flags = f
	kinds := model.Kinds
	if m.kind != nil {
		kinds = []*model.Kind{m.kind}
	}
	for _, k := range kinds {
		addOptions(f, k.OptionList())
	}
	addOptions(f, model.SharedOptions())
	m.addFrame(f)
}

func (m *modelFlags) addFrame(f *pflag.FlagSet) {
	help := "axes of fodfs, peaks and tensors: image (b-vectors as given) or world (scanner; the default where the maps are in MRtrix3's basis, order or convention)"
	if m.kind != nil && slices.ContainsFunc(m.kind.OptionList(), func(o model.Option) bool { return o.Kind == model.DirectionsOption }) {
		help += ". The directions of the constraint do not turn with the axes. A fit in world axes therefore differs somewhat from a fit in image axes that kbench convert turns afterwards"
	}
	f.Var(namedValue(&m.frame, imageFrame, worldFrame), "frame", help)
}

// check reads the flags that were given. response is the value of --response. If it is numbers, they are checked here.
func (m *modelFlags) check(response string) error {
	texts := map[string]string{"response": response}
	m.flags.Visit(func(flag *pflag.Flag) {
		if v, ok := flag.Value.(*optionValue); ok {
			texts[v.option.Name] = v.text
		}
	})
	m.settings = m.kind.NewFlagSettings()
	if err := m.settings.SetTexts(texts); err != nil {
		return err
	}
	// The instruction set is checked before any file is read, because the error is not about files.
	if _, err := kernel.ChosenISA(kernel.WithISA(m.settings.ISA())); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "kernel: "))
	}
	if m.frame == "" {
		m.frame = imageFrame
		if m.settings.ForMRtrix() {
			m.frame = worldFrame
		}
	}
	if m.frame != imageFrame && m.frame != worldFrame {
		return fmt.Errorf("--frame %s: expected image or world", m.frame)
	}
	return nil
}

// worldFrame reports whether b-vectors are rotated to the scanner's axes first.
func (m *modelFlags) worldFrame() bool { return m.frame == worldFrame }

// valuesInForce returns the options that the model was made with, for sidecars. Directions are written as on the
// command line: as a file, which is listed with its hash, or as numbers.
func (m *modelFlags) valuesInForce(made model.Model) model.OptionValues {
	values := model.ValuesInForce(made)
	set := map[model.OptionKind]bool{model.DirectionsOption: true, model.SphereOption: true}
	for i, value := range values {
		v, ok := m.flags.Lookup(model.FlagName(value.Name)).Value.(*optionValue)
		if ok && (v.option.NamesFile(v.text) || set[v.option.Kind] && model.IsNumbers(v.text)) {
			values[i].Value = v.text
		}
	}
	return values
}

// files returns the files that options name.
func (m *modelFlags) files() []string {
	var files []string
	m.flags.Visit(func(flag *pflag.Flag) {
		v, ok := flag.Value.(*optionValue)
		if ok && v.option.NamesFile(v.text) {
			files = append(files, v.text)
		}
	})
	return files
}

// flagError returns the error for a flag that the model does not have. It lists the model's flags, and names one of
// similar spelling.
func (m *modelFlags) flagError(err error) error {
	var unknown *pflag.NotExistError
	if m.kind == nil || !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return fmt.Errorf("%w (kbench fit --help lists the flags)", err)
	}
	var others []string
	m.flags.VisitAll(func(flag *pflag.Flag) {
		if _, ok := flag.Value.(*optionValue); !ok {
			others = append(others, flag.Name)
		}
	})
	return m.kind.NewFlagSettings().Unknown("--"+unknown.GetSpecifiedName(), others...)
}

// namedModel returns the model on the command line of kbench fit, which is the first argument that is not a flag.
func namedModel(args []string) *model.Kind {
	for len(args) > 0 && args[0] != "fit" {
		args = args[1:]
	}
	if len(args) == 0 {
		return nil
	}
	f := pflag.NewFlagSet("fit", pflag.ContinueOnError)
	f.ParseErrorsAllowlist.UnknownFlags = true
	f.Usage = func() {}
	f.BoolP("help", "h", false, "")
	new(fitOptions).addFlags(f)
	_ = f.Parse(args[1:]) // the command itself reports the error
	if f.NArg() == 0 {
		return nil
	}
	kind, _ := model.Find(f.Arg(0))
	return kind
}

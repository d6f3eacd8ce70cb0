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

// modelFlags are the flags of kbench fit that a model's options become.
type modelFlags struct {
	kind     *model.Kind // that the command line names; nil: it names none
	flags    *pflag.FlagSet
	frame    string
	settings *model.Settings // after check
}

// An optionValue is what the command line says of an option. It is looked at when all of it is there.
type optionValue struct {
	option model.Option
	text   string
}

func (v *optionValue) String() string { return v.text }

func (v *optionValue) Set(text string) error {
	v.text = text
	return nil
}

// Type is what help calls the value.
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

// addOptions makes a flag of each option, but for those that the set has already.
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

// flagHelp is the option's help, with its values, unit, default and what it depends on.
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

// addFlags adds the options of the named model. Where none is named it adds those of all models: the command is then an
// error anyhow, or asks for help.
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

// check reads the flags that were given. response is that of the flag --response, of which numbers are checked here.
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
	if _, err := kernel.ChosenISA(kernel.WithISA(m.settings.ISA())); err != nil { // before any file is read: the error is not about files
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

// worldFrame reports whether b-vectors are taken to scanner axes first.
func (m *modelFlags) worldFrame() bool { return m.frame == worldFrame }

// valuesInForce are the options that the model was made with, for sidecars. Sets of directions are what the command
// line says of them: a file, which is listed with its hash, or the numbers.
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

// files are those that options name.
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

// flagError is the error for a flag that the model does not have. It says which flags the model has, and which one is
// near.
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

// namedModel is the model that the command line of kbench fit names: its first argument that is no flag.
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
	_ = f.Parse(args[1:]) // the command itself says what is wrong
	if f.NArg() == 0 {
		return nil
	}
	kind, _ := model.Find(f.Arg(0))
	return kind
}

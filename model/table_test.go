package model_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/model"
)

// everyModel returns each kind's model of the phantom, with the options of a JSON object.
func everyModel(t *testing.T, a acquisition, test func(k *model.Kind, make func(options string) model.Model)) {
	t.Helper()
	response := acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: 1000}
	for _, k := range model.Kinds {
		test(k, func(options string) model.Model {
			t.Helper()
			s, err := k.ParseJSON(options)
			if err == nil && k.Needs.Response {
				err = s.SetResponse(response)
			}
			if err == nil && k.Needs.Tissues {
				err = s.SetTissues(model.NameTissues([]acq.Response{response}))
			}
			if err != nil {
				t.Fatal(err)
			}
			m, err := s.Model(a.gradients)
			if err != nil {
				t.Fatal(err)
			}
			return m
		})
	}
}

func TestKindsAreCompleteAndShareNoName(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range model.Kinds {
		for _, word := range []string{"name " + k.Name, "class " + k.Class, "words " + k.Words, "entity " + k.Entity, "function " + k.Function} {
			if strings.HasSuffix(word, " ") || seen[word] {
				t.Errorf("%s: %q is empty, or another model's", k.Name, word)
			}
			seen[word] = true
		}
		if k.Summary == "" || strings.HasSuffix(k.Summary, ".") || k.Needs.Shells < 1 || k.Needs.Measurements < 1 {
			t.Errorf("%s: summary %q, needs %+v", k.Name, k.Summary, k.Needs)
		}
	}
}

func TestOptionsAreSoundAndHaveDifferentNames(t *testing.T) {
	booleans := map[string]bool{} // a flag must take a value with every model, or with none
	for _, k := range model.Kinds {
		names := map[string]bool{}
		options := append(k.OptionList(), model.SharedOptions()...)
		for _, o := range options {
			for _, name := range append([]string{o.Name}, o.Aliases...) {
				if names[name] {
					t.Errorf("%s: two options are called %s", k.Name, name)
				}
				names[name] = true
			}
			checkOption(t, k.Name, o, options)
			is := o.Kind == model.BooleanOption
			if was, known := booleans[o.Name]; known && was != is {
				t.Errorf("%s: %s is a boolean in one model alone", k.Name, o.Name)
			}
			booleans[o.Name] = is
		}
	}
}

func checkOption(t *testing.T, kind string, o model.Option, all []model.Option) {
	t.Helper()
	if o.Name != strings.ToLower(o.Name) || strings.ContainsAny(o.Name, "- ") || !strings.HasSuffix(o.Help, ".") {
		t.Errorf("%s: option %q with help %q", kind, o.Name, o.Help)
	}
	if name, ok := o.Default.(string); o.Kind == model.ChoiceOption && ok && o.Choices[0] != name {
		t.Errorf("%s: the default of %s is %s, and not the first of %v", kind, o.Name, name, o.Choices)
	}
	for word, choice := range o.Spellings {
		if len(o.Aliases) == 0 || slices.Contains(o.Choices, word) || !slices.Contains(o.Choices, choice) {
			t.Errorf("%s: %s takes %s for %s, by the names %v and beside the choices %v", kind, o.Name, word, choice, o.Aliases, o.Choices)
		}
	}
	if o.With == nil {
		return
	}
	i := slices.IndexFunc(all, func(other model.Option) bool { return other.Name == o.With.Option })
	if i < 0 {
		t.Errorf("%s: %s depends on %s, which does not exist", kind, o.Name, o.With.Option)
		return
	}
	for _, value := range o.With.Values {
		if !slices.Contains(all[i].Choices, value) {
			t.Errorf("%s: %s depends on %s %s, expected one of %v", kind, o.Name, o.With.Option, value, all[i].Choices)
		}
	}
}

// The options in a sidecar make the same model again.
func TestValuesInForceMakeTheSameModel(t *testing.T) {
	everyModel(t, phantomAcquisition(t, 1), func(k *model.Kind, make func(string) model.Model) {
		first := make("")
		text, err := json.Marshal(model.ValuesInForce(first))
		if err != nil {
			t.Fatal(err)
		}
		if again := make(string(text)); !reflect.DeepEqual(again.Options(), first.Options()) {
			t.Errorf("%s with %s has the options\n%+v, want\n%+v", k.Name, text, again.Options(), first.Options())
		}
	})
}

func TestParametersAreAllDescribed(t *testing.T) {
	everyModel(t, phantomAcquisition(t, 1), func(k *model.Kind, make func(string) model.Model) {
		m, sum := make(""), 0
		for _, p := range m.Parameters() {
			if p.Name == "" || p.Description == "" {
				t.Errorf("%s: parameter %+v", k.Name, p)
			}
			sum += p.Components
		}
		if sum != m.Fitter().Parameters() {
			t.Errorf("%s: the parameters described have %d components, the kernel's %d", k.Name, sum, m.Fitter().Parameters())
		}
		if m.Kind() != k || reflect.TypeOf(m.Options()) != reflect.TypeOf(k.Options) {
			t.Errorf("%s: the model is a %s with options of type %T", k.Name, m.Kind().Name, m.Options())
		}
	})
}

func TestUnknownModelsAreErrorsWithTheNearest(t *testing.T) {
	for name, want := range map[string]string{
		"fwdti": `unknown model "fwdti"; did you mean fwdtim? There are `,
		"noddi": `unknown model "noddi". There are `,
		"DTI":   `did you mean dti?`,
	} {
		if _, err := model.Find(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

// From these words kbench writes into sidecars in which axes directions are.
func TestMapsWithAValueForEachDirectionSayInWhichFrameTheseAre(t *testing.T) {
	found := 0
	everyModel(t, phantomAcquisition(t, 1), func(k *model.Kind, make func(string) model.Model) {
		for _, d := range make("").Maps() {
			if d.Directions == nil {
				continue
			}
			if found++; !strings.Contains(d.Description, model.GivenFrame) {
				t.Errorf("%s, map %s: %q does not say %q", k.Name, d.Name, d.Description, model.GivenFrame)
			}
		}
	})
	if found == 0 {
		t.Error("there is no such map")
	}
}

func TestDescriptionsOfMapsFollowTheOptionsInForce(t *testing.T) {
	want := map[string]struct{ options, name, words string }{
		"csdm":   {`{"lmax": 4, "sh_basis": "tournier07"}`, "fod", "up to degree 4, basis tournier07"},
		"msmt":   {`{"peaks": 2, "refine_peaks": true}`, "peaks_label-WM", "up to 2 peaks of the distribution of WM, reached from the 362 vertices of the sphere repulsion724"},
		"sfm":    {`{"peaks": 1, "sphere": "repulsion100"}`, "peaks", "Unit vector of the highest peak of the orientation distribution function, at the 50 vertices of the sphere repulsion100"},
		"dti":    {`{"mrtrix_order": true}`, "tensor", "Elements D11, D22, D33, D12, D13, D23"},
		"fwdtim": {"", "colorFA", model.GivenFrame},
	}
	everyModel(t, phantomAcquisition(t, 1), func(k *model.Kind, make func(string) model.Model) {
		w, known := want[k.Name]
		if !known {
			return
		}
		for _, d := range make(w.options).Maps() {
			if d.Name == w.name && strings.Contains(d.Description, w.words) {
				return
			}
		}
		t.Errorf("%s with %s has no map %s that says %q", k.Name, w.options, w.name, w.words)
	})
}

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

func TestHelpOfAModelHasItsOptionsAlone(t *testing.T) {
	all := succeed(t, "fit", "--help")
	for _, k := range model.Kinds {
		text := succeed(t, "fit", k.Name, "--help")
		var own []string
		for _, o := range append(k.OptionList(), model.SharedOptions()...) {
			own = append(own, o.Name)
			for _, help := range []string{text, all} {
				if !strings.Contains(help, "--"+model.FlagName(o.Name)+" ") {
					t.Errorf("help with %s does not have --%s", k.Name, model.FlagName(o.Name))
				}
			}
		}
		for _, other := range model.Kinds {
			for _, o := range other.OptionList() {
				if !slices.Contains(own, o.Name) && strings.Contains(text, "--"+model.FlagName(o.Name)+" ") {
					t.Errorf("help of %s has --%s, an option of %s", k.Name, model.FlagName(o.Name), other.Name)
				}
			}
		}
	}
}

func TestShellsCompleteModelsAndValues(t *testing.T) {
	names := model.Names()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"fit", ""}, names},
		{[]string{"fit", "dti", "--method", ""}, []string{"wls", "nls", "ols", "iwls"}},
		{[]string{"fit", "fwdtim", "dwi.nii", "--method", ""}, []string{"nls", "wls"}},
		{[]string{"fit", "sfm", "--l1"}, []string{"--l1-ratio"}},
		{[]string{"fit", "sfm", "--sphere", ""}, sh.Hemispheres()},
		{[]string{"fit", "dti", "--isa", ""}, append([]string{"auto"}, kernel.ISAs()...)},
		{[]string{"fit", "csdm", "--frame", ""}, []string{"image", "world"}},
		{[]string{"convert", "--from-frame", ""}, []string{"image", "world"}},
		{[]string{"run", "--models", ""}, names},
		{[]string{"fit", "fwdtim", "--maps", ""}, []string{"all", "fa", "md", "ad", "rd", "tensor", "s0", "fwf", "evals", "evecs", "mode", "colorFA", "status", "iterations"}},
		{[]string{"run", "--models", names[0] + ","}, behind(names[0]+",", names[1:])},
	} {
		text := succeed(t, append([]string{"__complete"}, c.args...)...)
		var got []string
		for _, line := range strings.Split(text, "\n") {
			if word, _, _ := strings.Cut(line, "\t"); word != "" && !strings.HasPrefix(word, ":") {
				got = append(got, word)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v is completed by %q, want %q", c.args, got, c.want)
		}
	}
}

// behind returns each word after the words that a list has already.
func behind(list string, words []string) []string {
	var lists []string
	for _, word := range words {
		lists = append(lists, list+word)
	}
	return lists
}

// The model is the first argument that is not a flag, wherever flags stand.
func TestTheModelIsFoundAmongFlags(t *testing.T) {
	for line, want := range map[string]string{
		"fit csdm dwi":                         "csdm",
		"fit -o dti csdm dwi --lmax 6":         "csdm",
		"fit --refine-peaks csdm dwi":          "csdm",
		"fit --force --method=wls dti dwi":     "dti",
		"fit --threads many csdm":              "",
		"__complete fit sfm --":                "sfm",
		"fit dwi csdm":                         "",
		"run --models csdm":                    "",
		"fit --unknown value fwdtim dwi --lmx": "fwdtim",
	} {
		got := ""
		if k := namedModel(strings.Fields(line)); k != nil {
			got = k.Name
		}
		if got != want {
			t.Errorf("%s: found %q, want %q", line, got, want)
		}
	}
}

func TestAnUnknownInstructionSetOfTheEnvironmentIsRefusedBeforeFilesAreRead(t *testing.T) {
	t.Setenv("VOXFIT_ISA", "sse")
	_, _, stderr := kbench("fit", "dti", "none.nii", "-o", t.TempDir())
	if !strings.Contains(stderr, `kbench: instruction set "sse" (from VOXFIT_ISA) is not available`) || strings.Contains(stderr, "none.") {
		t.Errorf("found %s", stderr)
	}
}

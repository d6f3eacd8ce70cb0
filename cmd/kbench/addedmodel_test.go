package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/toymodel"
)

// A model that is added as a file of the folder model and a line of the table is in every command, with its options.
func TestAnAddedModelIsInEveryCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: another kbench is to be built")
	}
	folder := t.TempDir()
	overlay, err := toymodel.Write(folder)
	if err != nil {
		t.Fatal(err)
	}
	program, image := filepath.Join(folder, "kbench"), small(t, 27)
	kbench := func(command ...string) string {
		t.Helper()
		text, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, text)
		}
		return string(text)
	}
	kbench("go", "build", "-overlay", overlay, "-o", program, ".")
	for _, c := range []struct {
		command, says string
	}{
		{"options", toymodel.Name + ": The isotropic apparent diffusion coefficient"},
		{"fit " + toymodel.Name + " --help", "--floor number"},
		{"fit --help", "--floor number"},
		{"__complete fit a", toymodel.Name},
		{"run --help", toymodel.Name},
		{"run --models " + toymodel.Name + " --max-chunks 2 --num-runs 1 --voxels 40 -o " + filepath.Join(folder, "study"), "ApparentDiffusionModel"},
		{"fit " + toymodel.Name + " " + image + " --floor 2 --micro -o " + filepath.Join(folder, "maps"), "model-adc_param-adc_dwimap.nii.gz"},
	} {
		if text := kbench(append([]string{program}, strings.Fields(c.command)...)...); !strings.Contains(text, c.says) {
			t.Errorf("kbench %s does not say %q:\n%s", c.command, c.says, text)
		}
	}
	adc := values(t, filepath.Join(folder, "maps", "model-adc_param-adc_dwimap.nii.gz"))
	for _, x := range adc {
		if !(x > 0.1 && x < 4) {
			t.Fatalf("a coefficient is %v um2/ms", x)
		}
	}
	var s sidecar
	if err := json.Unmarshal(read(t, filepath.Join(folder, "maps", "model-adc_param-adc_dwimap.json")), &s); err != nil {
		t.Fatal(err)
	}
	options, _ := s.Fit.Options.(map[string]any)
	if s.Units != "um^2/ms" || options["floor"] != 2.0 || options["micro"] != true {
		t.Errorf("the sidecar has units %q and options %v", s.Units, options)
	}
	text, err := exec.Command(program, "fit", toymodel.Name, image, "-o", "x", "--flor", "3").CombinedOutput()
	if want := `unknown option "--flor" of adc; did you mean --floor?`; err == nil || !strings.Contains(string(text), want) {
		t.Errorf("%s, want %s", text, want)
	}
}

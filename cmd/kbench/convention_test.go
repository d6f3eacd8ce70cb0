package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// The stored output of MRtrix3 is for the same response, directions and frame.
func TestCSDInMRtrixConventionFromFilesGivesMRtrixsMap(t *testing.T) {
	dir, out := peer.Data(t, "mrtrix_csd_b3000"), t.TempDir()
	directions := peer.Data(t, "gradient_tables", "mrtrix3_300_directions.txt")
	succeed(t, "fit", "csdm", filepath.Join(dir, "dwi.nii.gz"), "--mask", filepath.Join(dir, "mask.nii.gz"), "-o", out,
		"--bvals", filepath.Join(dir, "bvals"), "--bvecs", filepath.Join(dir, "bvecs"),
		"--response", filepath.Join(dir, "response.txt"), "--convention", "mrtrix", "--directions", directions)
	got := values(t, filepath.Join(out, "model-csd_param-fod_dwimap.nii.gz"))
	want := values(t, filepath.Join(dir, "expected", "dwi2fod_csd_out_mask.nii.gz"))
	for v := 0; v < len(want); v += 45 {
		largest := float32(0)
		for _, x := range want[v : v+45] {
			largest = max(largest, x, -x)
		}
		for i, x := range want[v : v+45] {
			if d := got[v+i] - x; d > 1e-5*largest || d < -1e-5*largest {
				t.Fatalf("voxel %d: coefficient %d is %v, MRtrix3's is %v", v/45, i, got[v+i], x)
			}
		}
	}
	o := sidecarOptions(t, filepath.Join(out, "model-csd_param-fod_dwimap.json"))
	for name, want := range map[string]any{"convention": "mrtrix", "directions": directions, filepath.Base(directions): 64, "lmax": 8.0, "norm_lambda": 1.0, "neg_lambda": 1.0, "sh_basis": "tournier07"} {
		if o[name] != want {
			t.Errorf("the sidecar's option %s is %v, want %v", name, o[name], want)
		}
	}
}

// sidecarOptions returns the options in a map's sidecar, the basis and the frame of its harmonics, and the lengths of
// the hashes of its files.
func sidecarOptions(t *testing.T, path string) map[string]any {
	t.Helper()
	var s struct {
		Harmonics map[string]any `json:"SphericalHarmonics"`
		Fit       struct {
			Options map[string]any
			Inputs  []inputFile
		}
	}
	if err := json.Unmarshal(read(t, path), &s); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"Basis", "Order", "Frame"} {
		s.Fit.Options[key] = s.Harmonics[key]
	}
	for _, f := range s.Fit.Inputs {
		s.Fit.Options[filepath.Base(f.Path)] = len(f.SHA256)
	}
	return s.Fit.Options
}

func TestMRtrixConventionBringsItsBasisFrameAndDegree(t *testing.T) {
	image, dir := small(t, 27), t.TempDir()
	response := filepath.Join(dir, "response.txt")
	if err := os.WriteFile(response, []byte("900 -600 230 -60\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fit := func(more ...string) map[string]any {
		out := t.TempDir()
		succeed(t, append([]string{"fit", "csdm", image, "--response", response, "-o", out}, more...)...)
		return sidecarOptions(t, filepath.Join(out, "model-csd_param-fod_dwimap.json"))
	}
	for _, c := range []struct {
		flags []string
		want  map[string]any
	}{
		{[]string{"--convention", "mrtrix"},
			map[string]any{"Basis": "tournier07", "Frame": "world", "lmax": 6.0, "Order": 6.0, "directions": nil, "neg_lambda": 1.0, "tau": nil}},
		{[]string{"--convention", "MRtrix", "--lmax", "10", "--sh-basis", "descoteaux07", "--frame", "image", "--norm-lambda", "0.5", "--neg-lambda", "2"},
			map[string]any{"Basis": "descoteaux07", "Frame": "image", "lmax": 10.0, "Order": 10.0, "norm_lambda": 0.5, "neg_lambda": 2.0}},
		{[]string{"--lmax", "6"},
			map[string]any{"convention": "dipy", "Basis": "descoteaux07", "Frame": "image", "neg_lambda": 1.0, "tau": 0.1, "norm_lambda": nil, "directions": nil}},
	} {
		got := fit(c.flags...)
		for name, want := range c.want {
			if got[name] != want {
				t.Errorf("%v: the sidecar's %s is %v, want %v", c.flags, name, got[name], want)
			}
		}
	}
}

func TestEachConventionRefusesTheFlagsOfTheOther(t *testing.T) {
	image, out := small(t, 27), filepath.Join(t.TempDir(), "maps")
	refuse(t, []string{"fit", "csdm", image, "-o", out, "--convention", "mrtrix", "--tau", "0.1"}, "--tau is for --convention dipy; --convention is mrtrix")
	refuse(t, []string{"fit", "csdm", image, "-o", out, "--lambda", "2"}, `unknown option "--lambda" of csdm; did you mean --neg-lambda?`)
	refuse(t, []string{"fit", "csdm", image, "-o", out, "--norm-lambda", "2"}, "--norm-lambda is for --convention mrtrix; --convention is dipy")
	refuse(t, []string{"fit", "csdm", image, "-o", out, "--convention", "mrtrix", "--norm-lambda", "0"}, "--norm-lambda is 0, expected a number above 0")
	refuse(t, []string{"fit", "csdm", image, "-o", out, "--convention", "afni"}, `--convention is "afni", expected dipy or mrtrix`)
	refuse(t, []string{"fit", "csdm", image, "-o", out, "--directions", "absent.txt"}, "--directions", "absent.txt")
	refuse(t, []string{"fit", "dti", image, "-o", out, "--convention", "mrtrix"}, `unknown option "--convention" of dti`)
}

// To the models, zero means that an option was not given.
func TestAZeroIsNotTakenForTheDefault(t *testing.T) {
	image, out := small(t, 27), filepath.Join(t.TempDir(), "maps")
	for _, c := range [][]string{
		{"csdm", "--lmax", "0"}, {"msmt", "--lmax", "0"}, {"csdm", "--neg-lambda", "0"},
		{"msmt", "--neg-lambda", "0"}, {"msmt", "--norm-lambda", "0"}, {"sfm", "--evals", "0,0,0"},
	} {
		refuse(t, []string{"fit", c[0], image, c[1], c[2], "-o", out}, c[1], "0, expected")
	}
	fods := func(tau string) []float32 {
		out := t.TempDir()
		succeed(t, "fit", "csdm", image, "--response", phantomResponse, "--tau", tau, "-o", out)
		return values(t, filepath.Join(out, "model-csd_param-fod_dwimap.nii.gz"))
	}
	if zero := fods("0"); slices.Equal(zero, fods("0.1")) || !slices.Equal(zero, fods("1e-30")) {
		t.Error("--tau 0 is not a threshold at zero")
	}
}

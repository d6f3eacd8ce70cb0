package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/cases"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/nifti"
)

// named writes the small acquisition under a name of BIDS, in a folder of its own or in that of another image.
func named(t *testing.T, dir, name string) string {
	t.Helper()
	a, image := cases.InUnits(1), filepath.Join(dir, name+".nii")
	writeBlock(t, image, [3]int{2, 2, 2}, len(a.Bvals), a.Voxels(8))
	writeTable(t, stemOf(image), a.Bvals, a.Bvecs)
	return image
}

func TestMapsKeepTheEntitiesOfTheImage(t *testing.T) {
	for image, fa := range map[string]string{
		"sub-01_ses-1_dir-AP_space-T1w_desc-preproc_dwi": "sub-01_ses-1_dir-AP_space-T1w_model-tensor_param-fa_dwimap",
		"sub-01_dwi":       "sub-01_model-tensor_param-fa_dwimap",
		"sub-01_run-2_dwi": "sub-01_run-2_model-tensor_param-fa_dwimap",
		"dwi":              "model-tensor_param-fa_dwimap",
		"data_2":           "model-tensor_param-fa_dwimap",
		"data_sub-05_dwi":  "data_sub-05_dwi_model-tensor_param-fa_dwimap",
		"sub-01":           "sub-01_model-tensor_param-fa_dwimap",
		"scan_ap-1 x_dwi":  "model-tensor_param-fa_dwimap",
	} {
		out := t.TempDir()
		succeed(t, "fit", "dti", named(t, t.TempDir(), image), "-o", out)
		if _, err := os.Stat(filepath.Join(out, fa+".nii.gz")); err != nil {
			t.Errorf("%s: %v", image, err)
		}
		_, err := os.Stat(filepath.Join(out, descriptionFile))
		if has, wanted := err == nil, strings.Contains(image, "sub-"); has != wanted {
			t.Errorf("%s: a description of the dataset: %v, expected %v", image, has, wanted)
		}
	}
	shard := t.TempDir()
	succeed(t, "fit", "dti", named(t, t.TempDir(), "sub-01_dwi"), "-o", shard, "--shard", "1/2")
	if _, err := os.Stat(filepath.Join(shard, "sub-01_model-tensor_param-fa_desc-shard1of2_dwimap.nii.gz")); err != nil {
		t.Error(err)
	}
}

func TestTwoImagesNeverGiveOneName(t *testing.T) {
	out := t.TempDir()
	for _, image := range []string{
		"sub-01_dwi", "sub-02_dwi", "sub-01_ses-1_dwi", "sub-01_acq-b_dwi",
		"data_sub-05_dwi", "data_sub-06_dwi", "sub-01_dwi_v2", "sub-02_dwi_v2", "sub-01_dwi.denoised", "sub-01_desc-a_dwi_v2", "sub-01_desc-b_dwi_v2",
		"sub-03", "sub-01_param-x_raw_dwi",
	} {
		succeed(t, "fit", "dti", named(t, t.TempDir(), image), "-o", out) // without --force: no two images share a name
	}
	sets, err := readMapSets(out, "")
	if err != nil || len(sets) != 13 {
		t.Errorf("%d sets of maps of 13 images: %v", len(sets), err)
	}
	for _, set := range sets {
		if set.desc != "" || !strings.HasSuffix(set.stem, "_model-tensor") {
			t.Errorf("the set %s is taken for desc %q", set.stem, set.desc)
		}
	}
	// Two images side by side whose names differ in desc alone both keep it.
	dir, both := t.TempDir(), t.TempDir()
	a, b := named(t, dir, "sub-01_desc-preproc_dwi"), named(t, dir, "sub-01_desc-denoised_dwi")
	succeed(t, "fit", "dti", a, "-o", both)
	succeed(t, "fit", "dti", b, "-o", both)
	for _, desc := range []string{"preproc", "denoised"} {
		if _, err := os.Stat(filepath.Join(both, "sub-01_model-tensor_param-fa_desc-"+desc+"_dwimap.nii.gz")); err != nil {
			t.Error(err)
		}
	}
	// If they are in different folders, only the second keeps it.
	apart := t.TempDir()
	succeed(t, "fit", "dti", named(t, t.TempDir(), "sub-01_desc-preproc_dwi"), "-o", apart)
	succeed(t, "fit", "dti", named(t, t.TempDir(), "sub-01_desc-denoised_dwi"), "-o", apart)
	if _, err := os.Stat(filepath.Join(apart, "sub-01_model-tensor_param-fa_desc-denoised_dwimap.nii.gz")); err != nil {
		t.Error(err)
	}
	// A name without desc has nothing to distinguish it. The message says which image the maps are of.
	refuse(t, []string{"fit", "dti", named(t, t.TempDir(), "sub-01_dwi"), "-o", apart}, "made from", "sub-01_desc-preproc_dwi.nii", "another output folder")
}

func TestTheDatasetIsDescribedOnce(t *testing.T) {
	root := t.TempDir()
	succeed(t, "fit", "dti", named(t, t.TempDir(), "sub-01_dwi"), "-o", root)
	var content struct{ Name, BIDSVersion, DatasetType string }
	path := filepath.Join(root, descriptionFile)
	if err := json.Unmarshal(read(t, path), &content); err != nil || content.DatasetType != "derivative" || content.BIDSVersion == "" || content.Name == "" {
		t.Errorf("%+v %v", content, err)
	}
	write(t, path, []byte("{}\n"))
	succeed(t, "fit", "dti", named(t, t.TempDir(), "sub-02_dwi"), "-o", root)
	inside := filepath.Join(root, "sub-03", "dwi")
	succeed(t, "fit", "dti", named(t, t.TempDir(), "sub-03_dwi"), "-o", inside)
	if string(read(t, path)) != "{}\n" {
		t.Error("a description that was there has changed")
	}
	if _, err := os.Stat(filepath.Join(inside, descriptionFile)); err == nil {
		t.Error("a subject's folder has a description of its own")
	}
}

func TestFODsSayTheirBasisAndFrame(t *testing.T) {
	image, out := named(t, t.TempDir(), "dwi"), t.TempDir()
	for _, c := range []struct {
		flags       []string
		basis, axes string
		other       string
	}{
		{nil, "descoteaux07", "image", "--sh-basis tournier07 --frame world"},
		{[]string{"--convention", "mrtrix", "--lmax", "4"}, "tournier07", "world", "--sh-basis descoteaux07 --frame image"},
		{[]string{"--sh-basis", "tournier07", "--frame", "image"}, "tournier07", "image", "--sh-basis tournier07 --frame world"},
	} {
		fod := filepath.Join(out, "model-csd_param-fod_dwimap.nii.gz")
		last := succeed(t, append([]string{"fit", "csdm", image, "--response", "0.0015,0.0004,0.0004,1000", "-o", out, "--force"}, c.flags...)...)
		if !strings.Contains(last, "basis "+c.basis+", "+c.axes+" axes") || !strings.Contains(last, "kbench convert "+fod+" "+c.other) {
			t.Errorf("%v: the last lines are\n%s", c.flags, last)
		}
		opened, err := nifti.Open(fod)
		if err != nil {
			t.Fatal(err)
		}
		if form := harmonicFormOf(opened.Header.Description); form != (harmonicForm{c.basis, c.axes}) {
			t.Errorf("%v: the header says %q", c.flags, opened.Header.Description)
		}
		_, part, err := readSidecar(fod)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range part.forms() {
			if form != (harmonicForm{c.basis, c.axes}) {
				t.Errorf("%v: the sidecar says %+v", c.flags, part)
			}
		}
	}
	longest := "voxfit msmt fod_label-tissue10; " + harmonicForm{"descoteaux07", worldFrame}.String()
	if len(longest) > 79 {
		t.Errorf("%q does not fit into a header", longest)
	}
}

func TestLastLinesCountFailedVoxelsAndThoseWithARemark(t *testing.T) {
	a := cases.InUnits(1)
	signal := a.Voxels(8)
	for i := range a.Signal {
		signal[i] = 0                 // nothing measured
		signal[len(a.Signal)+i] *= -1 // below zero
	}
	image := filepath.Join(t.TempDir(), "dwi.nii")
	writeBlock(t, image, [3]int{2, 2, 2}, len(a.Bvals), signal)
	writeTable(t, stemOf(image), a.Bvals, a.Bvecs)
	last := succeed(t, "fit", "dti", image, "-o", t.TempDir())
	for _, words := range []string{"1 failed", "1 with a remark", "6 OK", "failed ZeroSignal", "nothing was measured", "noted  NegativeSignal"} {
		if !strings.Contains(last, words) {
			t.Errorf("the last lines do not say %q:\n%s", words, last)
		}
	}
	if last := succeed(t, "fit", "csdm", image, "--response-fa", "0.5", "-o", t.TempDir()); !strings.Contains(last, "estimated from 6 voxels") {
		t.Errorf("the last lines do not say what the response is from:\n%s", last)
	}
	isotropic := cases.InUnits(1)
	for i := range isotropic.Signal {
		isotropic.Signal[i] = 1000
	}
	writeBlock(t, image, [3]int{2, 2, 2}, len(a.Bvals), isotropic.Voxels(8))
	if last := succeed(t, "fit", "sfm", image, "-o", t.TempDir()); !strings.Contains(last, "have no fascicle, because all weights are zero: 8") {
		t.Errorf("the last lines do not count voxels without a fascicle:\n%s", last)
	}
}

func TestEveryCodeHasAMeaning(t *testing.T) {
	for _, code := range kernel.Codes() {
		if _, known := codeMeanings[code.String()]; known == (code == kernel.OK || code == kernel.OutsideMask) {
			t.Errorf("%v: a meaning is known: %v", code, known)
		}
	}
}

func TestSidecarsFollowTheOptionsInForce(t *testing.T) {
	image := named(t, t.TempDir(), "dwi")
	for frame, words := range map[string]string{"image": "in the axes of the image, b-vectors as given", "world": "in the axes of the scanner"} {
		out := t.TempDir()
		succeed(t, "fit", "dti", image, "-o", out, "--frame", frame, "--mrtrix-order", "--bvalue-scaling", "no", "--b0-threshold", "20")
		text := string(read(t, filepath.Join(out, "model-tensor_param-tensor_dwimap.json")))
		for _, want := range []string{words, "D11, D22, D33, D12, D13, D23", `"bvalue_scaling": "no"`, `"b0_threshold": 20`, `"ReferenceAxes": "` + bidsAxes[frame] + `"`, `"Frame": "` + frame + `"`} {
			if !strings.Contains(text, want) {
				t.Errorf("--frame %s: the tensor's sidecar does not say %s:\n%s", frame, want, text)
			}
		}
		if strings.Contains(text, "Dxx") || frame == "world" && strings.Contains(text, "as given") {
			t.Errorf("--frame %s: the tensor's sidecar names the wrong axes:\n%s", frame, text)
		}
		if text := string(read(t, filepath.Join(out, "model-tensor_param-fa_dwimap.json"))); strings.Contains(text, "ReferenceAxes") {
			t.Error("a map without directions has axes")
		}
	}
}

func TestAnImageWhoseAxesSpanNoSpaceHasNoMapsInTheFrameOfTheScanner(t *testing.T) {
	image := named(t, t.TempDir(), "dwi")
	raw := read(t, image)
	binary.LittleEndian.PutUint16(raw[254:], 1) // the code of the sform
	clear(raw[280:328])                         // its rows
	if err := os.WriteFile(image, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, []string{"fit", "dti", image, "-o", t.TempDir(), "--frame", "world"}, image, "axes of the affine", "--frame image")
	succeed(t, "fit", "dti", image, "-o", t.TempDir(), "--frame", "image")
}

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// The stored output of MRtrix3 is from its defaults, which are also those of kbench, and from the same responses.
func TestMSMTFromFilesGivesMRtrixsMaps(t *testing.T) {
	dir, out := peer.Data(t, "mrtrix_msmt"), t.TempDir()
	var responses []string
	for _, tissue := range []string{"wm", "gm", "csf"} {
		responses = append(responses, filepath.Join(dir, "response_"+tissue+".txt"))
	}
	succeed(t, "fit", "msmt", filepath.Join(dir, "dwi.nii.gz"), "--mask", filepath.Join(dir, "mask.nii.gz"), "-o", out,
		"--bvals", filepath.Join(dir, "bvals"), "--bvecs", filepath.Join(dir, "bvecs"), "--response", strings.Join(responses, ","))
	for name, stored := range map[string]string{"WM": "wm", "GM": "gm", "CSF": "csf"} {
		got := values(t, filepath.Join(out, "model-msmtcsd_param-fod_label-"+name+"_dwimap.nii.gz"))
		for i, want := range values(t, filepath.Join(dir, "expected", stored+"_masked.nii.gz")) {
			if d := got[i] - want; d > 1e-5 || d < -1e-5 {
				t.Fatalf("%s: value %d is %v, MRtrix3's is %v", name, i, got[i], want)
			}
		}
	}
}

func TestMSMTSaysWhatItsResponsesShouldBe(t *testing.T) {
	image := small(t, 27)
	out := filepath.Join(t.TempDir(), "maps")
	refuse(t, []string{"fit", "msmt", image, "--response", "0.0017,0.0003,0.0003,1000", "-o", out}, "single tensor", "WM.txt,GM.txt,CSF.txt")
	refuse(t, []string{"fit", "msmt", image, "--response", "absent.txt,gone.txt", "-o", out}, "absent.txt")
	refuse(t, []string{"fit", "dti", image, "--neg-lambda", "1e-9", "-o", out}, "--neg-lambda", "dti")
	refuse(t, []string{"fit", "msmt", image, "--response", "wm.txt,,csf.txt", "-o", out}, "wm.txt,,csf.txt", "empty name")
	refuse(t, []string{"fit", "csdm", image, "--response", "", "-o", out}, "--response", "empty name")
}

func TestAcquisitionsThatAModelCannotUseAreNamed(t *testing.T) {
	image, dir := small(t, 27), t.TempDir()
	bvals, bvecs := filepath.Join(dir, "heavy.bvals"), filepath.Join(dir, "bvecs")
	write(t, bvals, []byte(strings.Repeat("1000 ", 288)))
	write(t, bvecs, []byte(strings.Repeat("1 ", 288)+"\n"+strings.Repeat("0 ", 288)+"\n"+strings.Repeat("0 ", 288)))
	for model, words := range map[string][]string{
		"sfm":  {"heavy.bvals", "found no b0 volume"},
		"msmt": {filepath.Base(image), "b = 1000", "expected b = 0 and at least two more"},
	} {
		tables := []string{"--bvals", bvals, "--bvecs", bvecs, "-o", filepath.Join(dir, "maps")}
		refuse(t, append([]string{"fit", model, image}, tables...), words...)
		refuse(t, append([]string{"run", "--models", model, "--data", image}, tables...), words...)
	}
}

func TestAStudyOfMSMTOnThePhantomUsesThePhantomsTissues(t *testing.T) {
	dir := t.TempDir()
	text := succeed(t, "run", "--models", "msmt", "--max-chunks", "2", "--num-runs", "1", "--voxels", "40", "-o", dir)
	if !strings.Contains(text, "multi-tissue deconvolution") {
		t.Errorf("the report does not name the model:\n%s", text)
	}
}

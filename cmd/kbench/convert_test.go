package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/sh"
)

// fittedFOD fits real data, whose affine is oblique and right-handed, and returns its map of coefficients.
func fittedFOD(t *testing.T) (fod, peaks string) {
	t.Helper()
	dir, out := peer.Data(t, "mrtrix_csd_b3000"), t.TempDir()
	succeed(t, "fit", "csdm", filepath.Join(dir, "dwi.nii.gz"), "--mask", filepath.Join(dir, "mask.nii.gz"), "-o", out,
		"--bvals", filepath.Join(dir, "bvals"), "--bvecs", filepath.Join(dir, "bvecs"), "--response", filepath.Join(dir, "response.txt"), "--refine-peaks")
	return filepath.Join(out, "model-csd_param-fod_dwimap.nii.gz"), filepath.Join(out, "model-csd_param-peaks_dwimap.nii.gz")
}

func TestMRtrixFindsOurPeaksInAConvertedFODLive(t *testing.T) {
	fod, peaks := fittedFOD(t)
	dir := t.TempDir()
	converted, theirs := filepath.Join(dir, "fod.nii"), filepath.Join(dir, "peaks.nii")
	succeed(t, "convert", fod, "--sh-basis", "tournier07", "--frame", "world", "-o", converted)
	peer.MRtrix(t, "sh2peaks", converted, theirs, "-num", "1")
	image, err := nifti.Open(fod)
	if err != nil {
		t.Fatal(err)
	}
	turn, err := acq.ImageToWorld(image.Header.Affine())
	if err != nil {
		t.Fatal(err)
	}
	ours, found := values(t, peaks), values(t, theirs)
	compared := 0
	for v := range len(found) / 3 {
		a, b := ours[15*v:][:3], found[3*v:][:3]
		if a[0] == 0 && a[1] == 0 && a[2] == 0 || b[0] != b[0] {
			continue
		}
		compared++
		var world [3]float64
		for i := range world {
			for j := range a {
				world[i] += turn[i][j] * float64(a[j])
			}
		}
		if degrees := angle(world, [3]float64{float64(b[0]), float64(b[1]), float64(b[2])}); degrees > 0.1 {
			t.Errorf("voxel %d: sh2peaks finds a peak %.2f degrees from ours", v, degrees)
		}
	}
	if compared < 50 {
		t.Errorf("only %d voxels have a peak", compared)
	}
}

// angle returns the angle between two axes, in degrees.
func angle(a, b [3]float64) float64 {
	dot, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		dot, aa, bb = dot+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
	}
	return math.Acos(min(1, math.Abs(dot)/math.Sqrt(aa*bb))) * 180 / math.Pi
}

func TestConvertedThereAndBackIsTheSameToRounding(t *testing.T) {
	fod, _ := fittedFOD(t)
	dir := t.TempDir()
	there, back := filepath.Join(dir, "there.nii.gz"), filepath.Join(dir, "back.nii.gz")
	succeed(t, "convert", fod, "--sh-basis", "tournier07", "--frame", "world", "-o", there)
	succeed(t, "convert", there, "--sh-basis", "descoteaux07", "--frame", "image", "-o", back)
	want, got := values(t, fod), values(t, back)
	n := sh.Count(8)
	for v := 0; v < len(want); v += n {
		largest := float32(0)
		for _, x := range want[v : v+n] {
			largest = max(largest, x, -x)
		}
		for i := range n {
			if d := got[v+i] - want[v+i]; d > 2e-7*largest || d < -2e-7*largest {
				t.Fatalf("voxel %d, coefficient %d: %v became %v", v/n, i, want[v+i], got[v+i])
			}
		}
	}
	// A change of basis alone moves numbers and changes signs, without rounding.
	swapped, again := filepath.Join(dir, "swapped.nii"), filepath.Join(dir, "again.nii")
	succeed(t, "convert", fod, "--sh-basis", "tournier07", "-o", swapped)
	succeed(t, "convert", swapped, "--sh-basis", "descoteaux07", "-o", again)
	if !slices.Equal(values(t, again), want) || slices.Equal(values(t, swapped), want) {
		t.Error("a change of basis there and back is not exact")
	}
}

func TestConvertedImagesSayWhatTheyAre(t *testing.T) {
	fod, _ := fittedFOD(t)
	out := filepath.Join(t.TempDir(), "world.nii.gz")
	succeed(t, "convert", fod, "--frame", "world", "--sh-basis", "Tournier07", "-o", out)
	image, err := nifti.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if form := harmonicFormOf(image.Header.Description); form != (harmonicForm{"tournier07", worldFrame}) {
		t.Errorf("the header says %q", image.Header.Description)
	}
	all, part, err := readSidecar(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range part.forms() {
		if form != (harmonicForm{"tournier07", worldFrame}) {
			t.Errorf("the sidecar says %+v", part)
		}
	}
	if part.Representation != "sh" || part.Axes != "xyz" || part.Basis != "mrtrix3" || *part.Degree != 8 || all["Fit"] == nil || all["ConvertedBy"] == nil {
		t.Errorf("the sidecar holds %+v", part)
	}
	if text := string(all["Description"]); !strings.Contains(text, "degree 8, basis tournier07: ") {
		t.Errorf("the sidecar describes the image as %s", text)
	}
}

func TestFODsOfUnknownOrContradictoryFormAreRefused(t *testing.T) {
	fod, _ := fittedFOD(t)
	dir := t.TempDir()
	bare := filepath.Join(dir, "bare.nii.gz")
	image, err := nifti.Open(fod)
	if err != nil {
		t.Fatal(err)
	}
	header := *image.Header
	mask := nifti.FullMask(&header)
	if err := nifti.WriteMap(bare, &header, mask.Index, sh.Count(8), values(t, fod), nifti.WriteOptions{Description: "a fodf"}); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.nii.gz")
	to := []string{"--sh-basis", "tournier07", "--frame", "world", "-o", out}
	refuse(t, append([]string{"convert", bare}, to...), "bare.nii.gz", "basis", "--from-basis")
	refuse(t, append([]string{"convert", bare, "--from-basis", "descoteaux07"}, to...), "bare.nii.gz", "axes", "--from-frame")
	text, err := json.Marshal(harmonicForm{"tournier07", worldFrame}.sidecar(45))
	if err != nil {
		t.Fatal(err)
	}
	if err := nifti.WriteMap(bare, &header, mask.Index, sh.Count(8), values(t, fod), nifti.WriteOptions{Description: "x; " + harmonicForm{"descoteaux07", worldFrame}.String()}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bare.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, append([]string{"convert", bare}, to...), "disagree on the basis", "descoteaux07 and tournier07", "--from-basis")
	succeed(t, append([]string{"convert", bare, "--from-basis", "descoteaux07"}, to...)...)
	refuse(t, append([]string{"convert", bare, "--from-basis", "descoteaux07"}, to...), "exists", "--force")
	for _, c := range []struct {
		args  []string
		words []string
	}{
		{[]string{"convert", fod, "-o", out}, []string{"--sh-basis", "--frame"}},
		{[]string{"convert", fod, "--frame", "world"}, []string{"-o OUT.nii.gz"}},
		{[]string{"convert", fod, "--frame", "scanner", "-o", out}, []string{"--frame scanner", "image or world"}},
		{[]string{"convert", fod, "--sh-basis", "x", "-o", out}, []string{"--sh-basis x", "descoteaux07"}},
		{[]string{"convert", fod, "--frame", "world", "-o", filepath.Join(dir, "out.mif")}, []string{"out.mif", ".nii.gz"}},
		{[]string{"convert", "--frame", "world"}, []string{"0 arguments"}},
		{[]string{"convert", filepath.Join(peer.Data(t, "mrtrix_csd_b3000"), "dwi.nii.gz"), "--frame", "world", "-o", out, "--force"}, []string{"68 volumes", "45"}},
	} {
		refuse(t, c.args, c.words...)
	}
}

func TestMapsOtherThanHarmonicsAreNotConverted(t *testing.T) {
	_, peaks := fittedFOD(t) // 15 volumes, as many as coefficients up to degree 4
	out := filepath.Join(t.TempDir(), "out.nii.gz")
	refuse(t, []string{"convert", peaks, "--from-basis", "descoteaux07", "--from-frame", "image", "--frame", "world", "-o", out}, filepath.Base(peaks), `map of "peaks"`, "fodf")
}

func TestFlagsDoNotContradictAHeaderAndASidecarThatAgree(t *testing.T) {
	fod, _ := fittedFOD(t)
	out := filepath.Join(t.TempDir(), "out.nii.gz")
	to := []string{"convert", fod, "--sh-basis", "tournier07", "--frame", "world", "-o", out}
	refuse(t, append(to, "--from-basis", "tournier07"), "--from-basis tournier07", filepath.Base(fod), "descoteaux07")
	refuse(t, append(to, "--from-frame", "world"), "--from-frame world", filepath.Base(fod), "say image")
	succeed(t, append(to, "--from-basis", "descoteaux07", "--from-frame", "image")...)
}

func TestAnOutputDoesNotTakeTheSidecarOfAnotherImage(t *testing.T) {
	fod, _ := fittedFOD(t)
	before := read(t, stemOf(fod)+".json")
	refuse(t, []string{"convert", fod, "--frame", "world", "-o", stemOf(fod) + ".nii", "--force"}, filepath.Base(fod)+", which exists", "another name")
	if !slices.Equal(read(t, stemOf(fod)+".json"), before) {
		t.Error("the sidecar has changed")
	}
	succeed(t, "convert", fod, "--frame", "world", "-o", fod, "--force") // in its place
}

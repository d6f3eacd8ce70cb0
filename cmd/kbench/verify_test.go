package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/nifti"
)

// flipBit changes one bit of one value of a map.
func flipBit(t *testing.T, path string, voxel, component int) {
	t.Helper()
	content := unzip(t, read(t, path))
	image, err := nifti.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	at := 352 + 4*(component*image.Header.Voxels()+voxel)
	binary.LittleEndian.PutUint32(content[at:], binary.LittleEndian.Uint32(content[at:])^1)
	write(t, path, gzipped(t, content))
}

func TestVerifyFindsOneBitOfOneVoxel(t *testing.T) {
	image := small(t, 60)
	for model, param := range map[string]string{"csdm": "model-csd_param-fod_dwimap", "fwdtim": "model-fwtensor_param-fwf_dwimap"} {
		out := t.TempDir()
		succeed(t, "fit", model, image, "--mask", near(image, "mask.nii.gz"), "-o", out)
		if text := succeed(t, "verify", out, "--share", "1"); !strings.Contains(text, "60 of 60 voxels fitted again") || !strings.Contains(text, "all bits equal") || !strings.Contains(text, "seed ") {
			t.Errorf("%s: %s", model, text)
		}
		succeed(t, "verify", out)
		path := filepath.Join(out, param+".nii.gz")
		if _, err := os.Stat(path); err != nil {
			t.Fatal(err)
		}
		mask, err := nifti.ReadMask(near(image, "mask.nii.gz"))
		if err != nil {
			t.Fatal(err)
		}
		flipBit(t, path, mask.Index[41], 0)
		refuse(t, []string{"verify", out, "--share", "1"}, param, "1 of 60 voxels differ", "voxel (", "seed ")
	}
}

func TestVerifyChecksInputsSidecarsAndCompleteness(t *testing.T) {
	image := small(t, 60)
	mask := near(image, "mask.nii.gz")
	fitted := t.TempDir()
	succeed(t, "fit", "dti", image, "--mask", mask, "-o", fitted)
	damaged := func(change func(dir string)) string {
		out := t.TempDir()
		if err := os.CopyFS(out, os.DirFS(fitted)); err != nil {
			t.Fatal(err)
		}
		change(out)
		return out
	}
	const fa, status = "model-tensor_param-fa_dwimap", "model-tensor_param-status_dwimap"
	for what, c := range map[string]struct {
		folder string
		words  []string
	}{
		"a hash": {damaged(func(dir string) { edit(t, filepath.Join(dir, fa+".json"), `"SHA256": "`, `"SHA256": "00`) }), []string{"SHA256"}},
		"a unit": {damaged(func(dir string) { edit(t, filepath.Join(dir, fa+".json"), `"Units": "`, `"Units": "m`) }), []string{"Units"}},
		"a map":  {damaged(func(dir string) { os.Remove(filepath.Join(dir, fa+".nii.gz")) }), []string{fa, "missing"}},
		"its set": {damaged(func(dir string) {
			os.Remove(filepath.Join(dir, fa+".nii.gz"))
			os.Remove(filepath.Join(dir, fa+".json"))
		}), []string{"no map of fa"}},
		"a voxel outside the mask": {damaged(func(dir string) {
			path := filepath.Join(dir, status+".nii.gz")
			content := unzip(t, read(t, path))
			for at := 352; ; at += 4 {
				if math.Float32frombits(binary.LittleEndian.Uint32(content[at:])) == 1 {
					binary.LittleEndian.PutUint32(content[at:], 0)
					break
				}
			}
			write(t, path, gzipped(t, content))
		}), []string{"status map", "61", "60"}},
		"nothing": {t.TempDir(), []string{"no maps"}},
	} {
		t.Run(what, func(t *testing.T) { refuse(t, []string{"verify", c.folder}, c.words...) })
	}
	write(t, near(image, "bvals"), append(read(t, near(image, "bvals")), '\n'))
	refuse(t, []string{"verify", fitted}, "Fit.Inputs["+near(image, "bvals")+"].", "in it, and", "now")
}

func TestVerifyFindsWhatIsWrongBesideTheFittedVoxels(t *testing.T) {
	image := small(t, 60)
	fitted, part := t.TempDir(), t.TempDir()
	args := []string{"fit", "dti", image, "--mask", near(image, "mask.nii.gz"), "--maps", "evecs,fa,status", "-o"}
	succeed(t, append(args, fitted)...)
	succeed(t, append(args, part, "--shard", "2/2")...)
	succeed(t, "verify", fitted)
	mask, err := nifti.ReadMask(near(image, "mask.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	outside := 0
	for mask.Index[outside] == outside {
		outside++
	}
	const fa, evecs = "model-tensor_param-fa", "model-tensor_param-evecs"
	for what, c := range map[string]struct {
		from   string
		change func(dir string)
		words  []string
	}{
		"a voxel outside the mask": {fitted, func(dir string) { flipBit(t, filepath.Join(dir, evecs+"_dwimap.nii.gz"), outside, 3) }, []string{evecs, "value 3", "was not fitted"}},
		"a voxel of another shard": {part, func(dir string) {
			flipBit(t, filepath.Join(dir, fa+"_desc-shard2of2_dwimap.nii.gz"), mask.Index[3], 0)
		}, []string{fa, "was not fitted"}},
		"a minus before nothing": {fitted, func(dir string) { changeByte(t, filepath.Join(dir, fa+"_dwimap.nii.gz"), 352+4*outside+3, 0x80) }, []string{fa, "holds -0"}},
		"the header's text":      {fitted, func(dir string) { changeByte(t, filepath.Join(dir, fa+"_dwimap.nii.gz"), 150, 1) }, []string{fa, "Description"}},
		"the header's units":     {fitted, func(dir string) { changeByte(t, filepath.Join(dir, fa+"_dwimap.nii.gz"), 123, 1) }, []string{fa, "SpaceUnit"}},
		"the header's codes":     {fitted, func(dir string) { changeByte(t, filepath.Join(dir, fa+"_dwimap.nii.gz"), 254, 2) }, []string{fa, "SFormCode"}},
		"a command": {fitted, func(dir string) {
			edit(t, filepath.Join(dir, "model-tensor_param-status_dwimap.json"), "--mask", "--musk")
		}, []string{"GeneratedBy.Command", "param-status"}},
		"a program's version": {fitted, func(dir string) {
			edit(t, filepath.Join(dir, fa+"_dwimap.json"), `"Version": "`, `"Version": "x`)
		}, []string{"GeneratedBy.Version"}},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(c.from)); err != nil {
				t.Fatal(err)
			}
			c.change(dir)
			refuse(t, []string{"verify", dir}, c.words...)
		})
	}
}

// changeByte turns some bits of one byte of a map's file.
func changeByte(t *testing.T, path string, at int, bits byte) {
	t.Helper()
	content := unzip(t, read(t, path))
	content[at] ^= bits
	write(t, path, gzipped(t, content))
}

// For an instruction set that this machine cannot run, the test writes an unknown set into the sidecars.
func TestMapsOfAnotherInstructionSetAreComparedWithThePortableCode(t *testing.T) {
	peer.Slow(t)
	image := small(t, 200)
	for _, model := range []string{"csdm", "fwdtim", "msmt", "dti", "sfm"} {
		out := t.TempDir()
		succeed(t, "fit", model, image, "--mask", near(image, "mask.nii.gz"), "-o", out)
		names, err := filepath.Glob(filepath.Join(out, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			var s sidecar
			if err := json.Unmarshal(read(t, name), &s); err != nil {
				t.Fatal(err)
			}
			edit(t, name, `"InstructionSet": "`+s.Fit.Instruction, `"InstructionSet": "of-another-machine`)
		}
		text := succeed(t, "verify", out, "--share", "1")
		if !strings.Contains(text, "within the bounds for another instruction set") {
			t.Errorf("%s: %s", model, text)
		}
		t.Log(strings.TrimSpace(text))
	}
}

func TestVerifyAcceptsShardsAndMergedMaps(t *testing.T) {
	image, out := small(t, 60), t.TempDir()
	parts := shards(t, 2, "fit", "dti", image, "--mask", near(image, "mask.nii.gz"))
	succeed(t, "verify", parts[1], "--share", "1")
	succeed(t, "merge", parts[0], parts[1], "-o", out)
	succeed(t, "verify", out, "--share", "1")
}

func TestCommandLinesAreSplitAsTheyWereWritten(t *testing.T) {
	args := []string{"fit", "csdm", "it's a file.nii.gz", "--mask", "", `back\slash "x"`, "-o", "m"}
	words, err := commandWords(commandLine(args))
	if err != nil || len(words) != len(args)+1 {
		t.Fatalf("%q, %v", words, err)
	}
	for i, arg := range args {
		if words[i+1] != arg {
			t.Errorf("word %d is %q, want %q", i, words[i+1], arg)
		}
	}
}

func TestVerifyAcceptsMapsOfOneFitFromSeveralCommands(t *testing.T) {
	image, out := small(t, 60), t.TempDir()
	args := []string{"fit", "dti", image, "--mask", near(image, "mask.nii.gz"), "-o", out, "--maps"}
	succeed(t, append(args, "fa")...)
	if text := succeed(t, "verify", out, "--share", "1"); !strings.Contains(text, "all bits equal; 1 map,") || !strings.Contains(text, "without a status map") {
		t.Errorf("maps without a status map: %s", text)
	}
	succeed(t, append(args, "md,status", "--threads", "1")...)
	if text := succeed(t, "verify", out, "--share", "1"); !strings.Contains(text, "all bits equal; 3 maps") || strings.Contains(text, "without a status map") {
		t.Errorf("maps of two commands: %s", text)
	}
	md := filepath.Join(out, "model-tensor_param-md_dwimap")
	flipBit(t, md+".nii.gz", 0, 0)
	refuse(t, []string{"verify", out, "--share", "1"}, md)
	for _, ending := range []string{".nii.gz", ".json"} {
		os.Remove(md + ending)
	}
	refuse(t, []string{"verify", out}, "no map of md")
}

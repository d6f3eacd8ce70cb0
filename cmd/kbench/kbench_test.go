package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
)

// TestMain lets the test binary serve as kbench, so that tests can start and kill it.
func TestMain(m *testing.M) {
	resamples = long.Of(0, 10) // intervals on pages are tested in study/overhead
	if os.Getenv("VOXFIT_TEST_AS_KBENCH") != "" {
		if n, err := strconv.Atoi(os.Getenv("VOXFIT_TEST_BLOCK")); err == nil {
			blockVoxels = n
		}
		if n, err := strconv.ParseInt(os.Getenv("VOXFIT_TEST_MEMORY"), 10, 64); err == nil {
			memoryInUse = func() int64 { return n }
		}
		if file := os.Getenv("VOXFIT_TEST_PEAK"); file != "" {
			code := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
			if err := os.WriteFile(file, []byte(fmt.Sprint(peakRSS())), 0o666); err != nil {
				panic(err)
			}
			os.Exit(code)
		}
		main()
		return
	}
	os.Exit(m.Run())
}

// kbench runs the program in this process and returns what it printed.
func kbench(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(context.Background(), args, &out, &err)
	return code, out.String(), err.String()
}

// succeed runs the program and fails the test unless it succeeds.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := kbench(args...)
	if code != 0 {
		t.Fatalf("kbench %s\nexit code %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// errorsOf returns what a program printed, without the warnings of a fit that had begun.
func errorsOf(stderr string) string {
	var lines []string
	for _, line := range strings.SplitAfter(stderr, "\n") {
		if !strings.HasPrefix(line, "kbench: warning: ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// refuse runs the program and fails the test unless it exits non-zero with one line that has all of
// the words.
func refuse(t *testing.T, args []string, words ...string) {
	t.Helper()
	code, _, stderr := kbench(args...)
	if code == 0 {
		t.Fatalf("kbench %s succeeded", strings.Join(args, " "))
	}
	line := strings.TrimSuffix(errorsOf(stderr), "\n")
	if strings.Contains(line, "\n") {
		t.Errorf("more than one line:\n%s", stderr)
	}
	for _, word := range words {
		if !strings.Contains(line, word) {
			t.Errorf("the line does not say %q:\n%s", word, line)
		}
	}
}

// small writes a phantom of n voxels and returns its image; bvals, bvecs and mask.nii.gz lie beside it.
func small(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: n, SNR: 30, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "dwi.nii.gz")
}

// near returns the path of another file in the image's folder.
func near(image, name string) string { return filepath.Join(filepath.Dir(image), name) }

func nothingIn(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s was left behind in the output folder", e.Name())
	}
}

const phantomResponse = "0.0017,0.000325,0.000325,1000"

func TestBrokenInputGetsOneLineAndLeavesNothing(t *testing.T) {
	peer.Slow(t)
	good := small(t, 27)
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string) []string // arguments after the model
		words []string
	}{
		{"truncated image", func(t *testing.T, dir string) []string {
			text := read(t, good)
			write(t, filepath.Join(dir, "cut.nii.gz"), text[:len(text)/2])
			return tables(good, filepath.Join(dir, "cut.nii.gz"))
		}, []string{"cut.nii.gz", "expected"}},
		{"header that claims 10^12 voxels", func(t *testing.T, dir string) []string {
			header := unzip(t, read(t, good))[:352]
			for axis := range 3 {
				binary.LittleEndian.PutUint16(header[42+2*axis:], 10000)
			}
			write(t, filepath.Join(dir, "huge.nii"), header)
			return tables(good, filepath.Join(dir, "huge.nii"))
		}, []string{"huge.nii", "expected"}},
		{"one b-value too few", func(t *testing.T, dir string) []string {
			values := strings.Fields(string(read(t, near(good, "bvals"))))
			write(t, filepath.Join(dir, "bvals"), []byte(strings.Join(values[1:], " ")))
			return []string{good, "--bvals", filepath.Join(dir, "bvals")}
		}, []string{"bvals", "287", "288"}},
		{"tables of another image", func(t *testing.T, dir string) []string {
			write(t, filepath.Join(dir, "bvals"), []byte("0 1000 1000 1000"))
			write(t, filepath.Join(dir, "bvecs"), []byte("0 1 0 0\n0 0 1 0\n0 0 0 1\n"))
			return []string{good, "--bvals", filepath.Join(dir, "bvals"), "--bvecs", filepath.Join(dir, "bvecs")}
		}, []string{"bvals", "4", "288", "dwi.nii.gz"}},
		{"mask of another shape", func(t *testing.T, dir string) []string {
			return []string{good, "--mask", near(small(t, 100), "mask.nii.gz")}
		}, []string{"mask.nii.gz", "dwi.nii.gz", "[5 5 4]", "[3 3 3]"}},
		{"image that is not there", func(t *testing.T, dir string) []string {
			return []string{filepath.Join(dir, "none.nii.gz")}
		}, []string{"none.nii.gz", "no such file"}},
		{"response of the wrong length", func(t *testing.T, dir string) []string {
			write(t, filepath.Join(dir, "wm.txt"), []byte("600 0 0\n300 -100 20\n"))
			return []string{good, "--response", filepath.Join(dir, "wm.txt")}
		}, []string{"wm.txt", "2"}},
		{"response that is no response", func(t *testing.T, dir string) []string {
			return []string{good, "--response", "1,2"}
		}, []string{"--response: found 2 numbers, expected 4: e1,e2,e3,S0"}},
		{"unknown flag", func(*testing.T, string) []string { return []string{good, "--lmaks", "8"} }, []string{"--lmaks"}},
		{"odd lmax", func(*testing.T, string) []string { return []string{good, "--lmax", "7"} }, []string{"7", "even"}},
		{"flag of another model", func(*testing.T, string) []string { return []string{good, "--method", "wls"} }, []string{"--method", "csdm"}},
		{"unknown instruction set", func(*testing.T, string) []string { return []string{good, "--isa", "mmx"} }, []string{"mmx", "generic"}},
		{"impossible shard", func(*testing.T, string) []string { return []string{good, "--shard", "9/8"} }, []string{"9/8", "2/8"}},
		{"more shards than voxels", func(*testing.T, string) []string { return []string{good, "--shard", "3/28"} }, []string{"--shard 3/28", "27"}},
		{"too little memory", func(*testing.T, string) []string { return []string{good, "--max-memory", "1K"} }, []string{"--max-memory"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			out := filepath.Join(dir, "maps", "deep")
			args := append([]string{"fit", "csdm"}, c.spoil(t, dir)...)
			args = append(args, "-o", out)
			if !strings.Contains(strings.Join(args, " "), "--response") {
				args = append(args, "--response", phantomResponse)
			}
			refuse(t, args, c.words...)
			nothingIn(t, filepath.Join(dir, "maps"))
		})
	}
	t.Run("unknown model", func(t *testing.T) {
		refuse(t, []string{"fit", "dki", good, "-o", filepath.Join(t.TempDir(), "maps")}, "dki", "csdm", "fwdtim", "dti")
		refuse(t, []string{"run", "--models", "csdm", "dki"}, "dki", "csdm")
	})
	t.Run("broken data of a study", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "study")
		refuse(t, []string{"run", "--data", near(good, "bvals"), "-o", out}, "bvals", ".nii")
		refuse(t, []string{"run", "--data", good, "--response", "1,2", "-o", out}, "found 2 numbers")
		refuse(t, []string{"run", "--cpus", "9999", "-o", out}, "9999")
		refuse(t, []string{"run", "--cpus", "1", "1", "-o", out}, "--cpus", "1 is named twice")
		refuse(t, []string{"run", "--models", "dti,dti", "-o", out}, "--models", "dti is named twice")
		refuse(t, []string{"run", "--min-chunks", "5", "--max-chunks", "2", "-o", out}, "5", "2")
		nothingIn(t, out)
		refuse(t, []string{"report", near(good, "bvals"), "-o", out}, "bvals")
		nothingIn(t, out)
	})
	t.Run("empty mask", func(t *testing.T) {
		refuse(t, []string{"fit", "csdm", good, "-o", filepath.Join(t.TempDir(), "maps"), "--mask", blankMask(t, good)}, "blank.nii", "empty")
		refuse(t, []string{"fit", "csdm", small(t, 1), "-o", filepath.Join(t.TempDir(), "maps"), "--mask", near(good, "mask.nii.gz")}, "mask.nii.gz")
	})
	t.Run("nowhere to write", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		write(t, file, nil)
		refuse(t, []string{"fit", "dti", good, "-o", file}, file)
		refuse(t, []string{"fit", "dti", good, "-o", filepath.Join(file, "maps")}, file)
		refuse(t, []string{"fit", "dti", good}, "-o DIR")
		refuse(t, []string{"run", "--voxels", "10", "-o", file}, file)
		refuse(t, []string{"phantom", "-o", file}, file)
	})
}

func TestASecondFitDoesNotReplaceMapsUnlessForced(t *testing.T) {
	image, out := small(t, 27), t.TempDir()
	succeed(t, "fit", "dti", image, "-o", out)
	refuse(t, []string{"fit", "dti", image, "-o", out}, "model-tensor_param-", "--force")
	succeed(t, "fit", "dti", image, "-o", out, "--force")
}

func TestHelpShowsTheThreeCommandsMostPeopleWant(t *testing.T) {
	help := succeed(t)
	for _, command := range []string{"kbench run", "kbench fit csdm", "kbench env"} {
		if !strings.Contains(help, command) {
			t.Errorf("the help page does not show %q:\n%s", command, help)
		}
	}
}

// fullDisk is a writer that fails like a full disk.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"options", "dti"}} {
		var stderr strings.Builder
		if code := run(t.Context(), args, fullDisk{}, &stderr); code != exitFailed || errorsOf(stderr.String()) != "kbench: the disk is full\n" {
			t.Errorf("%v: exit code %d, %q", args, code, stderr.String())
		}
	}
}

func TestAFullOutputDoesNotHideThatMapsAreComplete(t *testing.T) {
	out := filepath.Join(t.TempDir(), "maps")
	var stderr strings.Builder
	code := run(t.Context(), []string{"fit", "dti", small(t, 27), "-o", out}, fullDisk{}, &stderr)
	if want := "kbench: all maps are in " + out + "; the summary could not be printed: the disk is full\n"; code != 0 || errorsOf(stderr.String()) != want {
		t.Errorf("exit code %d, %q, want 0 and %q", code, stderr.String(), want)
	}
	if maps, _ := filepath.Glob(filepath.Join(out, "*.nii.gz")); len(maps) != 8 {
		t.Errorf("%d maps, want 8", len(maps))
	}
}

func TestAFullOutputDoesNotHideThatOtherFilesAreComplete(t *testing.T) {
	dir := t.TempDir()
	fitted, page, phantom := filepath.Join(dir, "maps"), filepath.Join(dir, "study"), filepath.Join(dir, "phantom")
	succeed(t, "fit", "csdm", small(t, 27), "-o", fitted, "--response", phantomResponse)
	fodf := filepath.Join(fitted, "model-csd_param-fod_dwimap.nii.gz")
	for _, c := range []struct {
		args []string
		made string
	}{
		{[]string{"phantom", "--voxels", "8", "-o", phantom}, filepath.Join(phantom, "dwi.nii.gz")},
		{[]string{"phantom", "--brain", "--shape", "8,8,8", "-o", phantom + "2"}, filepath.Join(phantom+"2", "dwi.nii.gz")},
		{[]string{"convert", fodf, "--sh-basis", "tournier07", "-o", filepath.Join(dir, "x.nii.gz")}, filepath.Join(dir, "x.json")},
		{[]string{"run", "--models", "dti", "--voxels", "50", "--max-chunks", "1", "--num-runs", "1", "-o", page}, filepath.Join(page, "index.html")},
		{[]string{"report", filepath.Join(page, "runs.csv"), "-o", page + "2"}, filepath.Join(page+"2", "index.html")},
	} {
		var stderr strings.Builder
		code := run(t.Context(), c.args, fullDisk{}, &stderr)
		if line := errorsOf(stderr.String()); code != 0 || !strings.Contains(line, "could not be printed: the disk is full") || strings.Count(line, "\n") != 1 {
			t.Errorf("kbench %s: exit code %d: %s", c.args[0], code, line)
		}
		if _, err := os.Stat(c.made); err != nil {
			t.Error(err)
		}
	}
	if code := run(t.Context(), []string{"options"}, fullDisk{}, io.Discard); code == 0 {
		t.Error("a command whose result is what it prints succeeds on a full output")
	}
}

func TestEnvSaysWhatThisMachineIs(t *testing.T) {
	text := succeed(t, "env", "--quick")
	for _, word := range []string{"processor", "nodes", "complexes", "memory", "node 0", "allowed", "counters", "kernels", "generic"} {
		if !strings.Contains(text, word) {
			t.Errorf("env does not say %q:\n%s", word, text)
		}
	}
}

func TestEnvMeasuresEverySet(t *testing.T) {
	if testing.Short() {
		t.Skip("measuring takes seconds; not with -short")
	}
	var env environment
	if err := json.Unmarshal([]byte(succeed(t, "env", "--json")), &env); err != nil {
		t.Fatal(err)
	}
	if env.Why == "" || len(env.Kernels) != len(env.ISAs) || env.Core == nil || len(env.Core.Sets) != len(env.ISAs) {
		t.Fatalf("not every set of %v was measured: %+v", env.ISAs, env)
	}
	for i, isa := range env.ISAs {
		peak, speed := env.Core.Sets[i], env.Kernels[i]
		if peak.ISA != isa || peak.Float64 <= 0 || peak.Float32 <= 0 || speed.ISA != isa {
			t.Errorf("%s: peak %+v, kernels %+v", isa, peak, speed)
		}
		for _, k := range model.Kinds {
			if speed.MicrosecondsPerVoxel[k.TimedName()] <= 0 {
				t.Errorf("%s: %s was not measured: %+v", isa, k.TimedName(), speed)
			}
		}
	}
}

func TestEnvSaysByWhichRuleTheKernelsWereChosen(t *testing.T) {
	for _, c := range []struct {
		asked     string
		available []string
		want      string
	}{
		{"avx2", []string{"avx512", "avx2", "generic"}, "asked for by VOXFIT_ISA"},
		{"", []string{"avx512", "generic"}, "a fixed rule"},
		{"auto", []string{"avx512", "generic"}, "a fixed rule"},
		{"", []string{"generic"}, "no other"},
	} {
		if why := whyISA(c.available, c.asked); !strings.Contains(why, c.want) {
			t.Errorf("VOXFIT_ISA=%q of %v: %q, want %q", c.asked, c.available, why, c.want)
		}
	}
	t.Setenv("VOXFIT_ISA", "generic")
	if text := succeed(t, "env", "--quick"); !strings.Contains(text, "generic: asked for by VOXFIT_ISA") {
		t.Errorf("env does not say that VOXFIT_ISA chose:\n%s", text)
	}
}

// tables returns the arguments to fit an image with the tables beside another image.
func tables(with, image string) []string {
	return []string{image, "--bvals", near(with, "bvals"), "--bvecs", near(with, "bvecs")}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var text bytes.Buffer
	out := gzip.NewWriter(&text)
	if _, err := out.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func unzip(t *testing.T, text []byte) []byte {
	t.Helper()
	in, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// blankMask writes a mask without a voxel, on the grid of the image's mask.
func blankMask(t *testing.T, image string) string {
	t.Helper()
	mask := unzip(t, read(t, near(image, "mask.nii.gz")))
	offset := int(floatAt(mask, 108))
	clear(mask[offset:])
	path := filepath.Join(t.TempDir(), "blank.nii")
	write(t, path, mask)
	return path
}

// floatAt reads a float32 field of a NIfTI-1 header.
func floatAt(header []byte, offset int) float32 {
	var x float32
	if _, err := binary.Decode(header[offset:], binary.LittleEndian, &x); err != nil {
		panic(fmt.Sprint(err))
	}
	return x
}

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/cases"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/nifti"
)

// values reads an image whole, voxel-major.
func values(t *testing.T, path string) []float32 {
	t.Helper()
	_, out := cases.Volumes(t, path)
	return out
}

// sameMaps fails unless two folders hold the same images, byte for byte.
func sameMaps(t *testing.T, a, b string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(a, "*.nii.gz"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no maps in %s: %v", a, err)
	}
	for _, name := range names {
		if !bytes.Equal(unzip(t, read(t, name)), unzip(t, read(t, filepath.Join(b, filepath.Base(name))))) {
			t.Errorf("%s differs", filepath.Base(name))
		}
	}
}

// msmtMaps has how many maps msmt makes of a set of measured data, if automatic responses find its tissues.
var msmtMaps = map[string]int{"mrtrix_msmt": 11}

func TestMapsOfRealDataLoadInNibabelWithTheImagesAffineAndCompleteSidecars(t *testing.T) {
	peer.Slow(t)
	python := peer.Python(t)
	for data, more := range map[string][]string{
		"hcp_osmosis_27vox": nil,
		"mrtrix_msmt":       {"--mask", peer.Data(t, "mrtrix_msmt", "mask.nii.gz")},
	} {
		image := peer.Data(t, data, "dwi.nii.gz")
		out := t.TempDir()
		for model, maps := range map[string]int{"csdm": 6, "fwdtim": 9, "dti": 8, "sfm": 11, "msmt": msmtMaps[data]} {
			if maps == 0 {
				continue // one shell, or no voxel of some tissue
			}
			succeed(t, append([]string{"fit", model, image, "-o", out}, more...)...)
			sidecars, err := filepath.Glob(filepath.Join(out, "model-"+map[string]string{"csdm": "csd", "fwdtim": "fwtensor", "dti": "tensor", "sfm": "sfm", "msmt": "msmtcsd"}[model]+"_*.json"))
			if err != nil || len(sidecars) != maps {
				t.Errorf("%s: %d sidecars, want %d", model, len(sidecars), maps)
			}
			for _, path := range sidecars {
				checkSidecar(t, path)
			}
		}
		script := `
import glob, sys, nibabel, numpy
image = nibabel.load(sys.argv[1])
maps = sorted(glob.glob(sys.argv[2] + "/*.nii.gz"))
for path in maps:
    m = nibabel.load(path)
    assert numpy.allclose(m.affine, image.affine, atol=1e-6), path + ": another affine"
    assert m.shape[:3] == image.shape[:3], path + ": another shape"
    assert m.get_data_dtype() == numpy.float32, path
    assert numpy.isfinite(m.get_fdata()).all(), path + ": not finite"
    assert int(m.header["sform_code"]) == int(image.header["sform_code"]), path + ": another sform code"
print(len(maps))`
		text, err := exec.Command(python, "-c", script, image, out).CombinedOutput()
		if want := fmt.Sprint(34 + msmtMaps[data]); err != nil || strings.TrimSpace(string(text)) != want {
			t.Errorf("%s: nibabel: %v\n%s", data, err, text)
		}
	}
}

func checkSidecar(t *testing.T, path string) {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(read(t, path), &s); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, key := range []string{"Parameter", "Description", "Units", "Components", "GeneratedBy", "Fit"} {
		if s[key] == nil || s[key] == "" {
			t.Errorf("%s: no %s", filepath.Base(path), key)
		}
	}
	fit, _ := s["Fit"].(map[string]any)
	for _, key := range []string{"Model", "Options", "Frame", "Inputs", "SoftwareVersion", "InstructionSet"} {
		if fit[key] == nil {
			t.Errorf("%s: no Fit.%s", filepath.Base(path), key)
		}
	}
	for _, input := range fit["Inputs"].([]any) {
		if sum := input.(map[string]any)["SHA256"].(string); len(sum) != 64 {
			t.Errorf("%s: SHA256 %q", filepath.Base(path), sum)
		}
	}
}

func TestMapsDoNotDependOnThreadsMemoryOrShards(t *testing.T) {
	shrinkBlocks(t, 100)
	image := small(t, 350)
	mask := near(image, "mask.nii.gz")
	fit := func(more ...string) string {
		out := t.TempDir()
		succeed(t, append([]string{"fit", "csdm", image, "--mask", mask, "--response", phantomResponse, "-o", out}, more...)...)
		return out
	}
	whole := fit("--threads", "1")
	sameMaps(t, whole, fit("--threads", "2"))
	onlyCountedMemory(t)
	// Memory for the maps of 350 voxels, 71 values each, for five volumes of the largest map, for the signal and
	// results of a block of 100 voxels, and for the 288 volumes of 150 voxels.
	sameMaps(t, whole, fit("--max-memory", fmt.Sprint(350*(71+5)*4+100*(4*288+8*45+4)+150*288*4)))

	sum := make([]float32, len(values(t, filepath.Join(whole, "model-csd_param-fod_dwimap.nii.gz"))))
	for part := 1; part <= 3; part++ {
		out := fit("--shard", fmt.Sprintf("%d/3", part))
		for i, x := range values(t, filepath.Join(out, fmt.Sprintf("model-csd_param-fod_desc-shard%dof3_dwimap.nii.gz", part))) {
			sum[i] += x
		}
	}
	if !slices.Equal(sum, values(t, filepath.Join(whole, "model-csd_param-fod_dwimap.nii.gz"))) {
		t.Error("the maps of all shards do not add up to the whole")
	}
}

// onlyCountedMemory lets fits ignore the memory that the process holds already, which is far more than small fits take.
func onlyCountedMemory(t *testing.T) { countedMemory(t, 0) }

// countedMemory sets the memory that fits believe the process to hold already.
func countedMemory(t *testing.T, bytes int64) {
	old := memoryInUse
	memoryInUse = func() int64 { return bytes }
	t.Cleanup(func() { memoryInUse = old })
}

func shrinkBlocks(t *testing.T, voxels int) {
	old := blockVoxels
	blockVoxels = voxels
	t.Cleanup(func() { blockVoxels = old })
}

// untilSaved is a context that ends when a file has grown beyond a size, as by Ctrl-C at that moment. It checks the
// size when it is asked for its channel, which every block's fit does once.
type untilSaved struct {
	context.Context
	file  string
	size  int64
	ended func()
}

func (c untilSaved) Done() <-chan struct{} {
	if info, err := os.Stat(c.file); err == nil && info.Size() > c.size {
		c.ended()
	}
	return c.Context.Done()
}

// afterTwoBlocks returns a context that calls look and ends once a fit of fwdtim has two blocks of 64 voxels on disk.
func afterTwoBlocks(t *testing.T, out string, look func()) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return untilSaved{ctx, filepath.Join(out, checkpointOfFwdtim), 2 * 64 * (8*8 + 4), func() { look(); cancel() }}
}

const checkpointOfFwdtim = ".model-fwtensor_param-checkpoint.partial"

func TestAStoppedFitGoesOnWhereItWas(t *testing.T) {
	shrinkBlocks(t, 64)
	image := small(t, 1000)
	args := []string{"fit", "fwdtim", image, "--mask", near(image, "mask.nii.gz")}
	whole := t.TempDir()
	succeed(t, append(args, "-o", whole)...)

	out := t.TempDir()
	ctx := afterTwoBlocks(t, out, func() {})
	var stderr bytes.Buffer
	if code := run(ctx, append(args, "-o", out), &bytes.Buffer{}, &stderr); code != exitInterrupted {
		t.Fatalf("exit code %d, want %d: %s", code, exitInterrupted, &stderr)
	}
	if !strings.Contains(stderr.String(), "finished block") {
		t.Errorf("the line does not say what was kept: %s", &stderr)
	}
	if maps, _ := filepath.Glob(filepath.Join(out, "model-*")); len(maps) > 0 {
		t.Errorf("the stopped fit left %v", maps)
	}
	code, _, text := kbench(append(args, "-o", out)...)
	if code != 0 || !strings.Contains(text, "going on after") {
		t.Fatalf("exit code %d: %s", code, text)
	}
	sameMaps(t, whole, out)
	if hidden, _ := filepath.Glob(filepath.Join(out, ".*")); len(hidden) > 0 {
		t.Errorf("hidden files were left: %v", hidden)
	}
}

// While voxels are fitted, kill -9 would leave the lock's file and the checkpoint, and nothing else.
func TestAFitKeepsNothingButItsLockAndItsCheckpointInTheFolderBeforeMapsAreWritten(t *testing.T) {
	shrinkBlocks(t, 64)
	image, out := small(t, 1000), t.TempDir()
	var seen []os.DirEntry
	ctx := afterTwoBlocks(t, out, func() { seen, _ = os.ReadDir(out) })
	args := []string{"fit", "fwdtim", image, "--mask", near(image, "mask.nii.gz"), "-o", out}
	if code := run(ctx, args, &bytes.Buffer{}, &bytes.Buffer{}); code != exitInterrupted {
		t.Fatalf("exit code %d, want %d", code, exitInterrupted)
	}
	if len(seen) != 2 || seen[0].Name() != ".kbench-model-fwtensor.lock" || seen[1].Name() != checkpointOfFwdtim {
		t.Errorf("during the fit the folder held %v", seen)
	}
}

func TestBadVoxelsFollowTheNaNPolicy(t *testing.T) {
	image := small(t, 27)
	signal := values(t, image)
	bad := 13
	signal[bad*288+5] = float32(math.NaN())
	opened, err := nifti.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := near(image, "spoilt.nii.gz")
	if err := nifti.WriteSignal(spoilt, opened.Header, signal, nifti.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"fit", "dti"}, tables(image, spoilt)...)
	for policy, want := range map[string]func(x float32) bool{
		"zero": func(x float32) bool { return x == 0 },
		"nan":  func(x float32) bool { return x != x },
	} {
		out := t.TempDir()
		succeed(t, append(args, "-o", out, "--nan-policy", policy)...)
		for i, x := range values(t, filepath.Join(out, "model-tensor_param-fa_dwimap.nii.gz")) {
			if i == bad && !want(x) || i != bad && !(x > 0) {
				t.Errorf("--nan-policy %s: voxel %d has FA %g", policy, i, x)
			}
		}
		if code := values(t, filepath.Join(out, "model-tensor_param-status_dwimap.nii.gz"))[bad]; code != float32(kernel.NonFinite) {
			t.Errorf("--nan-policy %s: the status is %g, want %d", policy, code, kernel.NonFinite)
		}
	}
	out := filepath.Join(t.TempDir(), "maps")
	refuse(t, append(args, "-o", out, "--nan-policy", "error"), "spoilt.nii.gz", "(1, 1, 1)", "NaN")
	nothingIn(t, out)
}

// doublePrecision rewrites an uncompressed float32 image in float64. change may set its values, which are in the order
// of the file.
func doublePrecision(t *testing.T, path string, change func(values []float64)) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header, stored := file[:352], file[352:]
	numbers := make([]float64, len(stored)/4)
	for i := range numbers {
		numbers[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(stored[4*i:])))
	}
	change(numbers)
	binary.LittleEndian.PutUint16(header[70:], uint16(nifti.Float64))
	binary.LittleEndian.PutUint16(header[72:], 64)
	for _, x := range numbers {
		header = binary.LittleEndian.AppendUint64(header, math.Float64bits(x))
	}
	if err := os.WriteFile(path, header, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestFiniteValuesBeyondSinglePrecisionAreOverflowAndNotNonFinite(t *testing.T) {
	const voxels, tooLarge, infinite, largest = 27, 13, 14, 15
	image := small(t, voxels)
	opened, err := nifti.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := near(image, "spoilt.nii")
	if err := nifti.WriteSignal(spoilt, opened.Header, values(t, image), nifti.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	doublePrecision(t, spoilt, func(values []float64) {
		values[5*voxels+tooLarge], values[6*voxels+tooLarge] = 1e39, -1e300
		values[5*voxels+infinite], values[6*voxels+infinite] = 1e39, math.Inf(1)
		values[5*voxels+largest] = math.MaxFloat32
	})
	for _, isa := range kernel.ISAs() {
		out := t.TempDir()
		t.Setenv("VOXFIT_ISA", isa)
		succeed(t, append(append([]string{"fit", "dti"}, tables(image, spoilt)...), "-o", out, "--nan-policy", "nan")...)
		codes := values(t, filepath.Join(out, "model-tensor_param-status_dwimap.nii.gz"))
		fa := values(t, filepath.Join(out, "model-tensor_param-fa_dwimap.nii.gz"))
		for i, code := range codes {
			want := kernel.OK
			switch i {
			case tooLarge:
				want = kernel.Overflow
			case infinite:
				want = kernel.NonFinite
			case largest: // with such a value the tensor has a negative eigenvalue
				want = kernel.NegativeEigenvalue
			}
			if code != float32(want) || (fa[i] == 0) != (i == tooLarge) || (fa[i] != fa[i]) != (i == infinite) {
				t.Errorf("%s: voxel %d has status %g and FA %g, want %v", isa, i, code, fa[i], want)
			}
		}
	}
}

func TestVoxelsOutsideTheMaskSaySo(t *testing.T) {
	image, out := small(t, 20), t.TempDir()
	succeed(t, "fit", "dti", image, "--mask", near(image, "mask.nii.gz"), "-o", out)
	mask := values(t, near(image, "mask.nii.gz"))
	for i, code := range values(t, filepath.Join(out, "model-tensor_param-status_dwimap.nii.gz")) {
		if outside := mask[i] == 0; outside != (code == float32(kernel.OutsideMask)) {
			t.Errorf("voxel %d: mask %g, status %g", i, mask[i], code)
		}
	}
}

func TestTensorsComeInTheOrderAskedFor(t *testing.T) {
	image := small(t, 8)
	order := func(more ...string) []float32 {
		out := t.TempDir()
		succeed(t, append([]string{"fit", "dti", image, "-o", out, "--frame", "image"}, more...)...)
		return values(t, filepath.Join(out, "model-tensor_param-tensor_dwimap.nii.gz"))
	}
	ours, mrtrix := order(), order("--mrtrix-order")
	for v := range 8 {
		for i, j := range []int{0, 2, 5, 1, 3, 4} {
			if mrtrix[6*v+i] != ours[6*v+j] {
				t.Fatalf("voxel %d: element %d in MRtrix3's order is %g, want %g", v, i, mrtrix[6*v+i], ours[6*v+j])
			}
		}
	}
}

func TestAFullDiskGetsOneLineAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("skipped: a small file system cannot be mounted here: %s", bytes.TrimSpace(out))
	}
	defer exec.Command("umount", dir).Run()
	image := small(t, 1000)
	maps := filepath.Join(dir, "maps")
	refuse(t, []string{"fit", "csdm", image, "--response", phantomResponse, "-o", maps}, "no space left", "maps")
	nothingIn(t, dir)
	refuse(t, []string{"phantom", "--voxels", "1000", "-o", maps}, "no space left")
	nothingIn(t, dir)
	if _, err := os.Stat(maps); err == nil {
		t.Error("the folder that was made is still there")
	}
}

func TestOnlyTheMapsThatAreAskedForAreWritten(t *testing.T) {
	image := small(t, 8)
	written := func(more ...string) []string {
		out := t.TempDir()
		succeed(t, append([]string{"fit", "dti", image, "-o", out}, more...)...)
		found, _ := filepath.Glob(filepath.Join(out, "*.nii.gz"))
		for i, path := range found {
			found[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "model-tensor_param-"), "_dwimap.nii.gz")
		}
		return found
	}
	for _, c := range []struct{ flags, want []string }{
		{nil, []string{"ad", "fa", "iterations", "md", "rd", "s0", "status", "tensor"}},
		{[]string{"--maps", "evals,fa"}, []string{"evals", "fa"}},
		{[]string{"--maps", "all"}, []string{"ad", "colorFA", "evals", "evecs", "fa", "iterations", "md", "mode", "rd", "s0", "status", "tensor"}},
	} {
		if got := written(c.flags...); !slices.Equal(got, c.want) {
			t.Errorf("kbench fit dti %v wrote %v, want %v", c.flags, got, c.want)
		}
	}
	out := filepath.Join(t.TempDir(), "maps")
	refuse(t, []string{"fit", "dti", image, "-o", out, "--maps", "fa,faa"}, "--maps", `"faa"`, "colorFA")
	nothingIn(t, out)
}

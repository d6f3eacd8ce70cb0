package phantom

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// loaded is the output of testdata/load.py for a folder that Write made.
type loaded struct {
	Shapes      map[string][]int  // of each image
	Dtypes      map[string]string // on disk
	Sums        map[string]string // of each image's float32 values in the mask, voxel-major
	Outside     map[string]float64
	Index       []int
	Affine      [4][4]float64
	Determinant float64
	Bvals       []float64
	Bvecs       [][3]float64
	B0s         int
	FitError    float64 // largest deviation of DIPY's tensors from the truth
	FitAngle    float64 // degrees, largest
	Fitted      int
}

// nibabel must find the values that are in memory, bit for bit, and DIPY's gradient_table the table;
// DIPY's tensor fit of the noiseless single fibres then finds the truth maps' directions, so that
// signal, bvecs and truth share one frame.
func TestNibabelAndDIPYReadWhatWasWritten(t *testing.T) {
	peer.Slow(t)
	python := peer.Python(t)
	p := mustMake(t, HCP(), Options{Voxels: 700, Seed: 12})
	dir := filepath.Join(t.TempDir(), "made", "on the way")
	if err := p.Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, filepath.Join("testdata", "load.py"), dir)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	var got loaded
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatal(err)
	}
	checkImages(t, p, got)
	checkGradients(t, p, got)
	if got.Determinant >= 0 {
		t.Errorf("the affine's determinant is %g, expected a negative one", got.Determinant)
	}
	if got.Fitted < 50 || got.FitError > 1e-9 || got.FitAngle > 1e-4 {
		t.Errorf("DIPY's tensors of %d single fibres are off by up to %g mm2/s and %g degrees", got.Fitted, got.FitError, got.FitAngle)
	}
}

func checkImages(t *testing.T, p *Phantom, got loaded) {
	t.Helper()
	if !slices.Equal(got.Index, p.Index) {
		t.Errorf("the mask holds other voxels than Index")
	}
	images := map[string][]float32{"dwi.nii.gz": p.Signal}
	for _, m := range truthMaps {
		images[m.File] = m.values(p.Truth)
	}
	if len(got.Shapes) != len(images) {
		t.Errorf("%d images were written, expected %d", len(got.Shapes), len(images))
	}
	for name, values := range images {
		shape := p.Shape[:]
		if n := len(values) / len(p.Index); n > 1 {
			shape = append(slices.Clone(shape), n)
		}
		if !slices.Equal(got.Shapes[name], shape) || got.Dtypes[name] != "float32" {
			t.Errorf("%s: nibabel found %s of shape %v, expected float32 of %v", name, got.Dtypes[name], got.Shapes[name], shape)
		}
		if got.Sums[name] != sumOf(values) {
			t.Errorf("%s: nibabel found other values than are in memory", name)
		}
		if got.Outside[name] != 0 {
			t.Errorf("%s: a value outside the mask is %g", name, got.Outside[name])
		}
	}
}

func checkGradients(t *testing.T, p *Phantom, got loaded) {
	t.Helper()
	if !slices.Equal(got.Bvals, p.Gradients.Bvals) {
		t.Error("DIPY read other b-values than were written")
	}
	if !slices.Equal(got.Bvecs, p.Gradients.Bvecs) {
		t.Error("DIPY read other directions than were written")
	}
	if got.B0s != 18 {
		t.Errorf("DIPY counts %d b0s, expected 18", got.B0s)
	}
}

func sumOf(values []float32) string {
	sum := sha256.New()
	_ = binary.Write(sum, binary.LittleEndian, values)
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func TestEqualPhantomsGiveEqualFiles(t *testing.T) {
	root := t.TempDir()
	for _, c := range []struct {
		dir     string
		workers int
	}{{"a", 1}, {"b", 2}} {
		p := mustMake(t, fiveVolumes(), Options{Voxels: 300, SNR: 15, Workers: c.workers})
		for range 2 { // the second time over the files of the first
			if err := p.Write(t.Context(), filepath.Join(root, c.dir)); err != nil {
				t.Fatal(err)
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "a"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := slices.Sorted(slices.Values(Files())); !slices.Equal(names, want) {
		t.Errorf("the files %v were written, Files says %v", names, want)
	}
	for _, e := range entries {
		a, errA := os.ReadFile(filepath.Join(root, "a", e.Name()))
		b, errB := os.ReadFile(filepath.Join(root, "b", e.Name()))
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s differs between equal phantoms (%v, %v)", e.Name(), errA, errB)
		}
	}
}

func TestTruthJSONSaysHowToMakeThePhantomAgain(t *testing.T) {
	dir := t.TempDir()
	p := mustMake(t, fiveVolumes(), Options{Voxels: 40, SNR: 25, Seed: 77, S0: 500, Mix: Mix{TwoFibres: 1}})
	if err := p.Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		Seed   uint64
		SNR    float64
		S0     float64
		Sigma  float64
		Voxels int
		Mix    Mix
		Maps   []struct{ File, Description string }
	}
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	again := mustMake(t, fiveVolumes(), Options{Voxels: o.Voxels, SNR: o.SNR, Seed: o.Seed, S0: o.S0, Mix: o.Mix})
	if checksum(again) != checksum(p) || o.Sigma != 20 {
		t.Errorf("the options of truth.json make another phantom: %+v", o)
	}
	for _, m := range o.Maps {
		if _, err := os.Stat(filepath.Join(dir, m.File)); err != nil || m.Description == "" {
			t.Errorf("truth.json describes %q as %q: %v", m.File, m.Description, err)
		}
	}
}

func TestWriteNamesThePathThatItCannotUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	p := mustMake(t, fiveVolumes(), Options{Voxels: 1})
	if err := p.Write(t.Context(), filepath.Join(file, "dir")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v, expected one that names %s", err, file)
	}
	// A directory where a file should go: the rename fails, and no temporary file stays.
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "bvals", "in the way"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "bvals") {
		t.Errorf("error %v, expected one that names bvals", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files stayed behind: %v (%v)", left, err)
	}
}

func TestWriteStopsWhenItsContextEnds(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	p := mustMake(t, fiveVolumes(), Options{Voxels: 10})
	if err := p.Write(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, expected that of the context", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("files stayed behind: %v (%v)", left, err)
	}
}

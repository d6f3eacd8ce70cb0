package peer

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// missing skips the test because a peer is missing, or fails it if VOXFIT_REQUIRE names the peer.
func missing(t testing.TB, peer, format string, args ...any) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("VOXFIT_REQUIRE"), ","), peer) {
		t.Fatalf("VOXFIT_REQUIRE names "+peer+": "+format, args...)
	}
	t.Skipf(format, args...)
}

// Slow skips a test with -short, as under the race detector or in an emulator. It is for tests that take seconds
// because of a peer or of their own arithmetic: there they would take minutes and find nothing more.
func Slow(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds; not with -short")
	}
}

// Python returns the path of a Python that has DIPY, nibabel, NumPy and SciPy: $VOXFIT_PYTHON, else .venv/bin/python in
// the repository. It skips the test if there is none.
func Python(t testing.TB) string {
	t.Helper()
	python := os.Getenv("VOXFIT_PYTHON")
	if python == "" {
		python = filepath.Join(root(t), ".venv", "bin", "python")
	}
	if err := probe(python); err != nil {
		missing(t, "dipy", "no Python with DIPY at %s: %v (`make peers` installs one; or set VOXFIT_PYTHON)", python, err)
	}
	return python
}

// probed remembers, by the path of a Python, whether it has what the tests need.
var probed sync.Map

func probe(python string) error {
	if known, ok := probed.Load(python); ok {
		err, _ := known.(error)
		return err
	}
	output, err := exec.Command(python, "-c", "import dipy, nibabel, numpy, scipy").CombinedOutput()
	if lines := strings.Split(strings.TrimSpace(string(output)), "\n"); err != nil && lines[len(lines)-1] != "" {
		err = errors.New(lines[len(lines)-1]) // Python's "ModuleNotFoundError: ..." says more
	}
	probed.Store(python, err)
	return err
}

// Data returns the path of a file or folder of the shared data, such as Data(t, "mrtrix_msmt", "dwi.nii.gz"). It skips
// the test if the data are missing.
func Data(t testing.TB, elements ...string) string {
	t.Helper()
	shared := os.Getenv("VOXFIT_SHARED")
	if shared == "" {
		shared = filepath.Join(root(t), "..", "shared")
	}
	data := filepath.Join(shared, "data")
	if _, err := os.Stat(data); err != nil {
		missing(t, "data", "no shared data at %s (set VOXFIT_SHARED to the folder that holds data/)", data)
	}
	return filepath.Join(append([]string{data}, elements...)...)
}

// root is the repository: the nearest folder above the test's own that holds a go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			t.Fatalf("no go.mod above %s: tests must run in the repository", dir)
		}
	}
}

package main_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/cases"
	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/internal/toymodel"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sched"
)

var wm = acq.Response{Evals: [3]float64{0.0017, 0.0003, 0.0003}, S0: 100}

// checked are the models that the C program goes through, with the same models made in Go.
var checked = []struct {
	name, options string
	slow          bool // under valgrind, where only long tests take more than a few voxels
	make          func(g *acq.GradientTable) (model.Model, error)
}{
	{"dti", `{"method": "nls"}`, false, func(g *acq.GradientTable) (model.Model, error) {
		return model.NewTensor(g, model.TensorOptions{Method: kernel.NLS})
	}},
	{"fwdtim", "", true, func(g *acq.GradientTable) (model.Model, error) {
		return model.NewFreeWater(g, model.FreeWaterOptions{})
	}},
	{"csdm", `{"lmax": 4, "response": {"evals": [0.0017, 0.0003, 0.0003], "s0": 100}}`, true, func(g *acq.GradientTable) (model.Model, error) {
		return model.NewCSD(g, wm, model.CSDOptions{LMax: 4})
	}},
	{"sfm", `{"solver": "nnls"}`, false, func(g *acq.GradientTable) (model.Model, error) {
		return model.NewSFM(g, model.SFMOptions{Solver: model.NNLS})
	}},
	{"msmt", `{"lmax": 4, "response": [{"name": "WM", "zonal": [[350, 0, 0], [170, -60, 20], [110, -60, 25]]}, {"name": "CSF", "zonal": [[350], [20], [2]]}]}`, true,
		func(g *acq.GradientTable) (model.Model, error) {
			return model.NewMSMT(g, []model.Tissue{
				{Name: "WM", Response: acq.Response{Zonal: [][]float64{{350, 0, 0}, {170, -60, 20}, {110, -60, 25}}}},
				{Name: "CSF", Response: acq.Response{Zonal: [][]float64{{350}, {20}, {2}}}},
			}, model.MSMTOptions{LMax: 4})
		}},
}

const measurements = 34

// signal simulates tensors of all shapes between a sphere and a stick.
func signal(g *acq.GradientTable, voxels int) []float32 {
	values := make([]float32, 0, voxels*measurements)
	for v := range voxels {
		axis := math.Pi * float64(v) / float64(voxels)
		radial := 2e-4 + 1e-3*float64(v%17)/17
		for i, d := range g.Bvecs {
			along := d[0]*math.Cos(axis) + d[1]*math.Sin(axis)
			noise := math.Sin(float64(131*v + 17*i*i))
			values = append(values, float32(100*math.Exp(-g.Bvals[i]*(radial+(1.7e-3-radial)*along*along))+noise))
		}
	}
	return values
}

// built is libvoxfit.so, made once for this test binary.
var built struct {
	sync.Mutex
	folder string
	made   map[string]error // by build tags
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.folder != "" {
		os.RemoveAll(built.folder)
	}
	os.Exit(code)
}

// library builds libvoxfit.so with build tags and returns its path. It skips the test where the library cannot be
// built. Paths are trimmed as in `make library`, so that Go need not compile the packages again.
func library(t *testing.T, tags string, flags ...string) string {
	t.Helper()
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("no C compiler: libvoxfit is the one part that needs cgo")
	}
	if os.Getenv("GOARCH") != "" || testing.Short() {
		t.Skip("the library is built and tested once, in the full run")
	}
	built.Lock()
	defer built.Unlock()
	if built.folder == "" {
		var err error
		if built.folder, err = os.MkdirTemp("", "libvoxfit"); err != nil {
			t.Fatal(err)
		}
		built.made = map[string]error{}
	}
	path := filepath.Join(built.folder, "tags-"+tags, "libvoxfit.so")
	if _, done := built.made[tags]; !done {
		arguments := append([]string{"build", "-buildmode=c-shared", "-trimpath", "-tags=" + tags, "-o", path}, flags...)
		command := exec.Command("go", append(arguments, ".")...)
		command.Env = append(os.Environ(), "CGO_ENABLED=1")
		output, err := command.CombinedOutput()
		if err != nil {
			t.Errorf("%s", output)
		}
		built.made[tags] = err
	}
	if err := built.made[tags]; err != nil {
		t.Fatal(err)
	}
	return path
}

// program compiles a C program of testdata, with every warning an error, and links it with the library.
func program(t *testing.T, name, library string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	compile := exec.Command("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-I.", "-o", path,
		filepath.Join("testdata", name+".c"), library, "-Wl,-rpath,"+filepath.Dir(library), "-lm", "-lpthread")
	if output, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return path
}

func run(t *testing.T, environment []string, command ...string) {
	t.Helper()
	c := exec.Command(command[0], command[1:]...)
	c.Env = append(os.Environ(), environment...)
	if output, err := c.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, output)
	}
}

// arguments are the arguments of check for a model, with the acquisition in a file. The last is the file for
// parameters.
func arguments(t *testing.T, name, options string, g *acq.GradientTable, values []float32) []string {
	t.Helper()
	in, out := filepath.Join(t.TempDir(), "signal"), filepath.Join(t.TempDir(), "params")
	var raw bytes.Buffer
	for _, part := range []any{g.Bvals, g.Bvecs, values} {
		if err := binary.Write(&raw, binary.NativeEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(in, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{name, options, strconv.Itoa(len(values) / measurements), in, out}
}

// The program shares models among threads, lays batches out in every way and makes every mistake.
func TestCProgramGetsTheBitsOfGo(t *testing.T) {
	check := program(t, "check", library(t, ""))
	g := cases.Spiral(t)
	values := signal(g, 1000)
	for _, c := range checked {
		t.Run(c.name, func(t *testing.T) {
			args := arguments(t, c.name, c.options, g, values)
			run(t, nil, append([]string{check}, args...)...)
			m, err := c.make(g)
			if err != nil {
				t.Fatal(err)
			}
			want := fit.New(m.Fitter(), 1000)
			if _, err := fit.Block(context.Background(), m.Fitter(), values, want, sched.Plan{Workers: 1}); err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(args[4])
			if err != nil {
				t.Fatal(err)
			}
			got := make([]float64, len(raw)/8)
			binary.Read(bytes.NewReader(raw), binary.NativeEndian, got)
			if len(got) != len(want.Parameters) {
				t.Fatalf("found %d parameters, expected %d", len(got), len(want.Parameters))
			}
			for i, x := range want.Parameters {
				if math.Float64bits(x) != math.Float64bits(got[i]) {
					t.Fatalf("parameter %d of voxel %d is %v in C and %v in Go", i%m.Fitter().Parameters(), i/m.Fitter().Parameters(), got[i], x)
				}
			}
		})
	}
}

// A model is added with a file and a line. The C library then has it, and all that holds for other models holds for
// it.
func TestAnAddedModelIsInTheLibrary(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	overlay, err := toymodel.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := cases.Spiral(t)
	values := signal(g, 300)
	args := arguments(t, toymodel.Name, `{"floor": 0.5}`, g, values)
	run(t, nil, append([]string{program(t, "check", library(t, "toymodel", "-overlay", overlay))}, args...)...)
	raw, err := os.ReadFile(args[len(args)-1])
	if err != nil || len(raw) != 300*2*8 {
		t.Fatalf("%d bytes of parameters, %v", len(raw), err)
	}
	weighted, b0 := 0.0, 0.0
	for i, b := range g.Bvals {
		if b == 0 {
			b0 += math.Log(float64(values[i])) / 4
		} else {
			weighted += math.Log(max(float64(values[i]), 0.5)) / 30
		}
	}
	if got, want := math.Float64frombits(binary.NativeEndian.Uint64(raw)), (b0-weighted)/1500; math.Abs(got-want) > 1e-9 {
		t.Errorf("the first voxel's coefficient is %v, want %v", got, want)
	}
}

func TestCProgramIsCleanUnderValgrind(t *testing.T) {
	if _, err := exec.LookPath("valgrind"); err != nil {
		t.Skip("no valgrind (Debian's package of that name)")
	}
	// With this tag, Go's runtime tells valgrind about its stacks and heap. It does not tell about preemption by
	// signals, which writes below the stack pointer.
	check := program(t, "check", library(t, "valgrind"))
	g := cases.Spiral(t)
	for _, c := range checked {
		t.Run(c.name, func(t *testing.T) {
			voxels := 70 // more than the calling thread fits by itself
			if c.slow {
				voxels = long.Of(voxels, 9)
			}
			args := arguments(t, c.name, c.options, g, signal(g, voxels))
			run(t, []string{"GODEBUG=asyncpreemptoff=1"},
				append([]string{"valgrind", "-q", "--leak-check=no", "--error-exitcode=9", check}, args...)...)
		})
	}
}

func TestHeaderIsCPlusPlusToo(t *testing.T) {
	if _, err := exec.LookPath("c++"); err != nil {
		t.Skip("no C++ compiler")
	}
	run(t, nil, "c++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c++", "voxfit.h", "-Wno-pragma-once-outside-header")
}

// The program in README.md compiles with the flags that are given there, and fits.
func TestProgramOfReadmeRuns(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```c\n")
	source, _, _ := strings.Cut(rest, "```")
	lib := library(t, "")
	folder := t.TempDir()
	file, program := filepath.Join(folder, "fit.c"), filepath.Join(folder, "fit")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, compiler := range [][]string{{"cc"}, {"c++", "-std=c++20", "-x", "c++"}} {
		t.Run(compiler[0], func(t *testing.T) {
			if _, err := exec.LookPath(compiler[0]); err != nil {
				t.Skip("no C++ compiler")
			}
			run(t, nil, append(compiler, file, "-I.", "-L"+filepath.Dir(lib), "-lvoxfit", "-Wl,-rpath,"+filepath.Dir(lib), "-o", program)...)
			output, err := exec.Command(program).CombinedOutput()
			if want := "voxel 0: Dxx 1.6"; err != nil || !strings.HasPrefix(string(output), want) {
				t.Errorf("printed %q (%v), expected %q ...", output, err, want)
			}
		})
	}
}

func TestForkedProcessGetsAnErrorFromEveryCall(t *testing.T) {
	fork := program(t, "fork", library(t, ""))
	for _, how := range []string{"libc", "kernel"} {
		t.Run(how, func(t *testing.T) { run(t, nil, fork, how) })
	}
}

package compare

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

//go:embed dipy_timing.py
var dipyScript string

// EnvPython is the environment variable that names a Python with DIPY.
const EnvPython = "VOXFIT_PYTHON"

// dipy is one Python process with DIPY, started on the pinned thread.
type dipy struct {
	version string
	folder  string
	process *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
	stderr  *bytes.Buffer
}

// FindPythons lists the Pythons that may have DIPY, the likeliest first: $VOXFIT_PYTHON alone where it
// is set, else .venv in the working directory or above it, then python3 of the PATH.
func FindPythons() []string {
	if python := os.Getenv(EnvPython); python != "" {
		return []string{python}
	}
	inside := filepath.Join(".venv", "bin", "python")
	if runtime.GOOS == "windows" {
		inside = filepath.Join(".venv", "Scripts", "python.exe")
	}
	var found []string
	at, err := os.Getwd()
	for err == nil {
		if path := filepath.Join(at, inside); exists(path) {
			found = append(found, path)
		}
		if at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	return append(found, "python3")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// startDIPY starts the first Python that has DIPY and hands it the acquisition. With an error the
// engine still says which peer it would have been.
func startDIPY(ctx context.Context, o Options, folder string) (engine, error) {
	d := &dipy{folder: folder}
	pythons := []string{o.Python}
	if o.Python == "" {
		pythons = FindPythons()
	}
	var reasons []string
	for _, python := range pythons {
		err := d.start(ctx, python)
		if err == nil {
			if err = d.handOver(o); err != nil {
				d.close()
			}
			return d, err
		}
		reasons = append(reasons, fmt.Sprintf("%s: %v", python, err))
	}
	return d, fmt.Errorf("DIPY is not here: %s (--python or %s names a Python that has it)", strings.Join(reasons, "; "), EnvPython)
}

// singleThreaded holds linear algebra to one thread.
func singleThreaded() []string {
	return append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1",
		"VECLIB_MAXIMUM_THREADS=1", "NUMEXPR_NUM_THREADS=1", "PYTHONDONTWRITEBYTECODE=1")
}

func (d *dipy) start(ctx context.Context, python string) error {
	d.process = exec.CommandContext(ctx, python, "-c", dipyScript)
	d.process.Env = singleThreaded()
	d.stderr = &bytes.Buffer{}
	d.process.Stderr = d.stderr
	stdin, err := d.process.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := d.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := d.process.Start(); err != nil {
		return rootCause(err)
	}
	d.stdin, d.stdout = stdin, bufio.NewReader(stdout)
	reply, err := d.receive()
	if err != nil {
		d.close()
		return err
	}
	d.version = reply.Version
	return nil
}

// rootCause leaves out the path, which the reader has seen already.
func rootCause(err error) error {
	var notFound *exec.Error
	var path *os.PathError
	switch {
	case errors.As(err, &notFound):
		return notFound.Err
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// handOver gives the process the gradient table, the response and the signal.
func (d *dipy) handOver(o Options) error {
	response := map[string]any{"evals": o.Response.Evals, "s0": o.Response.S0}
	if o.Response.IsZonal() {
		response = map[string]any{"zonal": o.Response.Zonal[len(o.Response.Zonal)-1], "s0": 1}
	}
	tissues, err := tissuesForDIPY(o)
	if err != nil {
		return err
	}
	signal := make([]byte, 0, 4*len(o.Signal))
	for _, s := range o.Signal {
		signal = binary.LittleEndian.AppendUint32(signal, math.Float32bits(s))
	}
	if err := os.WriteFile(filepath.Join(d.folder, "signal.f32"), signal, 0o600); err != nil {
		return err
	}
	return d.send(map[string]any{
		"folder": d.folder, "bvals": o.Gradients.Bvals, "bvecs": o.Gradients.Bvecs, "b0": o.Gradients.B0Threshold,
		"response": response, "tissues": tissues,
	})
}

func (d *dipy) send(message any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = d.stdin.Write(append(line, '\n'))
	return err
}

// A reply is what dipy_timing.py answers.
type reply struct {
	Version string
	Seconds float64
	Columns map[string]int // of each array
	Error   string
}

func (d *dipy) receive() (reply, error) {
	var r reply
	line, err := d.stdout.ReadBytes('\n')
	if err != nil {
		d.process.Wait() // until all of its last words are there
		lines := strings.Split(strings.TrimSpace(d.stderr.String()), "\n")
		if last := lines[len(lines)-1]; last != "" {
			return r, errors.New(last)
		}
		return r, fmt.Errorf("no answer: %w", err)
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("found the answer %.80q, expected JSON", line)
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

func (d *dipy) call(function string, t *task) (reply, error) {
	if err := d.send(map[string]any{"call": function, "model": t.name, "voxels": t.voxels}); err != nil {
		return reply{}, err
	}
	return d.receive()
}

func (d *dipy) describe() Engine { return Engine{nameDIPY, d.version} }

func (d *dipy) prepare(_ context.Context, t *task, ours *fitted) (string, []Parity, error) {
	if t.dipy == nil {
		return "", nil, errNoModel
	}
	r, err := d.call("prepare", t)
	if err != nil {
		return "", nil, err
	}
	theirs := arrays{}
	for name, columns := range r.Columns {
		if theirs[name], err = readArray(filepath.Join(d.folder, name+".f64"), t.voxels, columns); err != nil {
			return "", nil, err
		}
	}
	return t.fitted.StudyName() + ".fit", t.dipy(t, ours, theirs), nil
}

func (d *dipy) time(_ context.Context, t *task) (float64, error) {
	r, err := d.call("time", t)
	return r.Seconds / float64(t.voxels), err
}

// close ends the process, which has nothing to save; it may also be a program that was never DIPY.
func (d *dipy) close() {
	if d.stdin != nil {
		d.stdin.Close()
		d.process.Process.Kill()
		d.process.Wait()
	}
}

// arrays are a peer's results by name.
type arrays map[string]array

// An array is voxels x columns.
type array struct {
	columns int
	data    []float64
}

func (a array) row(voxel int) []float64 { return a.data[voxel*a.columns : (voxel+1)*a.columns] }

// readArray reads raw little-endian float64 and removes the file.
func readArray(path string, voxels, columns int) (array, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return array{}, err
	}
	if len(raw) != 8*voxels*columns {
		return array{}, fmt.Errorf("%s: found %d bytes, expected %d voxels of %d float64", path, len(raw), voxels, columns)
	}
	a := array{columns, make([]float64, voxels*columns)}
	for i := range a.data {
		a.data[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return a, os.Remove(path)
}

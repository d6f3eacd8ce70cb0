package compare

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/internal/plural"
)

//go:embed dipy_timing.py
var dipyScript string

// dipy is one Python process with DIPY, started on the pinned thread.
type dipy struct {
	version string
	folder  string
	process *python.Process
}

// startDIPY starts the first Python that has DIPY, with the acquisition of the folder. Even with an error, the
// engine that is returned has its name.
func startDIPY(ctx context.Context, o Options, folder string) (engine, error) {
	d := &dipy{folder: folder}
	var ready struct{ Version string }
	process, err := python.Start(ctx, o.Python, python.Program{Arguments: []string{"-c", dipyScript}}, map[string]any{"folder": folder}, &ready)
	if err != nil {
		return d, fmt.Errorf("DIPY is not here: %w", err)
	}
	d.process, d.version = process, ready.Version
	return d, nil
}

// A reply is an answer of dipy_timing.py.
type reply struct {
	Seconds float64
	Columns map[string]int // of each array
	What    string         // the call that is timed, if it is not the model's fit
}

func (d *dipy) call(function string, t *task) (r reply, err error) {
	err = d.process.Ask(map[string]any{"call": function, "model": t.name, "voxels": t.voxels}, &r)
	return r, err
}

func (d *dipy) describe() Engine { return Engine{Name: nameDIPY, Version: d.version} }

func (d *dipy) prepare(_ context.Context, t *task, ours *fitted) (string, []Parity, error) {
	if t.dipy == nil {
		return "", nil, errNoModel
	}
	r, err := d.call("prepare", t)
	if err != nil {
		return "", nil, err
	}
	theirs, err := readArrays(d.folder, t.voxels, r.Columns)
	if err != nil {
		return "", nil, err
	}
	return cmp.Or(r.What, t.fitted.Kind().Class+".fit"), t.dipy(t, ours, theirs), nil
}

func (d *dipy) time(_ context.Context, t *task) (float64, error) {
	r, err := d.call("time", t)
	return r.Seconds / float64(t.voxels), err
}

func (d *dipy) close() { d.process.Close() }

// arrays are a peer's results by name.
type arrays map[string]array

// An array is voxels x columns.
type array struct {
	columns int
	data    []float64
}

func (a array) row(voxel int) []float64 { return a.data[voxel*a.columns : (voxel+1)*a.columns] }

// readArrays reads the arrays that a Python program has written to a folder, as NAME.f64.
func readArrays(folder string, voxels int, columns map[string]int) (arrays, error) {
	found := arrays{}
	for name, n := range columns {
		var err error
		if found[name], err = readArray(filepath.Join(folder, name+".f64"), voxels, n); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// readArray reads raw little-endian float64 and removes the file.
func readArray(path string, voxels, columns int) (array, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return array{}, err
	}
	if len(raw) != 8*voxels*columns {
		return array{}, fmt.Errorf("%s: found %s, expected %s of %d float64", path, plural.Count(len(raw), "byte"), plural.Count(voxels, "voxel"), columns)
	}
	a := array{columns, make([]float64, voxels*columns)}
	for i := range a.data {
		a.data[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return a, os.Remove(path)
}

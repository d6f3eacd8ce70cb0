package python

import (
	"context"
	"fmt"
	"strings"

	"github.com/voxfit/voxfit/kernel"
)

// Engines lists the engines of a Bench: DIPY's own, and voxfit through them.
var Engines = []string{"dipy-serial", "dipy-ray", "dipy-joblib", "dipy-dask", "voxfit-ray", "voxfit-joblib", "voxfit-dask"}

// OnRay says whether an engine uses Ray.
func OnRay(engine string) bool { return strings.HasSuffix(engine, "-ray") }

// A Bench is a process of `python -m voxfit.bench serve` with an acquisition.
type Bench struct {
	process  *Process
	versions map[string]string
	ray      bool // a run may have started Ray
}

// StartBench starts the process with the acquisition of a folder. python names the Python; if it is empty, the
// likeliest ones are tried. isa is the instruction set that voxfit is to use there; if it is empty, voxfit chooses.
func StartBench(ctx context.Context, python, folder, isa string) (*Bench, error) {
	var ready struct{ Versions map[string]string }
	program := Program{Arguments: []string{"-m", "voxfit.bench", "serve"}}
	if isa != "" {
		program.Environment = []string{kernel.EnvISA + "=" + isa}
	}
	process, err := Start(ctx, python, program, map[string]any{"folder": folder}, &ready)
	if err != nil {
		return nil, fmt.Errorf("the Python engines need DIPY and voxfit (pip install ./python): %w", err)
	}
	return &Bench{process: process, versions: ready.Versions}, nil
}

// Version is the version of the package that fits with an engine.
func (b *Bench) Version(engine string) string { return b.versions[strings.Split(engine, "-")[0]] }

// A Run is one fit.
type Run struct {
	Engine  string `json:"engine"`
	Model   string `json:"model"` // and its method, if that is not the default: "csdm", "fwdtim wls"
	Voxels  int    `json:"voxels,omitempty"`
	Chunks  int    `json:"chunks"`
	CPUs    int    `json:"cpus"`
	Results bool   `json:"results,omitempty"` // write the results as NAME.f64 into the acquisition's folder
}

// Measured has the times and the memory of a run.
type Measured struct {
	Time         float64        `json:"time"`   // seconds of model.fit
	SetUp        float64        `json:"set_up"` // seconds before that
	SpilledBytes *int64         `json:"spilled_bytes"`
	PeakRSS      int64          `json:"peak_rss"`
	Call         string         `json:"call"`    // the call that was timed
	Columns      map[string]int `json:"columns"` // of each array of results
}

// Measure does one run.
func (b *Bench) Measure(r Run) (m Measured, err error) {
	b.ray = b.ray || OnRay(r.Engine)
	if err = b.process.Ask(r, &m); err != nil {
		err = fmt.Errorf("%s %s: %w", r.Engine, r.Model, err)
	}
	return m, err
}

// EndRay stops Ray, with the processes that it keeps between runs, if a run has started it. The next run on Ray
// starts it again, and this counts as a part of that run's set-up.
func (b *Bench) EndRay() error {
	if !b.ray {
		return nil
	}
	b.ray = false
	return b.process.Ask(map[string]string{"end": "ray"}, &struct{}{})
}

// Close ends the process, which stops Ray first.
func (b *Bench) Close() { b.process.Close() }

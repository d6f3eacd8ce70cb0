package compare

import (
	"context"
	"math"
	"slices"

	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/bench/textbook"
	"github.com/voxfit/voxfit/model"
)

// A pythonEngine is one of python.Engines. All share a process.
type pythonEngine struct {
	name   string
	folder string // of the acquisition
	bench  *python.Bench
}

// endRay ends Ray where an engine may have started it. The next run on it starts it anew.
func (r *runner) endRay() {
	if r.bench == nil {
		return
	}
	if err := r.bench.EndRay(); err != nil {
		r.report.note("Ray could not be ended, and may have had a part of the core: %v", err)
	}
}

// Engines are those that may be added: package textbook, and those of python.Engines.
func Engines() []string { return append([]string{nameTextbook}, python.Engines...) }

// startEngines starts the engines that were asked for, and the process of Python's where one of these is among them, on the
// pinned thread. With an error Python's engines are missing.
func startEngines(ctx context.Context, o Options, folder string) (engines []engine, bench *python.Bench, err error) {
	if slices.ContainsFunc(o.Engines, inPython) {
		bench, err = python.StartBench(ctx, o.Python, folder, o.ISA)
	}
	for _, name := range o.Engines {
		switch {
		case !inPython(name):
			engines = append(engines, &textbookEngine{map[*task]textbook.Fitter{}})
		case err != nil:
			engines = append(engines, missing{Engine{Name: name}})
		default:
			engines = append(engines, &pythonEngine{name, folder, bench})
		}
	}
	return engines, bench, err
}

func inPython(engine string) bool { return slices.Contains(python.Engines, engine) }

// once is false of lines that are the fit of another line again, as far as an engine without our precisions is concerned.
func (v variant) once() bool { return v.name != "csdm mixed" && v.name != "sfm scipy" }

// hasEngines says whether DIPY's engines fit a line of the table: its models, each once.
func (v variant) hasEngines() bool { return v.dipy != nil && v.once() }

// run is a fit by one worker, so in one chunk.
func (e *pythonEngine) run(t *task, results bool) (python.Measured, error) {
	return e.bench.Measure(python.Run{Engine: e.name, Model: t.engineModel(), Voxels: t.voxels, Chunks: 1, CPUs: 1, Results: results})
}

// engineModel is the model as the process knows it.
func (v variant) engineModel() string {
	if v.model == "msmt" {
		return v.model
	}
	return v.name
}

func (e *pythonEngine) describe() Engine {
	return Engine{Name: e.name, Version: e.bench.Version(e.name)}
}

func (e *pythonEngine) prepare(_ context.Context, t *task, ours *fitted) (string, []Parity, error) {
	if !t.hasEngines() {
		return "", nil, errNoModel
	}
	measured, err := e.run(t, true)
	if err != nil {
		return "", nil, err
	}
	theirs, err := readArrays(e.folder, t.voxels, measured.Columns)
	if err != nil {
		return "", nil, err
	}
	return measured.Call, t.againstEngine(e.name, ours, theirs), nil
}

func (e *pythonEngine) time(_ context.Context, t *task) (float64, error) {
	measured, err := e.run(t, false)
	return measured.Time / float64(t.voxels), err
}

func (e *pythonEngine) close() {}

// engineResults are what fits are compared by: what each is called, and whether differences are relative to the
// voxel's largest value.
var engineResults = []struct {
	name, words string
	relative    bool
}{
	{"coefficients", "a coefficient", true}, {"f", "f", false}, {"fa", "FA", false},
	{"weights", "a direction's weight", true}, {"prediction", "the predicted signal", true},
}

// againstEngine compares what model.fit returns, which is less than nameDIPY's criteria look at.
func (t *task) againstEngine(name string, ours *fitted, theirs arrays) []Parity {
	var parity []Parity
	for _, result := range engineResults {
		found, here := theirs[result.name]
		if !here {
			continue
		}
		worst, criterion := 0.0, "largest difference of "+result.words
		for i := range t.voxels {
			got, want := t.engineResult(result.name, ours, i, found.columns), found.row(i)
			if result.relative {
				worst = max(worst, relativeToLargest(got, want))
			} else {
				worst = max(worst, math.Abs(got[0]-want[0]))
			}
		}
		if result.relative {
			criterion += " / the voxel's largest"
		}
		parity = append(parity, Parity{name, criterion, worst, 0})
	}
	return parity
}

// engineResult is our value of what an engine returned for a voxel.
func (t *task) engineResult(name string, ours *fitted, voxel, columns int) []float64 {
	row := ours.row(voxel)
	switch name {
	case "f":
		return row[7:8]
	case "fa":
		return []float64{float64(ours.maps["fa"][voxel])}
	case "prediction":
		predicted := make([]float64, columns)
		t.fitted.(*model.MSMT).Predict(predicted, row)
		return predicted
	}
	return row[:columns]
}

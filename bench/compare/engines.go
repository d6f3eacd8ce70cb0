package compare

import (
	"context"
	"math"
	"slices"

	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/bench/textbook"
	"github.com/voxfit/voxfit/model"
)

// A pythonEngine is one of python.Engines. All of them share a process.
type pythonEngine struct {
	name   string
	folder string // of the acquisition
	bench  *python.Bench
}

// endRay stops Ray if an engine may have started it. The next run on Ray starts it again.
func (r *runner) endRay() {
	if r.bench == nil {
		return
	}
	if err := r.bench.EndRay(); err != nil {
		r.report.note("Ray could not be ended, and may have had a part of the core: %v", err)
	}
}

// Engines lists the engines that may be added: package textbook, and those of python.Engines.
func Engines() []string { return append([]string{nameTextbook}, python.Engines...) }

// startEngines starts the engines that were asked for, on the pinned thread. Engines in Python share one process.
// With an error, these engines are missing.
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

// once is false for lines that are the same fit as another line, for an engine that does not have voxfit's choice of
// precisions.
func (v variant) once() bool { return v.name != "csdm mixed" && v.name != "sfm scipy" }

// hasEngines says whether the engines in Python fit a line of the table. They fit each model of DIPY once.
func (v variant) hasEngines() bool { return v.dipy != nil && v.once() }

// run fits with one worker and so in one chunk.
func (e *pythonEngine) run(t *task, results bool) (python.Measured, error) {
	return e.bench.Measure(python.Run{Engine: e.name, Model: t.engineModel(), Voxels: t.voxels, Chunks: 1, CPUs: 1, Results: results})
}

// engineModel is the process's name for the model.
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

// engineResults are the arrays by which fits are compared, with their names in sentences, and whether differences
// are relative to the voxel's largest value.
var engineResults = []struct {
	name, words string
	relative    bool
}{
	{"coefficients", "a coefficient", true}, {"f", "f", false}, {"fa", "FA", false},
	{"weights", "a direction's weight", true}, {"prediction", "the predicted signal", true},
}

// againstEngine compares the results of model.fit. They are fewer than those that DIPY's own column is compared by.
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

// engineResult is voxfit's value of a voxel for an array that an engine returned.
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

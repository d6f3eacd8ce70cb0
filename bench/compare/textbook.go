package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/voxfit/voxfit/bench/textbook"
	"github.com/voxfit/voxfit/model"
)

// nameTextbook is the engine of package textbook.
const nameTextbook = "textbook"

// textbookEngine fits by package textbook, in this process.
type textbookEngine struct {
	fitters map[*task]textbook.Fitter
}

func (e *textbookEngine) describe() Engine {
	return Engine{Name: nameTextbook, Version: "on gonum " + gonumVersion()}
}

// gonumVersion is the version of gonum that this program was built with.
func gonumVersion() string {
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if module.Path == "gonum.org/v1/gonum" {
				return module.Version
			}
		}
	}
	return "of unknown version"
}

func (e *textbookEngine) prepare(_ context.Context, t *task, ours *fitted) (string, []Parity, error) {
	if !t.once() {
		return "", nil, errNoModel
	}
	fitter, err := textbook.New(t.fitted)
	if errors.Is(err, textbook.ErrNoModel) {
		err = errNoModel
	}
	if err != nil {
		return "", nil, err
	}
	theirs, err := fitAll(fitter, t)
	if err != nil {
		return "", nil, err
	}
	e.fitters[t] = fitter
	return strings.TrimPrefix(fmt.Sprintf("%T.Fit", fitter), "*"), t.againstTextbook(ours, theirs), nil
}

// fitAll fits the voxels one after another.
func fitAll(fitter textbook.Fitter, t *task) (array, error) {
	found := array{fitter.Parameters(), make([]float64, t.voxels*fitter.Parameters())}
	for i := range t.voxels {
		if err := fitter.Fit(found.row(i), t.voxel(i)); err != nil {
			return found, fmt.Errorf("voxel %d: %w", i, err)
		}
	}
	return found, nil
}

// againstTextbook compares coefficients, or the objectives of free water. theirs are the first of voxfit's
// parameters.
func (t *task) againstTextbook(ours *fitted, theirs array) []Parity {
	worst := 0.0
	m, freeWater := t.fitted.(*model.FreeWater)
	for i := range t.voxels {
		if freeWater {
			want := m.SumOfSquares(ours.row(i), t.voxel(i))
			worst = max(worst, math.Abs(m.SumOfSquares(theirs.row(i), t.voxel(i))/want-1))
		} else {
			worst = max(worst, relativeToLargest(ours.row(i)[:theirs.columns], theirs.row(i)))
		}
	}
	if freeWater {
		return []Parity{{nameTextbook, "largest difference of the sum of squares, relative", worst, 0}}
	}
	return []Parity{{nameTextbook, "largest difference of a coefficient / the voxel's largest", worst, 0}}
}

// time fits on one thread, but not on the pinned one. gonum/optimize passes each evaluation between goroutines. With
// a goroutine that is bound to a thread, this needs a switch of threads, which takes three times as long as the fit
// itself.
func (e *textbookEngine) time(_ context.Context, t *task) (float64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var seconds float64
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		seconds = t.secondsAVoxel(func() {
			if _, failed := fitAll(e.fitters[t], t); failed != nil {
				err = failed
			}
		})
	}()
	<-done
	return seconds, err
}

func (e *textbookEngine) close() {}

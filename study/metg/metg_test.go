package metg

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// costing is an opponent that takes so many seconds of a worker for each task besides its work, in three rounds whose
// speeds differ.
func costing(cost float64, iterations ...uint64) Opponent {
	const workers, tasks = 4, 1000
	o := Opponent{Name: "synthetic"}
	for round := 1; round <= 3; round++ {
		iteration := 1e-9 * float64(round)
		for _, n := range iterations {
			work := float64(n) * iteration
			o.Measured = append(o.Measured, Measurement{Round: round, Tasks: tasks, Iterations: n, Alone: max(work, iteration), Seconds: tasks * (work + cost) / workers})
		}
	}
	return o
}

// Where a task costs the same at every length, half of the time is work when a task is as long as its cost.
func TestTheMETGOfAConstantCostIsThatCost(t *testing.T) {
	o := costing(1e-6, 0, 64, 128, 256, 512, 1024, 2048, 4096)
	got := o.METG(4, 0.5)
	if got.Below || got.Above || math.Abs(got.Median-1e-6) > 0.02e-6 || math.Abs(got.High-got.Low) > 0.02e-6 {
		t.Errorf("METG(50%%) is %+v, want 1 us", got)
	}
	if got := o.METG(4, 0.8); math.Abs(got.Median-4e-6) > 0.1e-6 {
		t.Errorf("METG(80%%) is %+v, want 4 us: four times the cost", got)
	}
	if got := o.EmptyTask(4); math.Abs(got.Median-1e-6) > 1e-12 || got.N != 3 {
		t.Errorf("an empty task costs %+v, want 1 us", got)
	}
	for _, p := range o.Curve(4) {
		if math.Abs(p.Cost.Median-1e-6) > 1e-12 || p.Iterations == 0 {
			t.Errorf("a point of the curve is %+v, want a cost of 1 us", p)
		}
	}
}

// A loop that something disturbed seems to take longer for a task than workers do. They show that it takes less.
func TestNoEfficiencyIsAboveOne(t *testing.T) {
	m := Measurement{Round: 1, Tasks: 1000, Iterations: 4, Alone: 6e-9, Seconds: 1000 * 4e-9 / 2}
	if got := m.Efficiency(2); got != 1 {
		t.Errorf("efficiency %g, want 1", got)
	}
	if task, cost := m.Task(2), m.Cost(2); math.Abs(task-4e-9) > 1e-18 || cost != 0 {
		t.Errorf("a task takes %g s and costs %g s more, want 4 ns and nothing", task, cost)
	}
}

func TestAMETGOutsideOfWhatWasMeasuredIsABound(t *testing.T) {
	if got := costing(1e-9, 64, 128).METG(4, 0.5); !got.Below || got.Above || got.Median != 128e-9 {
		t.Errorf("efficient everywhere: %+v, want below the shortest task", got)
	}
	if got := costing(1, 64, 128).METG(4, 0.5); !got.Above || got.Below || got.Median != 256e-9 {
		t.Errorf("efficient nowhere: %+v, want above the longest task", got)
	}
}

// A curve that a disturbance pulls below the share once more crosses it for good only behind that.
func TestTheMETGIsWhereTheEfficiencyStaysAboveTheShare(t *testing.T) {
	points := []crossingPoint{{4e-6, 0.7}, {1e-6, 0.6}, {2e-6, 0.4}, {8e-6, 0.9}}
	got, outside := crossing(points, 0.5)
	if want := 2e-6 * math.Pow(2, 1./3); outside != 0 || math.Abs(got-want) > 1e-12 {
		t.Errorf("crossing at %g (%d), want %g", got, outside, want)
	}
}

func TestTheIntervalOfAMedianHoldsItAt95Percent(t *testing.T) {
	for _, c := range []struct {
		n, low, high int // ranks, from 1
	}{
		{1, 1, 1}, {3, 1, 3}, {5, 1, 5}, {6, 1, 6}, {8, 1, 8}, {9, 2, 8}, {12, 3, 10}, {20, 6, 15}, // tables of the sign test
	} {
		values := make([]float64, c.n)
		for i := range values {
			values[i] = float64(c.n - i)
		}
		got := SpreadOf(values)
		if got.Low != float64(c.low) || got.High != float64(c.high) || got.Median != float64(c.n+1)/2 {
			t.Errorf("of %d values: %+v, want the ranks %d and %d", c.n, got, c.low, c.high)
		}
	}
	if got := SpreadOf(nil); got.N != 0 || !math.IsNaN(got.Median) {
		t.Errorf("of no values: %+v", got)
	}
}

func TestAStealIsTheMedianOfTheRoundsMedians(t *testing.T) {
	o := Opponent{Steals: []Steals{{1, []float64{1, 2, 90}}, {2, []float64{4, 4}}, {3, nil}, {4, []float64{3}}}}
	if got := o.Steal(); got.Median != 3 || got.Low != 2 || got.High != 4 || got.N != 3 {
		t.Errorf("%+v, want 3 (2 to 4) of three rounds", got)
	}
}

func TestAStudyIsReadAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metg.json")
	s := Study{Host: "here", CPUs: []int{0, 1}, Rounds: 3, Made: time.Unix(1, 0).UTC(), Opponents: []Opponent{costing(1e-6, 0, 64), {Name: "other", Missing: "not built"}}}
	if err := s.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("read %+v (%v), wrote %+v", got, err, s)
	}
	if o, found := got.Found("other"); !found || o.Missing != "not built" {
		t.Errorf("found %v %+v", found, o)
	}
}

func TestFilesThatAreNoStudiesAreRefused(t *testing.T) {
	for want, text := range map[string]string{
		"no JSON":          "engine,time\n",
		"found the kind":   `{"kind": "cats"}`,
		"names no CPUs":    `{"kind": "` + Kind + `"}`,
		"measure again":    `{"kind": "` + Kind + `", "cpus": [0], "opponents": [{"name": "a", "measured": [{"tasks": 1, "seconds": 1, "iteration_s": 1e-9}]}]}`,
		"more than 0":      `{"kind": "` + Kind + `", "cpus": [0], "opponents": [{"name": "a", "measured": [{"tasks": 1}]}]}`,
		"kbench metg":      `[]`,
		"expected a file ": ``,
	} {
		path := filepath.Join(t.TempDir(), "metg.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one that says %q", text, err, want)
		}
	}
}

// A program that takes two of four CPUs leaves others half of their efficiency, however long tasks are.
func TestABusyMachineIsSeenFromTheLongestTasks(t *testing.T) {
	calm, busy := costing(1e-6, 0, 512, 1024, 16384), costing(1e-6, 0, 512, 1024, 16384)
	for i := range busy.Measured {
		busy.Measured[i].Seconds *= 2
	}
	for _, c := range []struct {
		opponents []Opponent
		want      bool
	}{{nil, false}, {[]Opponent{calm, calm, busy}, false}, {[]Opponent{busy, calm, busy, {Name: "missing"}}, true}} {
		if best, got := (Study{CPUs: make([]int, 4), Opponents: c.opponents}).Disturbed(); got != c.want {
			t.Errorf("%d opponents: disturbed %v with %.2f, want %v", len(c.opponents), got, best, c.want)
		}
	}
}

package metg

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study/metg"
)

func TestTheSumOfAllResultsIsKnownBeforehand(t *testing.T) {
	for _, tasks := range []int{1, 2, 7, 100} {
		for _, iterations := range []uint64{0, 1, 2, 63, 1000} {
			sum := uint64(0)
			for task := range uint64(tasks) {
				sum += work(task, iterations)
			}
			if got := Sum(tasks, iterations); got != sum {
				t.Errorf("%d tasks of %d iterations: %d, want %d", tasks, iterations, got, sum)
			}
		}
	}
}

// cpus are one or two CPUs.
func cpus(t *testing.T) []int {
	t.Helper()
	allowed, err := numa.Allowed()
	if err != nil {
		t.Skip(err)
	}
	return allowed[:min(2, len(allowed))]
}

// missing skips the test of an opponent that is not installed, or fails it if VOXFIT_REQUIRE names what it needs.
func missing(t *testing.T, o opponent, reason error) {
	t.Helper()
	needs := map[string]string{"ray": "dipy", "joblib": "dipy", "dask": "dipy"}
	if need := needs[o.name]; need != "" && slices.Contains(strings.Split(os.Getenv("VOXFIT_REQUIRE"), ","), need) {
		t.Fatal(reason)
	}
	t.Skipf("skipped: %s: %v", o.name, reason)
}

// Each task adds its result to the sum, so that the sum is wrong if a task is lost or done twice.
func TestEachOpponentDoesEachTaskOnce(t *testing.T) {
	peer.Slow(t)
	r := runner{Options: Options{CPUs: cpus(t), Cache: t.TempDir()}, built: map[string]built{}}
	for _, o := range opponents {
		t.Run(o.name, func(t *testing.T) {
			if (o.program == rayon || o.name == "ray" || o.name == "dask-distributed") && !long.Asked() {
				t.Skipf("skipped: %s takes seconds to build or to start: make test-long has it", o.name)
			}
			s, err := r.start(context.Background(), o)
			if err != nil {
				missing(t, o, err)
			}
			defer s.close()
			for _, run := range []struct {
				tasks      int
				iterations uint64
			}{{1, 0}, {2, 3}, {1001, 10}, {300, 1000}} {
				if _, err := checked(s, o, run.tasks, run.iterations); err != nil {
					t.Error(err)
				}
			}
			if s.version() == "" {
				t.Error("it does not say its version")
			}
			if !o.steals {
				return
			}
			tasks, err := s.tasks(stealTasks, stealIterations)
			if err != nil || len(tasks) != stealTasks {
				t.Fatalf("%d tasks (%v), want %d", len(tasks), err, stealTasks)
			}
			for i, task := range tasks {
				if task.end() < task.begin() || task.begin() <= 0 || task.worker() < 0 || task.worker() >= len(r.CPUs) {
					t.Fatalf("task %d: %v", i, task)
				}
			}
		})
	}
}

// A lying scheduler loses a task, or does one twice.
type lying struct{ off uint64 }

func (l lying) measure(tasks int, iterations uint64) (answer, error) {
	return answer{1, Sum(tasks, iterations) + l.off, 1e-9}, nil
}
func (lying) tasks(int, uint64) ([]taskRecord, error) { return nil, errors.New("none") }
func (lying) version() string                         { return "1" }
func (lying) close()                                  {}

func TestALostTaskEndsTheMeasurement(t *testing.T) {
	o := opponent{name: "lying"}
	if _, err := checked(lying{}, o, 10, 10); err != nil {
		t.Error(err)
	}
	if _, err := checked(lying{1}, o, 10, 10); err == nil || !strings.Contains(err.Error(), "lying: 10 tasks of 10 iterations gave the sum") {
		t.Errorf("error %v", err)
	}
}

func TestAWaitForAStealIsThatBeforeATaskWhichDoesNotFollow(t *testing.T) {
	tasks := []taskRecord{
		{0, 1, 2}, {0, 2, 3}, {1, 8, 9}, {1, 10, 11}, // worker 1 took these two from worker 0
		{1, 1, 4}, {1, 4, 5},
	}
	if got := waitsForSteals(tasks); !slices.Equal(got, []float64{3}) {
		t.Errorf("waits %v, want 3 s, from the end of task 5 to the beginning of task 2", got)
	}
}

func TestAShortStudyHasACurveOfEachSchedulerOfGo(t *testing.T) {
	if testing.Short() {
		t.Skip("timing takes a second")
	}
	names := []string{"voxfit", "voxfit-elastic", "channel", "errgroup"}
	turns := 0
	on := cpus(t)
	found, err := Run(context.Background(), Options{Opponents: names, CPUs: on, Rounds: 3, Point: time.Millisecond,
		Progress: func(int, int, string) { turns++ }})
	if err != nil {
		t.Fatal(err)
	}
	if turns != 4*len(names) {
		t.Errorf("%d turns, want %d", turns, 4*len(names))
	}
	for _, o := range found {
		curve, got := o.Curve(len(on)), o.METG(len(on), 0.5)
		if len(curve) < 4 || got.N != 3 || !(got.Median > 0) || o.EmptyTask(len(on)).N != 3 {
			t.Errorf("%s: %d lengths, METG %+v", o.Name, len(curve), got)
		}
		for _, p := range curve {
			if p.Efficiency.High > 1 { // no scheduler makes work shorter
				t.Errorf("%s: tasks of %g s have an efficiency of %+v", o.Name, p.Task, p.Efficiency)
			}
		}
		if o.Name == "voxfit" && len(on) > 1 && !(o.Steal().N == 3 && o.Steal().Median > 0) {
			t.Errorf("a steal takes %+v", o.Steal())
		}
	}
}

func TestAnOpponentThatCannotBeBuiltIsNamedWithTheReason(t *testing.T) {
	t.Setenv("CXX", "no-such-compiler")
	found, err := Run(context.Background(), Options{Opponents: []string{"tbb"}, CPUs: cpus(t), Rounds: 1, Cache: t.TempDir()})
	want := metg.Opponent{Name: "tbb"}
	if err != nil || len(found) != 1 || found[0].Name != want.Name || !strings.Contains(found[0].Missing, "there is no no-such-compiler") || !strings.Contains(found[0].Missing, "libtbb-dev") {
		t.Errorf("%+v (%v)", found, err)
	}
	if _, err := Run(context.Background(), Options{Opponents: []string{"cats"}, CPUs: []int{0}}); err == nil || !strings.Contains(err.Error(), `"cats"`) {
		t.Errorf("error %v", err)
	}
}

func TestAProgramIsBuiltOnce(t *testing.T) {
	cache := t.TempDir()
	first, err := build(context.Background(), cache, recipes[openMP])
	if err != nil {
		t.Skipf("skipped: openmp: %v", err)
	}
	before, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	again, err := build(context.Background(), cache, recipes[openMP])
	after, _ := os.Stat(again)
	if err != nil || again != first || !os.SameFile(before, after) {
		t.Errorf("built %s, then %s (%v)", first, again, err)
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "partial-*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestABudgetEndsAStudyAfterARound(t *testing.T) {
	found, err := Run(context.Background(), Options{Opponents: []string{"channel"}, CPUs: cpus(t), Rounds: 100, Point: time.Millisecond, Budget: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if rounds := (metg.Study{Opponents: found}).RoundsKept(); rounds != 1 {
		t.Errorf("%d rounds were kept, want the first alone", rounds)
	}
}

// The first is measured whatever the budget is.
func TestABudgetLeavesOutWhatItIsTooShortFor(t *testing.T) {
	names := []string{"channel", "errgroup", "voxfit", "rayon"}
	cache := t.TempDir()
	found, err := Run(context.Background(), Options{Opponents: names, CPUs: cpus(t), Rounds: 100, Point: time.Millisecond, Budget: 2 * time.Millisecond, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range found {
		switch {
		case i == 0 && (o.Missing != "" || len(o.Measured) == 0):
			t.Errorf("the first, %s, is missing: %s", o.Name, o.Missing)
		case i > 0 && (!strings.Contains(o.Missing, "left out: the budget of 2ms") || len(o.Measured) > 0 || len(o.Steals) > 0):
			t.Errorf("%s has %d measurements and is missing because %q", o.Name, len(o.Measured), o.Missing)
		}
	}
	if rounds := (metg.Study{Opponents: found}).RoundsKept(); rounds != 1 {
		t.Errorf("%d rounds were kept, want the first alone", rounds)
	}
	if built, _ := os.ReadDir(cache); len(built) > 0 {
		t.Errorf("%s was built for an opponent that was left out", built[0].Name())
	}
}

func TestAStoppedStudyEndsSoon(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Run(ctx, Options{Opponents: []string{"channel", "voxfit"}, CPUs: cpus(t), Rounds: 100, Point: time.Millisecond,
		Progress: func(done, _ int, _ string) {
			if done == 3 {
				cancel()
			}
		}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

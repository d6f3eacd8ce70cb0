package metg

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/voxfit/voxfit/study/metg"
)

// Options say what to measure.
type Options struct {
	Opponents []string // names; nil means all
	CPUs      []int    // one worker on each, in this order
	Rounds    int      // how many rounds are kept
	Python    string   // empty means the likeliest one
	Cache     string   // the folder for programs that are built; empty means the user's cache
	// Point is about how long one run of tasks takes, for opponents in Go, C, C++ and Rust. For those in Python it
	// is five times as long.
	Point time.Duration
	// Budget is the time within which the last round is to end, unless it is 0. No round begins that would take longer,
	// but the one in which opponents are explored and the first that is kept. If these alone would take longer,
	// opponents are left out, from the last one on, and Missing says so. The first is never left out.
	Budget time.Duration
	// Progress is called before each turn of an opponent, unless it is nil.
	Progress func(done, turns int, name string)
}

// Point is the usual length of a run of tasks.
const Point = 20 * time.Millisecond

type runner struct {
	Options
	built map[string]built
	found map[string]guess
	begin time.Time
}

// A guess is what the first round has found about an opponent: the iterations at which its efficiency is about a
// half, and the seconds of a worker that such a task takes besides its work.
type guess struct {
	iterations uint64
	cost       float64
}

// Run measures the opponents in turn and returns the study's Opponents. For an opponent that cannot be measured,
// Missing says why.
func Run(ctx context.Context, o Options) ([]metg.Opponent, error) {
	r := runner{Options: o, built: map[string]built{}, found: map[string]guess{}, begin: time.Now()}
	if r.Cache == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		r.Cache = filepath.Join(cache, "voxfit")
	}
	if len(r.Opponents) == 0 {
		r.Opponents = Names()
	}
	var all []metg.Opponent
	var chosen []opponent
	for _, name := range r.Opponents {
		o, known := find(name)
		if !known {
			return nil, fmt.Errorf("found no opponent %q, expected some of %v", name, Names())
		}
		chosen = append(chosen, o)
		all = append(all, metg.Opponent{Name: o.name, What: o.what})
	}
	turns := (r.Rounds + 1) * len(chosen)
	for round := range r.Rounds + 1 {
		spent := time.Since(r.begin)
		if each := spent / time.Duration(max(1, round)); r.Budget > 0 && round > 1 && spent+each > r.Budget {
			break
		}
		for k := range chosen {
			i := (k + round) % len(chosen)
			if r.Progress != nil {
				r.Progress(round*len(chosen)+k, turns, chosen[i].name)
			}
			if all[i].Missing != "" {
				continue
			}
			if err := r.turnInTime(ctx, round, i, chosen[i], &all[i]); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// turnInTime is the turn of an opponent, number i of all. It leaves the opponent out if the budget is too
// short for it.
func (r *runner) turnInTime(ctx context.Context, round, i int, o opponent, to *metg.Opponent) error {
	limited, end := r.limit(ctx, round, i)
	defer end()
	err := r.turn(ctx, limited, round, o, to)
	if ctx.Err() == nil && limited.Err() != nil {
		to.Measured, to.Steals = nil, nil
		to.Missing = fmt.Sprintf("left out: the budget of %v for handing out tasks was too short for it", r.Budget.Round(time.Millisecond))
		return nil
	}
	return err
}

// limit returns a context that ends when the turn of an opponent has to be over. A first turn may begin within half of
// the budget, because the second one takes about as long, and it may go on to three quarters. Later rounds begin only
// if there is time for them, so that all of their turns are made.
func (r *runner) limit(ctx context.Context, round, opponent int) (context.Context, context.CancelFunc) {
	if r.Budget <= 0 || opponent == 0 || round > 1 {
		return context.WithCancel(ctx)
	}
	begins, ends := r.begin.Add(r.Budget/2), r.begin.Add(r.Budget*3/4)
	if round == 1 {
		begins, ends = r.begin.Add(r.Budget), r.begin.Add(r.Budget*5/4)
	}
	if time.Now().After(begins) {
		ends = begins
	}
	return context.WithDeadline(ctx, ends)
}

// rest is the pause after an opponent. Threads that it has left behind, which wait for work without sleeping, end in
// this time.
const rest = 10 * time.Millisecond

// turn starts an opponent, measures it, and ends it. When limited ends, it stops building, or measures nothing more.
// The opponent's program then ends by itself, as always, so that it can end its workers.
func (r *runner) turn(ctx, limited context.Context, round int, o opponent, to *metg.Opponent) error {
	if o.program != "" {
		_, _ = r.build(limited, o.program) // start returns the error
	}
	if limited.Err() != nil {
		return limited.Err()
	}
	s, err := r.start(ctx, o)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		to.Missing = err.Error()
		return nil
	}
	defer time.Sleep(rest)
	defer s.close()
	to.Version = s.version()
	t := turn{runner: r, ctx: limited, scheduler: s, opponent: o, round: round}
	if round == 0 {
		return t.explore()
	}
	return t.record(to)
}

// A turn is that of one opponent in one round.
type turn struct {
	*runner
	scheduler
	opponent
	ctx   context.Context
	round int
}

// measured does one run of tasks. If a task alone took longer than the workers needed for it, something has
// disturbed the measurement, and measured repeats it.
func (t turn) measured(tasks int, iterations uint64) (m metg.Measurement, err error) {
	const tries, more = 3, 1.05
	for range tries {
		if err := t.ctx.Err(); err != nil {
			return m, err
		}
		a, err := checked(t.scheduler, t.opponent, tasks, iterations)
		if t.ctx.Err() != nil {
			err = t.ctx.Err()
		}
		m = metg.Measurement{Round: t.round, Tasks: tasks, Iterations: iterations, Seconds: a.Seconds, Alone: a.Task}
		if err != nil || m.Alone <= more*m.Task(len(t.CPUs)) {
			return m, err
		}
	}
	return m, nil
}

// The bounds of the search for an efficiency of a half, in iterations of about a nanosecond. They are for opponents
// in Go, C, C++ and Rust. For those in Python the bounds are slow times as large, and runs are slowPoint times as
// long.
const (
	firstGuess      = 1 << 9
	mostIterations  = 1 << 15
	slow            = 1 << 8
	slowPoint       = 5
	leastPerWorker  = 32
	mostPerWorker   = 1 << 16
	warmUpPerWorker = 20
)

// explore finds a guess. It goes towards an efficiency of a half, by a factor of four in each step, until it has
// passed it.
func (t turn) explore() error {
	if _, err := t.measured(warmUpPerWorker*len(t.CPUs), 1); err != nil {
		return err
	}
	at, most := uint64(firstGuess), uint64(mostIterations)
	if t.program == python {
		at, most = at*slow, most*slow
	}
	cost := float64(at) * 1e-9
	for up := 0; ; {
		best, err := t.bestOfThree(at, cost)
		if err != nil {
			return err
		}
		cost = max(best.Cost(len(t.CPUs)), 1e-9)
		t.found[t.name] = guess{min(near(cost, best.Alone/float64(at)), most), cost}
		efficient := best.Efficiency(len(t.CPUs)) >= 0.5
		switch {
		case efficient && up > 0, !efficient && up < 0, efficient && at <= 4, !efficient && at >= most:
			return nil
		case efficient:
			at, up = at/4, -1
		default:
			at, up = at*4, 1
		}
	}
}

// bestOfThree is the most efficient of three runs, so that disturbances by other programs do not decide which
// lengths are measured.
func (t turn) bestOfThree(iterations uint64, cost float64) (best metg.Measurement, err error) {
	for k := range 3 {
		m, err := t.measured(t.count(iterations, cost), iterations)
		if err != nil {
			return m, err
		}
		if k == 0 || m.Efficiency(len(t.CPUs)) > best.Efficiency(len(t.CPUs)) {
			best = m
		}
	}
	return best, nil
}

// near is the power of two of iterations that takes about as long as a task costs.
func near(cost, iteration float64) uint64 {
	return 1 << uint(max(0, math.Round(math.Log2(cost/iteration))))
}

// count is how many tasks of that length one run has.
func (t turn) count(iterations uint64, cost float64) int {
	point := t.Point.Seconds()
	if t.program == python {
		point *= slowPoint
	}
	each := float64(iterations)*1e-9 + cost
	return len(t.CPUs) * int(max(leastPerWorker, min(point/each, mostPerWorker)))
}

// record measures empty tasks, tasks of eight lengths, and steals.
func (t turn) record(to *metg.Opponent) error {
	g := t.found[t.name]
	if _, err := t.measured(warmUpPerWorker*len(t.CPUs), 1); err != nil {
		return err
	}
	for _, iterations := range append([]uint64{0}, around(g.iterations)...) {
		m, err := t.measured(t.count(iterations, g.cost), iterations)
		if err != nil {
			return err
		}
		to.Measured = append(to.Measured, m)
	}
	if !t.steals || len(t.CPUs) < 2 {
		return nil
	}
	return t.recordSteals(to)
}

// around are lengths from an eighth to sixteen times a number of iterations.
func around(iterations uint64) []uint64 {
	var lengths []uint64
	for k := -3; k <= 4; k++ {
		lengths = append(lengths, uint64(max(1, math.Ldexp(float64(iterations), k))))
	}
	return slices.Compact(lengths)
}

// To measure steals, only the first half of the tasks has work. Workers that begin with the second half soon have
// none left, and steal.
const (
	stealRuns       = 10
	stealTasks      = 2048
	stealIterations = 2000
)

func (t turn) recordSteals(to *metg.Opponent) error {
	found := metg.Steals{Round: t.round}
	for range stealRuns {
		tasks, err := t.tasks(stealTasks, stealIterations)
		if err == nil {
			err = t.ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%s: steals: %w", t.name, err)
		}
		found.Waits = append(found.Waits, waitsForSteals(tasks)...)
	}
	to.Steals = append(to.Steals, found)
	return nil
}

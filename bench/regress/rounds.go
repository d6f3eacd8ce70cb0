package main

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/study"
)

// A pairing is one suite, built from both trees, and the steps that both have.
type pairing struct {
	base, tree *program
	steps      []step
}

// A race measures pairings in rounds until each step has a verdict or the budget is spent.
type race struct {
	pairings  []pairing
	sequences map[step]*sequence
	budget    time.Duration
	disturbed func(calm.Use) bool
	kept      int // rounds
	thrown    int // rounds in which other programs took the CPU
	spent     time.Duration
	// record and progress are called after each round, unless they are nil. record gets what the round measured.
	record   func(round)
	progress func(*race)
}

// A round is a run of each program. If both take turns, they run at the same time. Otherwise one runs after the
// other, the base first in one round and the tree first in the next. A round is disturbed when other programs took
// the CPU in one of its runs.
type round struct {
	base, tree sample
	inTurn     bool
	disturbed  bool
	steps      []step
}

// logRatio is the logarithm of a step's time in the tree over that in the base. For runs that took turns it is the
// median over groups of four neighbouring times: first, second, second, first. A program that has two turns in a row
// finds its data in the caches at the second, and is faster by up to a tenth. Both programs do so equally often. A
// steady change of the machine's speed during a run does not change such a ratio. For runs one after the other it is
// the ratio of the shortest times.
func (q round) logRatio(of step) float64 {
	base, tree := q.base.times[of], q.tree.times[of]
	if !q.inTurn {
		return math.Log(shortest(tree).us / shortest(base).us)
	}
	var ratios []float64
	for i := 0; i+1 < min(len(base), len(tree)); i += 2 {
		ratios = append(ratios, math.Log(tree[i].us*tree[i+1].us/(base[i].us*base[i+1].us))/2)
	}
	return study.Median(ratios)
}

// together is how many steps a round measures at most. The shorter a run is, the likelier it has the CPU for itself.
const together = 20

func newRace(pairings []pairing, budget time.Duration) *race {
	r := &race{pairings: pairings, sequences: map[step]*sequence{}, budget: budget, disturbed: calm.Use.Disturbed}
	steps := 0
	for _, p := range pairings {
		steps += len(p.steps)
	}
	for _, p := range pairings {
		for _, s := range p.steps {
			r.sequences[s] = newSequence(steps)
		}
	}
	return r
}

// run goes over all pairings in turn. A step that is decided is not measured again, so that the budget is spent on
// the others. Steps that are undecided at the end are judged once more, with all their rounds.
func (r *race) run(ctx context.Context) error {
	begin := time.Now()
	for turn := 0; ; turn++ {
		measured := false
		for _, p := range r.pairings {
			for open := range slices.Chunk(r.undecided(p), together) {
				if r.spent = time.Since(begin); r.spent >= r.budget {
					break
				}
				measured = true
				err := r.round(ctx, p, open, turn%2 == 1)
				if r.spent = time.Since(begin); err != nil {
					return err
				}
			}
		}
		if !measured {
			break
		}
	}
	for _, s := range r.sequences {
		if s.called == undecided {
			s.look()
		}
	}
	return nil
}

func (r *race) undecided(p pairing) []step {
	var open []step
	for _, s := range p.steps {
		if r.sequences[s].called == undecided {
			open = append(open, s)
		}
	}
	return open
}

func (r *race) round(ctx context.Context, p pairing, steps []step, treeFirst bool) (err error) {
	q := round{steps: steps, inTurn: p.base.takesTurns && p.tree.takesTurns}
	programs, samples := [2]*program{p.base, p.tree}, [2]*sample{&q.base, &q.tree}
	if treeFirst {
		slices.Reverse(programs[:])
		slices.Reverse(samples[:])
	}
	if q.inTurn {
		q.disturbed, err = r.bothInTurn(ctx, programs, samples, steps)
	} else {
		q.disturbed, err = r.oneByOne(ctx, programs, samples, steps)
	}
	if err == nil {
		r.take(q)
	}
	return err
}

func (r *race) bothInTurn(ctx context.Context, programs [2]*program, samples [2]*sample, steps []step) (disturbed bool, err error) {
	both, err := runInTurn(ctx, programs[0], programs[1], steps)
	*samples[0], *samples[1] = both[0], both[1]
	return err == nil && r.disturbed(both[0].use), err
}

// oneByOne leaves the second program out when the first was disturbed.
func (r *race) oneByOne(ctx context.Context, programs [2]*program, samples [2]*sample, steps []step) (disturbed bool, err error) {
	for i, p := range programs {
		if *samples[i], err = p.run(ctx, steps); err != nil {
			return false, err
		}
		if r.disturbed(samples[i].use) {
			return true, nil
		}
	}
	return false, nil
}

// take adds a round to the sequences of its steps, unless it was disturbed.
func (r *race) take(q round) {
	if q.disturbed {
		r.thrown++
	} else {
		r.kept++
		for _, s := range q.steps {
			r.sequences[s].add(q.logRatio(s))
		}
	}
	if r.record != nil {
		r.record(q)
	}
	if r.progress != nil {
		r.progress(r)
	}
}

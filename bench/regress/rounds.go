package main

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/voxfit/voxfit/bench/calm"
)

// A pairing is one suite, built from both trees, and its steps that both have.
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
	// record and progress, where they are not nil, are called after each round: record with what it measured.
	record   func(round)
	progress func(*race)
}

// A round is a run of each program, the base first in one round and the tree in the next: base, tree, tree, base, ... so that
// a machine that becomes faster or slower steadily does so for both alike. It is disturbed, and ends early, when other programs
// took the CPU in one of its runs.
type round struct {
	base, tree sample
	disturbed  bool
	steps      []step
}

// together is how many steps a round measures at most: the shorter a run is, the likelier has it the CPU for itself.
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

// run goes over all pairings in turn. A step that is decided is measured no more, so that the budget goes where it is
// still wanted. Steps undecided at the end are looked at once more, with all their rounds.
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
	q := round{steps: steps}
	order := []*program{p.base, p.tree}
	if treeFirst {
		slices.Reverse(order)
	}
	for _, program := range order {
		to := &q.base
		if program == p.tree {
			to = &q.tree
		}
		if *to, err = program.run(ctx, steps); err != nil {
			return err
		}
		if q.disturbed = r.disturbed(to.use); q.disturbed {
			break
		}
	}
	r.take(q)
	return nil
}

// take gives a round to the sequences of its steps.
func (r *race) take(q round) {
	if q.disturbed {
		r.thrown++
	} else {
		r.kept++
		for _, s := range q.steps {
			r.sequences[s].add(math.Log(q.tree.times[s].us / q.base.times[s].us))
		}
	}
	if r.record != nil {
		r.record(q)
	}
	if r.progress != nil {
		r.progress(r)
	}
}

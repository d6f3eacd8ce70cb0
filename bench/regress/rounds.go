package main

import (
	"context"
	"math"
	"slices"
	"time"
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
	kept      int // rounds
	thrown    int // rounds in which other programs took the CPU
	spent     time.Duration
	// record and progress, where they are not nil, are called after each round: record with what it measured.
	record   func(round)
	progress func(*race)
}

// A round is four runs, base, tree, tree, base, or tree, base, base, tree: a machine that becomes faster or slower
// steadily does so for both alike. It ends early, disturbed, when other programs took the CPU in one of its runs.
type round struct {
	base, tree [2]sample
	disturbed  bool
	steps      []step
}

// together is how many steps a round measures at most: the shorter a run is, the likelier has it the CPU for itself.
const together = 20

func newRace(pairings []pairing, budget time.Duration) *race {
	r := &race{pairings: pairings, sequences: map[step]*sequence{}, budget: budget}
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

func (r *race) round(ctx context.Context, p pairing, steps []step, treeFirst bool) error {
	q := round{steps: steps}
	order := []*program{p.base, p.tree, p.tree, p.base}
	if treeFirst {
		order = []*program{p.tree, p.base, p.base, p.tree}
	}
	for i, program := range order {
		found, err := program.run(ctx, steps)
		if err != nil {
			return err
		}
		if program == p.base {
			q.base[i/2] = found
		} else {
			q.tree[i/2] = found
		}
		if q.disturbed = found.use.Disturbed(); q.disturbed {
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

// logRatio is the logarithm of a step's time in the tree over its time in the base.
func (q round) logRatio(s step) float64 {
	return logRatio([2]float64{q.base[0].times[s].us, q.base[1].times[s].us}, [2]float64{q.tree[0].times[s].us, q.tree[1].times[s].us})
}

func logRatio(base, tree [2]float64) float64 {
	return (math.Log(tree[0]) + math.Log(tree[1]) - math.Log(base[0]) - math.Log(base[1])) / 2
}

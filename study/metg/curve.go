package metg

import (
	"cmp"
	"math"
	"slices"

	"github.com/voxfit/voxfit/study"
)

// A Point is the efficiency of tasks of one length.
type Point struct {
	Iterations uint64
	Task       float64 // seconds of the work of one, the median of the rounds
	Efficiency Spread
	Cost       Spread // seconds of a worker that a task took besides its work
}

// Curve is an opponent's efficiency by the length of its tasks, shortest first. Empty tasks have none.
func (o Opponent) Curve(workers int) []Point {
	var points []Point
	for _, iterations := range o.lengths() {
		if iterations == 0 {
			continue
		}
		var tasks, efficiencies, costs []float64
		for _, m := range o.Measured {
			if m.Iterations == iterations {
				tasks = append(tasks, m.Task(workers))
				efficiencies = append(efficiencies, m.Efficiency(workers))
				costs = append(costs, m.Cost(workers))
			}
		}
		points = append(points, Point{iterations, study.Median(tasks), SpreadOf(efficiencies), SpreadOf(costs)})
	}
	return points
}

// Best is the highest efficiency of the curve: near 1 at the longest tasks, unless other programs took the CPUs. It is never
// above 1: see [Measurement.Task].
func (o Opponent) Best(workers int) float64 {
	best := 0.0
	for _, p := range o.Curve(workers) {
		best = max(best, p.Efficiency.Median)
	}
	return best
}

// Calm is the efficiency that long tasks reach, by most schedulers, where no other program takes the CPUs.
const Calm = 0.85

// Disturbed says that other programs took the CPUs: half of the schedulers did not reach Calm at any length, although
// tasks were up to sixteen times as long as what they cost. Costs and METGs are then those of a busy machine. best is what
// the schedulers reached, the median.
func (s Study) Disturbed() (best float64, disturbed bool) {
	var all []float64
	for _, o := range s.Opponents {
		if len(o.Measured) > 0 {
			all = append(all, o.Best(s.Workers()))
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	best = study.Median(all)
	return best, best < Calm
}

// lengths are the numbers of iterations that were measured, ascending.
func (o Opponent) lengths() []uint64 {
	var lengths []uint64
	for _, m := range o.Measured {
		lengths = append(lengths, m.Iterations)
	}
	slices.Sort(lengths)
	return slices.Compact(lengths)
}

// EmptyTask is the seconds of a worker that a task without work takes.
func (o Opponent) EmptyTask(workers int) Spread {
	var costs []float64
	for _, m := range o.Measured {
		if m.Iterations == 0 {
			costs = append(costs, m.worker(workers))
		}
	}
	return SpreadOf(costs)
}

// Steal is the wait of a worker for a task that it steals, in seconds: the median over the rounds of the rounds' medians.
func (o Opponent) Steal() Spread {
	var medians []float64
	for _, s := range o.Steals {
		if len(s.Waits) > 0 {
			medians = append(medians, study.Median(s.Waits))
		}
	}
	return SpreadOf(medians)
}

// A Granularity is a METG: seconds of a task, over the rounds.
type Granularity struct {
	Spread
	// Below says that tasks were efficient enough at all lengths that were measured, in half of the rounds at least: the
	// METG is at most the Median, which is the shortest. Above says that they were at none; it is above the Median.
	Below, Above bool
}

// METG is the shortest task at which the efficiency is still the given share, round by round.
func (o Opponent) METG(workers int, share float64) Granularity {
	rounds := map[int][]crossingPoint{}
	for _, m := range o.Measured {
		if m.Iterations > 0 {
			rounds[m.Round] = append(rounds[m.Round], crossingPoint{m.Task(workers), m.Efficiency(workers)})
		}
	}
	var found []float64
	below, above := 0, 0
	for _, points := range rounds {
		task, outside := crossing(points, share)
		found = append(found, task)
		switch {
		case outside < 0:
			below++
		case outside > 0:
			above++
		}
	}
	return Granularity{SpreadOf(found), below > 0 && 2*below >= len(found), above > 0 && 2*above >= len(found)}
}

type crossingPoint struct{ task, efficiency float64 }

// crossing is the length of task from which on the efficiency is at least the share, between two points by interpolation
// over the logarithm of the length. Where it is so at all points outside is -1, and the length that of the shortest; where
// it is not so at the longest outside is 1, and the length that of the longest.
func crossing(points []crossingPoint, share float64) (task float64, outside int) {
	slices.SortFunc(points, func(a, b crossingPoint) int { return cmp.Compare(a.task, b.task) })
	last := len(points) - 1
	if points[last].efficiency < share {
		return points[last].task, 1
	}
	for i := last - 1; i >= 0; i-- {
		p, q := points[i], points[i+1]
		if p.efficiency < share {
			part := (share - p.efficiency) / (q.efficiency - p.efficiency)
			return p.task * math.Pow(q.task/p.task, part), 0
		}
	}
	return points[0].task, -1
}

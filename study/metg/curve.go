package metg

import (
	"cmp"
	"math"
	"slices"

	"github.com/voxfit/voxfit/study"
)

// A Point is what was measured of tasks of one length.
type Point struct {
	Iterations uint64
	Task       float64 // seconds of work in one task, the median of the rounds
	Efficiency Spread
	Cost       Spread // Measurement.Cost
}

// Curve returns the efficiency of a scheduler for each length of task, shortest first. Tasks without work are left out.
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

// Disturbed says whether other programs took the CPUs. That is so when half of the schedulers did not reach an
// efficiency of Calm at any length of task, although the longest tasks took sixteen times what it costs to hand one
// out. Costs and METGs are then those of a busy machine. best is the median of the highest efficiencies of the
// schedulers.
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

// lengths returns the lengths of task that were measured, in iterations, ascending.
func (o Opponent) lengths() []uint64 {
	var lengths []uint64
	for _, m := range o.Measured {
		lengths = append(lengths, m.Iterations)
	}
	slices.Sort(lengths)
	return slices.Compact(lengths)
}

// EmptyTask returns how long a task without work occupies a worker, in seconds.
func (o Opponent) EmptyTask(workers int) Spread {
	var costs []float64
	for _, m := range o.Measured {
		if m.Iterations == 0 {
			costs = append(costs, m.worker(workers))
		}
	}
	return SpreadOf(costs)
}

// Steal returns how long a worker waits for a task that it steals, in seconds: the median of each round, and of these
// the median over the rounds.
func (o Opponent) Steal() Spread {
	var medians []float64
	for _, s := range o.Steals {
		if len(s.Waits) > 0 {
			medians = append(medians, study.Median(s.Waits))
		}
	}
	return SpreadOf(medians)
}

// A Granularity is a METG over the rounds: the shortest task that is efficient enough, in seconds of work.
type Granularity struct {
	Spread
	// Below says that in half of the rounds, or more, even the shortest tasks were efficient enough. The Median is then
	// the length of the shortest tasks, and the METG may be below it. Above says that in half of the rounds, or more,
	// no tasks were: the METG is above the Median.
	Below, Above bool
}

// METG returns the shortest task at which the efficiency is still the given share, found in each round for itself.
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

// crossing returns the length of task, in seconds of work, from which on the efficiency is at least the share. Between
// two points it interpolates over the logarithm of the length. outside is -1 if all points are efficient enough, and
// task is then the shortest length. It is 1 if the longest tasks are not, and task is then their length.
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

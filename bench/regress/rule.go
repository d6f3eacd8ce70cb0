package main

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// The rule's two numbers.
const (
	// margin is the change of a step's time that is still called the same. Two builds whose steps are the same to the
	// last bit may differ by some tenths of a per cent, because the rest of the program moved them to other addresses.
	margin = 0.01
	// falseAlarms is the probability, at most, that any step of a run is called slower or faster, or the same, though
	// its change is on the other side of the margin.
	falseAlarms = 0.01
)

// A verdict is what a run says of a step.
type verdict int

const (
	undecided verdict = iota
	same
	faster
	slower
)

// An interval holds the ratio of two times, new over base, and the bounds that it lies between.
type interval struct{ ratio, low, high float64 }

// judge calls a step by its interval: slower when all of it is above the margin, faster when all is below, the same
// when all is inside.
func (i interval) judge() verdict {
	switch {
	case i.low > 1+margin:
		return slower
	case i.high < 1/(1+margin):
		return faster
	case i.low >= 1/(1+margin) && i.high <= 1+margin:
		return same
	}
	return undecided
}

// A sequence decides on one step while its rounds come in. It looks at the rounds now and then, at growing distances,
// and stops at the first look that decides.
//
// Each look has an error of its own, and they add up to falseAlarms over all looks and steps: look k of one of n steps may
// err with probability falseAlarms / n / (k (k+1)), and the sum of 1 / (k (k+1)) over all k is 1. However often a run
// looks, and however many steps it has, that bound holds.
type sequence struct {
	steps  int       // that share the error
	rounds []float64 // logarithms of the ratios
	looks  int
	next   int // how many rounds the next look waits for
	found  interval
	called verdict
}

func newSequence(steps int) *sequence {
	s := &sequence{steps: steps, found: interval{math.NaN(), 0, math.Inf(1)}}
	s.next = fewest(s.error())
	return s
}

// error is the probability with which the next look may err.
func (s *sequence) error() float64 {
	k := float64(s.looks + 1)
	return falseAlarms / float64(s.steps) / (k * (k + 1))
}

// add takes a round in, and looks when it is time to.
func (s *sequence) add(logRatio float64) {
	s.rounds = append(s.rounds, logRatio)
	if s.called == undecided && len(s.rounds) >= s.next {
		s.look()
	}
}

// look judges by the rounds so far. The last look of a run is one as all others.
func (s *sequence) look() {
	if len(s.rounds) == 0 {
		return
	}
	low, middle, high := medianInterval(s.rounds, s.error())
	s.found = interval{math.Exp(middle), math.Exp(low), math.Exp(high)}
	s.called = s.found.judge()
	s.looks++
	s.next = max(len(s.rounds)+2, len(s.rounds)*5/4, fewest(s.error()))
}

// fewest is the number of values below which no interval of their median can err with as small a probability as that: all
// of n values lie on one side of the median with probability 2^(1-n).
func fewest(err float64) int { return int(math.Ceil(1 - math.Log2(err))) }

// medianInterval is the median of values and the bootstrap interval (Efron 1979, by percentiles) that misses it with
// probability err, half of it on each side. The bootstrap draws as many values as there are, with replacement, and
// looks at their median. How that is distributed needs no drawing: the median of n drawn values is at most the i-th
// smallest of all when at least half of the draws are, and their number is binomial with n and i/n. So the
// interval is what endless resampling would give. With too few values (fewest) it is unbounded.
func medianInterval(values []float64, err float64) (low, middle, high float64) {
	n := len(values)
	sorted := slices.Sorted(slices.Values(values))
	middle = (sorted[(n-1)/2] + sorted[n/2]) / 2
	if n < fewest(err) {
		return math.Inf(-1), middle, math.Inf(1)
	}
	half := float64((n + 1) / 2) // of an even number the lower median, for the lower bound; the upper for the upper
	first, last := 1, n
	for first < last { // the smallest i with P(median <= i-th) above err/2
		i := (first + last) / 2
		draws := distuv.Binomial{N: float64(n), P: float64(i) / float64(n)}
		if 1-draws.CDF(half-1) > err/2 {
			last = i
		} else {
			first = i + 1
		}
	}
	return sorted[first-1], middle, sorted[n-first]
}

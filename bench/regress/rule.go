package main

import (
	"math"
	"slices"

	"github.com/voxfit/voxfit/study"
	"gonum.org/v1/gonum/stat/distuv"
)

// The two numbers of the rule.
const (
	// margin is the largest change of a step's time that still counts as the same. Two builds whose steps are the
	// same to the last bit may differ by some tenths of a per cent, because the rest of the program moved them to
	// other addresses.
	margin = 0.01
	// falseAlarms bounds two probabilities. One is that a run calls any of its steps slower or faster although none
	// has changed. The other is, for each step, that its verdict is wrong: slower with a change within the margin,
	// or the same with a change beyond it.
	falseAlarms = 0.01
)

// A verdict is what a run says about a step.
type verdict int

const (
	undecided verdict = iota
	same
	faster
	slower
)

// An interval has the ratio of two times, new over base, and the bounds between which it lies.
type interval struct{ ratio, low, high float64 }

// A sequence decides about one step while its rounds come in. It looks at the rounds from time to time, at growing
// distances, and stops at the first look that decides:
//
//	slower    all of the step's interval is above the margin, and all of its strict interval above no change
//	faster    all of it is below the margin, and all of the strict one below no change
//	the same  all of the step's interval is within the margin
//
// Each look has an error of its own, and the errors add up to falseAlarms: look k may err with probability
// falseAlarms / (k (k+1)), and the sum of 1 / (k (k+1)) over all k is 1. However often a run looks, that bound
// holds. The strict interval shares the error with the other steps of the run: the probability that it errs is
// divided by their number. However many steps a run has, the probability of a false alarm is at most falseAlarms.
type sequence struct {
	steps         int       // how many steps share the error of the strict interval
	rounds        []float64 // logarithms of the ratios
	looks         int
	next          int // how many rounds there must be for the next look
	found, strict interval
	called        verdict
}

func newSequence(steps int) *sequence {
	s := &sequence{steps: steps, found: interval{math.NaN(), 0, math.Inf(1)}}
	s.next = fewest(s.error())
	return s
}

// error is the probability with which the next look may err.
func (s *sequence) error() float64 {
	k := float64(s.looks + 1)
	return falseAlarms / (k * (k + 1))
}

// add adds a round, and looks when it is time to.
func (s *sequence) add(logRatio float64) {
	s.rounds = append(s.rounds, logRatio)
	if s.called == undecided && len(s.rounds) >= s.next {
		s.look()
	}
}

// look judges by the rounds so far. The last look of a run is like all others.
func (s *sequence) look() {
	if len(s.rounds) == 0 {
		return
	}
	s.found, s.strict = ratioInterval(s.rounds, s.error()), ratioInterval(s.rounds, s.error()/float64(s.steps))
	s.called = s.judge()
	s.looks++
	s.next = max(len(s.rounds)+2, len(s.rounds)*5/4, fewest(s.error()))
}

func (s *sequence) judge() verdict {
	switch {
	case s.found.low > 1+margin && s.strict.low > 1:
		return slower
	case s.found.high < 1/(1+margin) && s.strict.high < 1:
		return faster
	case s.found.low >= 1/(1+margin) && s.found.high <= 1+margin:
		return same
	}
	return undecided
}

func ratioInterval(logRatios []float64, err float64) interval {
	low, middle, high := medianInterval(logRatios, err)
	return interval{math.Exp(middle), math.Exp(low), math.Exp(high)}
}

// fewest is the least number of values with which an interval of their median can err with so small a probability.
// All of n values lie on one side of the true median with probability 2^(1-n).
func fewest(err float64) int { return int(math.Ceil(1 - math.Log2(err))) }

// medianInterval is the median of values and its calibrated bootstrap interval (Efron and Tibshirani 1993, chapters 13 and
// 18), which misses it with probability err at most, half of that on each side.
//
// The bootstrap draws as many values as there are, with replacement, and looks at their median. The distribution of
// this median is known without drawing: it is at most the i-th smallest value if at least half of the draws are, and
// the number of these draws is binomial with n and i/n. So the bounds are the i-th smallest and the i-th largest
// value, as endless resampling would give them. With few values and a small error this interval is too narrow.
// Calibration makes it as wide as it must be, and for a median this is exact: whatever the distribution of the
// values is, the i-th smallest value is above its median with the probability that fewer than i of n fair coins show
// heads. If even the smallest value is above the median too often (fewest), the interval is unbounded.
func medianInterval(values []float64, err float64) (low, middle, high float64) {
	n := len(values)
	sorted := slices.Sorted(slices.Values(values))
	middle = study.Median(sorted)
	coins := distuv.Binomial{N: float64(n), P: 0.5}
	i := bootstrapRank(n, err)
	for i > 0 && 2*coins.CDF(float64(i-1)) > err {
		i--
	}
	if i == 0 {
		return math.Inf(-1), middle, math.Inf(1)
	}
	return sorted[i-1], middle, sorted[n-i]
}

// bootstrapRank is the smallest i such that, with a probability above err/2, the median of n values drawn with
// replacement from n values is at most the i-th smallest of these.
func bootstrapRank(n int, err float64) int {
	half := float64((n + 1) / 2) // of an even number the lower of the two in the middle
	first, last := 1, n
	for first < last {
		i := (first + last) / 2
		draws := distuv.Binomial{N: float64(n), P: float64(i) / float64(n)}
		if 1-draws.CDF(half-1) > err/2 {
			last = i
		} else {
			first = i + 1
		}
	}
	return first
}

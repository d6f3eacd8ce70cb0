package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The rule is tested in two kinds of runs with the default budget of five minutes: with one step, and with all
// steps, a hundred. A program takes 0.15 s to run, and 0.01 s more for each of its steps.
const (
	budget   = 300.
	starting = 0.15
	stepping = 0.01
)

// A machine simulates the times of a step. Its state changes from run to run.
type machine struct {
	*rand.Rand
	noise         float64 // of one run, relative, normal
	process       float64 // the effect of where a program is in memory, the same until it ends, relative, normal
	drift         float64 // of the clock rate, relative, from one run to the next, always in one direction
	walk          float64 // of the clock rate, a random walk
	spikes        float64 // the share of runs that are longer, by up to a half
	burst         float64 // the probability that a burst of runs begins that are longer by up to a third; it ends with half of it
	correlation   float64 // of noise from one run to the next
	clock, before float64
	bursting      bool
}

// run is the time of the next run of a program. time is what it would take on a machine without noise.
func (m *machine) run(time float64) float64 {
	m.clock += m.drift + m.walk*m.NormFloat64()
	m.before = m.correlation*m.before + math.Sqrt(1-m.correlation*m.correlation)*m.NormFloat64()
	log := m.clock + m.noise*m.before + m.process*m.NormFloat64()
	if m.Float64() < m.spikes {
		log += 0.5 * m.Float64()
	}
	if m.bursting {
		m.bursting = m.Float64() < 0.5
		log += 0.3 * m.Float64()
	} else {
		m.bursting = m.Float64() < m.burst
	}
	return time * math.Exp(log)
}

// round is the logarithm of the ratio of one round, whose runs are ordered as in race.round.
func (m *machine) round(effect float64, treeFirst bool) float64 {
	var base, tree float64
	if treeFirst {
		tree = m.run(1 + effect)
	}
	base = m.run(1)
	if !treeFirst {
		tree = m.run(1 + effect)
	}
	return math.Log(tree / base)
}

// machines are the simulated machines: one without disturbances, machines with one kind each, and one with all
// kinds.
var machines = []struct {
	name string
	machine
}{
	{"calm", machine{noise: 0.003}},
	{"noisy", machine{noise: 0.008, process: 0.003}},
	{"drifting", machine{noise: 0.004, drift: 2e-4, walk: 0.002}},
	{"spikes", machine{noise: 0.004, spikes: 0.15}},
	{"bursts", machine{noise: 0.004, burst: 0.05}},
	{"correlated", machine{noise: 0.008, correlation: 0.9}},
	{"all of it", machine{noise: 0.006, process: 0.003, drift: 1e-4, walk: 0.001, spikes: 0.05, burst: 0.02, correlation: 0.5}},
}

// procedure simulates a whole run of make bench, with a step for each source of rounds. It makes rounds of the
// undecided steps until the budget is spent, and then takes a last look. It returns the verdict on each step.
func procedure(sources []func(round int) float64) []verdict {
	sequences := make([]*sequence, len(sources))
	for i := range sequences {
		sequences[i] = newSequence(len(sources))
	}
	spent := 0.
	for round, open := 0, 1; open > 0 && spent < budget; round++ {
		open = 0
		for i, s := range sequences {
			if s.called == undecided {
				s.add(sources[i](round))
				open++
			}
		}
		spent += 2 * (starting*float64((open+together-1)/together) + stepping*float64(open))
	}
	var called []verdict
	for _, s := range sequences {
		if s.called == undecided {
			s.look()
		}
		called = append(called, s.called)
	}
	return called
}

func count(all []verdict, wanted ...verdict) int {
	n := 0
	for _, v := range all {
		if slices.Contains(wanted, v) {
			n++
		}
	}
	return n
}

// simulated makes the sources for a run on a machine. The first steps have changed by effect, and the others have
// not.
func simulated(of machine, effect float64, changed, steps int, seed uint64) []func(int) float64 {
	sources := make([]func(int) float64, steps)
	for i := range sources {
		m, change := of, 0.
		if i < changed {
			change = effect
		}
		m.Rand = rand.New(rand.NewPCG(seed, uint64(i)))
		sources[i] = func(round int) float64 { return m.round(change, round%2 == 1) }
	}
	return sources
}

// sizes are runs with different numbers of steps: how many runs are simulated, and how many steps of each have
// changed, if any have.
var sizes = []struct{ steps, times, changed int }{{1, 200, 1}, {100, 10, 20}}

func TestNoChangeIsCalledSlowerOrFasterInAtMostOnePerCentOfRuns(t *testing.T) {
	for _, size := range sizes {
		for _, m := range machines {
			alarms, called := 0, 0
			for p := range size.times {
				found := procedure(simulated(m.machine, 0, 0, size.steps, uint64(p)))
				if count(found, slower, faster) > 0 {
					alarms++
				}
				called += count(found, same)
			}
			t.Logf("%s, steps %d: an alarm in %d of %d runs; %.1f%% of steps called the same", m.name, size.steps, alarms,
				size.times, 100*float64(called)/float64(size.times*size.steps))
			if alarms > size.times/100 {
				t.Errorf("%s, steps %d: an alarm in %d of %d runs without a change", m.name, size.steps, alarms, size.times)
			}
		}
	}
}

func TestTwoPerCentAreFoundNinetyFiveTimesInAHundred(t *testing.T) {
	for _, size := range sizes {
		for _, m := range machines {
			for effect, wanted := range map[float64]verdict{0.02: slower, 1/1.02 - 1: faster} {
				right, of := 0, size.times*size.changed
				for p := range size.times {
					found := procedure(simulated(m.machine, effect, size.changed, size.steps, uint64(p)))
					right += count(found[:size.changed], wanted)
				}
				t.Logf("%s, steps %d, %+.1f%%: found %d times of %d", m.name, size.steps, 100*effect, right, of)
				if right < of*95/100 {
					t.Errorf("%s, steps %d: a change of %+.1f%% was found %d times of %d", m.name, size.steps, 100*effect, right, of)
				}
			}
		}
	}
}

// A change of 1% is on the margin. It may be called the same or stay undecided, but an alarm is an error.
func TestAChangeOfTheMarginIsHardlyEverCalledSlower(t *testing.T) {
	const times = 60 // on each machine
	var all []verdict
	for _, m := range machines {
		for p := range times {
			all = append(all, procedure(simulated(m.machine, margin, 1, 1, uint64(p)))...)
		}
	}
	t.Logf("slower %d, faster %d, the same %d of %d", count(all, slower), count(all, faster), count(all, same), len(all))
	if count(all, slower) > len(all)/100 || count(all, faster) > 0 {
		t.Errorf("a change of 1%% is called slower %d times of %d, faster %d times", count(all, slower), len(all), count(all, faster))
	}
}

// Stopping at the first look that decides makes false alarms. With an error of 1% at every look, and no margin, many
// more than 1% of procedures would give one. The test shows that the simulation would notice this.
func TestLooksWithoutAShareOfTheErrorWouldGiveFalseAlarms(t *testing.T) {
	alarms := 0
	for p := range 200 {
		next := simulated(machines[0].machine, 0, 0, 1, uint64(p))[0]
		var rounds []float64
		for i := range 400 {
			rounds = append(rounds, next(i))
			if i%4 != 3 || i < 8 {
				continue
			}
			if low, _, high := medianInterval(rounds, 0.01); low > 0 || high < 0 {
				alarms++
				break
			}
		}
	}
	if alarms < 10 {
		t.Errorf("%d alarms in 200 procedures", alarms)
	}
}

func TestTheErrorsOfAllLooksAddUpToTheFalseAlarms(t *testing.T) {
	s, sum := newSequence(1), 0.0
	for s.looks = range 100000 {
		sum += s.error()
	}
	if sum > falseAlarms || sum < 0.999*falseAlarms {
		t.Errorf("the errors add up to %v", sum)
	}
}

// The computed ranks are those that drawing with replacement gives.
func TestTheBootstrapNeedsNoDrawing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const err, times = 0.02, 20000
	for _, n := range []int{15, 40, 101} {
		ranks := make([]int, times) // of the median of n ranks that are drawn
		for i := range ranks {
			drawn := make([]int, n)
			for k := range drawn {
				drawn[k] = 1 + random.IntN(n)
			}
			slices.Sort(drawn)
			ranks[i] = drawn[(n-1)/2]
		}
		slices.Sort(ranks)
		if got, want := bootstrapRank(n, err), ranks[int(err/2*times)]; got < want-1 || got > want+1 {
			t.Errorf("%d values: rank %d, by drawing %d", n, got, want)
		}
	}
}

// If the interval held the median too rarely, the probabilities of errors above would be wrong.
func TestTheIntervalMissesTheMedianAsRarelyAsItSays(t *testing.T) {
	for _, n := range []int{13, 30, 100} {
		const err, times = 0.02, 4000
		missed := 0
		for p := range times {
			random := rand.New(rand.NewPCG(uint64(p), uint64(n)))
			values := make([]float64, n)
			for i := range values {
				values[i] = math.Tan(math.Pi * (random.Float64() - 0.5)) // Cauchy's distribution, which has long tails
			}
			if low, _, high := medianInterval(values, err); low > 0 || high < 0 {
				missed++
			}
		}
		if share := float64(missed) / times; share > 1.25*err {
			t.Errorf("%d values: the interval missed in %.2f%%, said %.0f%%", n, 100*share, 100*err)
		}
	}
}

func TestTooFewValuesHaveNoBounds(t *testing.T) {
	for _, err := range []float64{0.005, 5e-5} {
		n := fewest(err)
		if low, _, high := medianInterval(make([]float64, n-1), err); !math.IsInf(low, -1) || !math.IsInf(high, 1) {
			t.Errorf("%d values: %v to %v", n-1, low, high)
		}
		if beyond := 2 * (distuv.Binomial{N: float64(n), P: 0.5}).Prob(0); beyond > err*(1+1e-9) {
			t.Errorf("%d values are all on one side with probability %v, above %v", n, beyond, err)
		}
		if low, _, _ := medianInterval(make([]float64, n), err); low != 0 {
			t.Errorf("%d values: from %v", n, low)
		}
	}
}

func Example_sequence() {
	s := newSequence(1)
	for i := range 9 {
		s.add(math.Log(1.02 + 0.001*float64(i%3)))
	}
	fmt.Printf("%s %v", s.found, s.called == slower)
	// Output: 1.021 (1.020 - 1.022) true
}

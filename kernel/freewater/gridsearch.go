package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A gridSearch finds the fraction of free water by weighted linear least squares, by the rules of package reftensor. It
// does not evaluate the objective. It asks for the values at some fractions, and goes on when it has been told them, so
// that eight searches can share evaluations. The steps after the levels of the grid are written as if all values were
// known. Where one is not, they ask for it, and are run again from their beginning.
type gridSearch struct {
	wanted [reftensor.NextLevel]float64 // fractions at which values are asked for
	values [reftensor.NextLevel]float64 // what came back
	asked  int
	told   int
	known  uint32 // one bit for each value of a level that is known already

	tenth        float64 // the best fraction of the first level
	step, centre float64 // of the level that was evaluated last
	guess        float64 // the minimum, in steps from the centre
	descending   bool    // the values asked for are at thousandths
	memory       [searchMemory]struct {
		thousandths int
		value       float64
	}
	remembers int
	leaves    bool // the search ends when a whole level is to be evaluated
	pair      int

	fraction float64
	state    searchState
}

// clipping knows at which fractions water uses up a measurement.
type clipping interface {
	isSmooth(low, high float64) bool
}

type searchState uint8

const (
	searchRunning searchState = iota
	searchFound
	searchLost // the memory is too small for this voxel
	searchLeft // ended before the next level
)

const searchMemory = 64

// A searchPlace is where a search begins. Its zero value is the first level.
type searchPlace struct {
	tenth        float64 // the best fraction of the first level
	centre, step float64 // of the level that is done; a step of 0: none is
	smooth       bool    // the objective is smooth between the neighbours of the centre, and the search descends from guess
	guess        float64 // the minimum, in steps from the centre
	// These are the values of the next level, and one bit for each that is accurate enough.
	values [reftensor.NextLevel]float64
	known  uint32
	leaves bool // the search ends when another level is to be evaluated
	pair   int  // not 0: the best fraction is this many thousandths, or one more
}

// begin asks for the first values from a place on.
func (s *gridSearch) begin(at *searchPlace, clip clipping) {
	s.state, s.remembers, s.descending, s.leaves = searchRunning, 0, false, at.leaves
	s.tenth, s.centre, s.step, s.guess = at.tenth, at.centre, at.step, at.guess
	s.pair = at.pair
	switch {
	case at.pair != 0:
		s.descending, s.asked, s.told, s.known = false, 2, 0, 0
		s.wanted[0], s.wanted[1] = float64(at.pair)/1000, float64(at.pair+1)/1000
		return
	case at.smooth:
		s.descending, s.asked, s.told, s.known = true, 0, 0, 0
		s.descend(clip) // nothing is known yet, so that this only asks
		return
	case at.step == 0:
		s.ask(0, 1, reftensor.FirstStep, reftensor.FirstLevel)
	default:
		s.ask(s.centre-s.step, s.centre+s.step, s.step*0.1, reftensor.NextLevel)
	}
	s.values, s.known = at.values, at.known
	s.skip()
}

// skip passes over values that are known.
func (s *gridSearch) skip() {
	for s.told < s.asked && s.known>>s.told&1 != 0 {
		s.told++
	}
}

// ask asks for a level.
func (s *gridSearch) ask(low, high, step float64, n int) {
	s.step, s.asked, s.told, s.known, s.descending = step, n, 0, 0, false
	reftensor.LevelFractions(s.wanted[:n], low, high, step)
}

// next returns the fraction whose value is asked for.
func (s *gridSearch) next() float64 { return s.wanted[s.told] }

// tell passes the value, and the search goes on when it was the last that was asked for.
func (s *gridSearch) tell(value float64, clip clipping) {
	s.values[s.told] = value
	if s.descending {
		s.memory[s.remembers-s.asked+s.told].value = value
	}
	s.told++
	if s.skip(); s.told < s.asked {
		return
	}
	if s.pair != 0 {
		if s.values[1] < s.values[0] {
			s.pair++
		}
		s.found(s.pair)
		return
	}
	if !s.descending {
		best := reftensor.Argmin(s.values[:s.asked])
		s.centre = s.wanted[best]
		if s.asked == reftensor.FirstLevel {
			s.tenth = s.centre
		}
		if !(s.step > 0.005 && clip.isSmooth(s.centre-s.step, s.centre+s.step)) {
			s.nextLevel()
			return
		}
		s.guess = reftensor.ParabolaThrough(s.values[:s.asked], best)
		s.descending = true
	}
	s.asked, s.told, s.known = 0, 0, 0
	k, ok := s.descend(clip)
	switch {
	case s.asked > 0 || s.state == searchLost:
	case ok:
		s.found(k)
	default:
		s.nextLevel()
	}
}

// nextLevel goes on with the level around the best fraction. The third level is the last.
func (s *gridSearch) nextLevel() {
	s.remembers = 0
	if s.step < 0.005 {
		s.found(int(math.Round(1000 * s.centre)))
		return
	}
	if s.leaves {
		s.state = searchLeft
		return
	}
	s.ask(s.centre-s.step, s.centre+s.step, s.step*0.1, reftensor.NextLevel)
}

func (s *gridSearch) found(thousandths int) {
	s.fraction, s.state = reftensor.OnGrid(s.tenth, thousandths), searchFound
}

// thousandth returns the objective at a number of thousandths. If it is not known, it is asked for.
func (s *gridSearch) thousandth(k int) float64 {
	for _, p := range s.memory[:s.remembers] {
		if p.thousandths == k {
			return p.value
		}
	}
	if s.remembers == searchMemory {
		s.state = searchLost
		return math.NaN()
	}
	s.memory[s.remembers].thousandths = k
	s.memory[s.remembers].value = math.NaN()
	s.wanted[s.asked] = float64(k) / 1000
	s.remembers++
	s.asked++
	return math.NaN()
}

// waits says whether a value that was needed is not known.
func (s *gridSearch) waits() bool { return s.asked > 0 || s.state == searchLost }

// descend looks for the best thousandth with the parabola through three values. Package reftensor explains it.
func (s *gridSearch) descend(clip clipping) (k int, ok bool) {
	const reach = 4
	middle, span := math.Round(1000*s.centre), math.Round(1000*s.step)
	low, high := int(middle-span)+1, int(middle+span)-1
	at := int(math.Round(middle + s.guess*span))
	for range 6 {
		at = min(max(at, low+reach), high-reach)
		before, value, after := s.thousandth(at-reach), s.thousandth(at), s.thousandth(at+reach)
		if s.waits() {
			return 0, false
		}
		vertex := float64(at) + reach*reftensor.ParabolaVertex(before, value, after)
		switch {
		case math.IsInf(vertex, 0) || math.IsNaN(vertex):
			return 0, false
		case low == 1 && at == low+reach && vertex < 1:
			vertex = 1
		case vertex < float64(low) || vertex > float64(high):
			return 0, false
		case math.Abs(vertex-float64(at)) > 1.5*reach:
			at = int(math.Round(vertex))
			continue
		}
		k = s.nearest(vertex)
		if !s.waits() && !clip.isSmooth(s.centre-reftensor.SkewReach, s.centre+reftensor.SkewReach) {
			k = s.walk(k, low, high)
		}
		return k, true
	}
	return 0, false
}

// nearest rounds a vertex to a thousandth. If it is about half-way between two, it compares these.
func (s *gridSearch) nearest(vertex float64) int {
	lower := math.Floor(vertex)
	k, part := int(lower), vertex-lower
	switch {
	case part < 0.25:
		return k
	case part > 0.75:
		return k + 1
	}
	if above, below := s.thousandth(k+1), s.thousandth(k); above < below {
		return k + 1
	}
	return k
}

// walk goes downhill by thousandths.
func (s *gridSearch) walk(k, low, high int) int {
	value := s.thousandth(k)
	for step := -1; step <= 1; step += 2 {
		for k+step >= low && k+step <= high && !s.waits() {
			next := s.thousandth(k + step)
			if !(next < value) {
				break
			}
			k, value = k+step, next
		}
	}
	return k
}

package overhead

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study"
)

// A setting is the runs of one CPU count and one number of chunks, with what they keep busy of the machine.
type setting struct {
	cpus, chunks int
	count        float64 // the actual number of chunks: by the study's rule, more than were asked for where there is a remainder
	shares       float64 // the same, where the last chunk counts by its size relative to the others
	busy         float64 // CPUs that have a chunk
	cores        study.Cores
	time         float64 // seconds: the median of the runs
	runs         *runTimes
}

// runTimes are the times of a setting's runs, in seconds.
type runTimes struct {
	times     []float64
	ascending []float64 // the same in ascending order
	places    []int32   // where each of the times is among these
}

func newSetting(voxels, cpus, chunks int, cores study.Cores) setting {
	d := sched.Divide(voxels, chunks)
	// The last chunk may have a few voxels only. It does not keep a CPU busy.
	shares := float64(voxels) / float64(d.PerChunk)
	return setting{cpus: cpus, chunks: chunks, count: float64(d.Count()), shares: shares, busy: min(shares, float64(cpus)), cores: cores}
}

// newRunTimes orders the times.
func newRunTimes(times []float64) *runTimes {
	order := make([]int, len(times))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(times[i], times[j]) })
	r := &runTimes{times, make([]float64, len(times)), make([]int32, len(times))}
	for place, i := range order {
		r.ascending[place], r.places[i] = times[i], int32(place)
	}
	return r
}

// drawnMedian returns the median of as many times as there are, drawn with replacement. It counts how often each was
// drawn: sorting them anew for each draw takes minutes where there are a million. counts has room for as many.
func (r *runTimes) drawnMedian(random *rand.Rand, counts []int32) float64 {
	n := len(r.times)
	counts = counts[:n]
	clear(counts)
	for range n {
		counts[r.places[random.IntN(n)]]++
	}
	at := func(rank int) float64 {
		place := 0
		for below := int(counts[0]); below <= rank; below += int(counts[place]) {
			place++
		}
		return r.ascending[place]
	}
	return (at((n-1)/2) + at(n/2)) / 2
}

// resample draws settings anew, as the bootstrap does (Efron 1979). Within each CPU count it draws as many settings as
// there are, with replacement, and of each setting its runs with replacement. Whole settings are drawn because the
// error of the model differs more between settings than between the runs of one.
func resample(settings []setting, random *rand.Rand) []setting {
	most := 0
	for _, s := range settings {
		most = max(most, len(s.runs.times))
	}
	counts := make([]int32, most)
	drawn := make([]setting, 0, len(settings))
	for _, cpus := range keysOf(settings, byCPUs) {
		with, _ := divide(settings, func(s setting) bool { return s.cpus == cpus })
		for range with {
			s := with[random.IntN(len(with))]
			s.time = s.runs.drawnMedian(random, counts)
			drawn = append(drawn, s)
		}
	}
	return drawn
}

// loaded returns the setting in which only this share of the chunks has work, and the others next to none.
func (s setting) loaded(share float64) setting {
	s.busy = min(max(1, share*s.shares), float64(s.cpus))
	return s
}

// inUse returns how many physical cores have a chunk. Systems give work to all cores before any second hyperthread.
func (s *setting) inUse() float64 { return min(s.busy, float64(s.cores.Physical)) }

// power returns how many cores the busy CPUs are worth, when a second hyperthread adds the given share of a core.
func (s *setting) power(thread float64) float64 { return s.inUse() + thread*(s.busy-s.inUse()) }

// neighbours returns with how many other busy CPUs a busy CPU shares its socket.
func (s *setting) neighbours() float64 { return max(0, s.busy/float64(s.cores.Sockets)-1) }

// useThreads says whether any setting uses second hyperthreads.
func useThreads(settings []setting) bool {
	return slices.ContainsFunc(settings, func(s setting) bool { return s.busy > s.inUse() })
}

// tellThreads says whether the settings differ in how many second hyperthreads they use for each core. If they do not,
// the times are the same whatever such a thread adds, with another value of the work.
func tellThreads(settings []setting) bool {
	return useThreads(settings) && differ(settings, func(s setting) float64 { return s.busy / s.inUse() })
}

// differ says whether a quantity of the settings differs by more than a hundredth.
func differ(settings []setting, of func(setting) float64) bool {
	return slices.ContainsFunc(settings, func(s setting) bool { return math.Abs(of(s)/of(settings[0])-1) > 0.01 })
}

// The terms of the model. A term that cannot be told from the terms before it is left out, so that the order matters.
const (
	termWork = iota
	termChunk
	termSerial
	termCore
	termContention
	// The terms below are no part of the model. They are tried in the place of contention.
	termClock
	termSocket
	termCount
)

// term returns the quantity of a setting that a coefficient is multiplied by. It is never negative.
func (s *setting) term(i int, thread float64) float64 {
	switch i {
	case termWork:
		return 1 / s.power(thread)
	case termChunk:
		return s.count
	case termSerial:
		return 1
	case termCore:
		return s.inUse()
	case termClock: // the work grows with each busy core of the socket, since all of them run slower
		return max(0, s.inUse()/float64(s.cores.Sockets)-1) / s.power(thread)
	case termSocket: // the work grows when it is spread over a second socket
		return float64(s.cores.Sockets-1) / s.power(thread)
	default: // termContention: the work grows with each busy neighbour
		return s.neighbours() / s.power(thread)
	}
}

package overhead

import (
	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study"
)

// A setting is the runs of one CPU count and one number of chunks, and what of the machine they
// keep busy.
type setting struct {
	cpus, chunks int
	count        float64 // chunks that there really are: the study's rule leaves a remainder
	shares       float64 // chunks, the last one by its part of a whole one
	busy         float64 // CPUs that have a chunk
	cores        study.Cores
	times        []float64 // of the runs
	time         float64   // their median
}

func newSetting(voxels, cpus, chunks int, cores study.Cores) setting {
	d := sched.Divide(voxels, chunks)
	// The last chunk may be a few voxels: it does not keep a CPU busy.
	shares := float64(voxels) / float64(d.PerChunk)
	return setting{cpus: cpus, chunks: chunks, count: float64(d.Count()), shares: shares, busy: min(shares, float64(cpus)), cores: cores}
}

// loaded is the setting when only that share of its chunks has work in it, and the others next to none.
func (s setting) loaded(share float64) setting {
	s.busy = min(max(1, share*s.shares), float64(s.cpus))
	return s
}

// inUse is how many physical cores have a chunk. Systems fill cores before second hyperthreads.
func (s setting) inUse() float64 { return min(s.busy, float64(s.cores.Physical)) }

// power is what the busy CPUs do, in cores, when a second hyperthread adds that share of a core.
func (s setting) power(thread float64) float64 { return s.inUse() + thread*(s.busy-s.inUse()) }

// neighbours is how many other busy CPUs a busy one shares its socket with.
func (s setting) neighbours() float64 { return max(0, s.busy/float64(s.cores.Sockets)-1) }

// The terms of the model, in the order in which they are taken in: one that cannot be told from those
// before it is left out.
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

// term is the known quantity of a setting that a coefficient (not negative) is multiplied by.
func (s setting) term(i int, thread float64) float64 {
	switch i {
	case termWork:
		return 1 / s.power(thread)
	case termChunk:
		return s.count
	case termSerial:
		return 1
	case termCore:
		return s.inUse()
	case termClock: // work more for each busy core of the socket: all of them run slower than one
		return max(0, s.inUse()/float64(s.cores.Sockets)-1) / s.power(thread)
	case termSocket: // work more when it is spread over a second socket
		return float64(s.cores.Sockets-1) / s.power(thread)
	default: // termContention: work more for each busy neighbour
		return s.neighbours() / s.power(thread)
	}
}

package study

import "github.com/voxfit/voxfit/sched"

// A setting is the runs of one CPU count and one number of chunks, and what of the machine they
// keep busy.
type setting struct {
	cpus, chunks int
	count        float64 // chunks that there really are: the study's rule leaves a remainder
	busy         float64 // CPUs that have a chunk
	cores        Cores
	times        []float64 // of the runs
	time         float64   // their mean
}

func newSetting(voxels, cpus, chunks int, cores Cores) setting {
	d := sched.Divide(voxels, chunks)
	// The last chunk may be a few voxels: it does not keep a CPU busy.
	shares := float64(voxels) / float64(d.PerChunk)
	return setting{cpus: cpus, chunks: chunks, count: float64(d.Count()), busy: min(shares, float64(cpus)), cores: cores}
}

// inUse is how many physical cores have a chunk. Systems fill cores before second hyperthreads.
func (s setting) inUse() float64 { return min(s.busy, float64(s.cores.Physical)) }

// power is what the busy CPUs do, in cores, when a second hyperthread adds that share of a core.
func (s setting) power(thread float64) float64 { return s.inUse() + thread*(s.busy-s.inUse()) }

// neighbours is how many other busy CPUs a busy one shares its socket with.
func (s setting) neighbours() float64 { return max(0, s.busy/float64(s.cores.Sockets)-1) }

// The terms of the model.
const (
	termWork = iota
	termChunk
	termSerial
	termCore
	termContention
	termCount
)

// overheadTerms are the terms: a coefficient (not negative) times a known quantity of the setting.
// A term that cannot be told from those before it is left out.
var overheadTerms = [termCount]struct {
	name, unit string
	of         func(s setting, thread float64) float64
}{
	termWork:   {"work", "s on one core", func(s setting, thread float64) float64 { return 1 / s.power(thread) }},
	termChunk:  {"each chunk", "s", func(s setting, _ float64) float64 { return s.count }},
	termSerial: {"serial part", "s", func(setting, float64) float64 { return 1 }},
	termCore:   {"each core", "s", func(s setting, _ float64) float64 { return s.inUse() }},
	termContention: {"contention", "s of work more for each busy neighbour",
		func(s setting, thread float64) float64 { return s.neighbours() / s.power(thread) }},
}

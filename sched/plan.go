package sched

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/numa"
)

// A Plan says how many voxels are to be worked through, in which chunks and by whom. Only Voxels
// must be set.
type Plan struct {
	// Voxels is the number of voxels; they are numbered from 0.
	Voxels int

	// Chunks asks for a number of chunks by the study's rule (see Divide for how many there really
	// are). VoxelsPerChunk sets the size itself. With neither, there are about ChunksPerWorker
	// chunks for each worker; with both, Run refuses.
	Chunks         int
	VoxelsPerChunk int

	// Workers is the number of workers, each on a thread of its own. 0 means one for each CPU
	// (of CPUs, or else of numa.Allowed), but no more than the whole CPUs that the cgroup's quota
	// pays for (numa.CPULimit, rounded down, at least 1), and no more than there are chunks.
	//
	// A number that is set is taken as it is, so that a measurement of N workers is one. When it
	// exceeds GOMAXPROCS, Go's scheduler lets the workers take turns; when it exceeds the CPUs, the
	// kernel does.
	Workers int

	// CPUs is where the workers may run, numbered as the kernel does; none means numa.Allowed.
	// Pinned, worker i has its place on CPUs[i % len(CPUs)] (more workers than CPUs wrap round), so
	// their order is that of numa.Machine.Places. Without pinning, CPUs that are set confine every
	// worker to the set as a whole, and the kernel moves workers within it, as a container's cpuset does.
	CPUs []int
	Pin  Pinning

	// Policy is the rule by which chunks find workers. The zero value, NUMA, is the best that is
	// known; the others are for comparison.
	Policy Policy

	// Elastic says that the chunk function may be called for any range of voxels, and twice for the
	// same. Run then joins consecutive chunks of a worker into one call, so that short chunks
	// waste neither vector lanes nor time, and cuts long ones, so that a run can be stopped within
	// a long chunk (see Pace). Chunks remain what is dealt out, stolen and counted. When a call
	// over several chunks fails, each is called again alone, to find those that fail.
	Elastic bool

	// Machine is where the CPUs are, for the order of stealing and the nodes' shares; nil means this
	// machine (numa.Describe).
	Machine *numa.Machine

	// VoxelBytes is the size of a voxel's signal and results. Placed says that they lie where Homes wants them. With
	// both, the account tells local bytes from far ones.
	VoxelBytes int
	Placed     bool

	// Counters asks for the processor's counters and for Late in the account, where the system has them. This takes
	// each worker some microseconds more to start.
	Counters bool

	// Start, when set, is called once by each worker on its own thread, already in its place, before
	// its first chunk: there a worker allocates its scratch, so that the pages are on its NUMA node.
	// Its time counts as FirstTouch. An error (or a panic) ends the run: see StartError.
	Start func(worker int) error

	// Progress, when set, is called about every 100 ms with the voxels of the chunks that are
	// finished, and once more when the run is over. Calls come one at a time, from a goroutine that
	// is no worker; done never falls. Workers do not wait for it.
	Progress func(done, voxels int)
}

// ChunksPerWorker is the default number of chunks for each worker. With it the last worker to finish is behind by at
// most about a hundredth of its share, and the dispatch of a chunk (about 0.1 microseconds) is a negligible part of it.
const ChunksPerWorker = 128

// maxWorkers is beyond any machine: a number above it is a mistake, and each worker is a thread.
const maxWorkers = 8192

// A schedule is a Plan with every default filled in.
type schedule struct {
	Plan
	division Division
	seats    []Seat
	places   [][]int // the CPUs that each worker's thread is confined to; none: no confinement
}

// resolve checks the plan and fills in its defaults. It asks the system only for what the plan leaves
// open, since the files of cgroups take longer to read than a small run takes.
func (p Plan) resolve() (schedule, error) {
	if err := p.check(); err != nil {
		return schedule{}, err
	}
	cpus := p.CPUs
	if len(cpus) == 0 && (p.Pin != PinNone || p.Workers == 0) {
		var err error
		if cpus, err = numa.Allowed(); err != nil {
			return schedule{}, fmt.Errorf("sched: find the CPUs to use: %w", err)
		}
	}
	if p.Pin != PinNone {
		p.CPUs = cpus
	}
	asked := p.Workers
	if asked == 0 {
		p.Workers = defaultWorkers(len(cpus), numa.CPULimit())
	}
	s := schedule{Plan: p, division: p.divide()}
	if s.division.Count() > MaxChunks {
		return schedule{}, fmt.Errorf("sched: plan: found %d chunks, expected at most %d", s.division.Count(), MaxChunks)
	}
	if asked == 0 {
		s.Workers = max(1, min(p.Workers, s.division.Count()))
	}
	s.sit()
	return s, nil
}

// check refuses what no run can be made of.
func (p Plan) check() error {
	for _, field := range []struct {
		name  string
		value int
	}{
		{"Voxels", p.Voxels}, {"Chunks", p.Chunks}, {"VoxelsPerChunk", p.VoxelsPerChunk}, {"Workers", p.Workers},
	} {
		if field.value < 0 {
			return fmt.Errorf("sched: plan: found %s %d, expected 0 or more", field.name, field.value)
		}
	}
	if p.Policy < NUMA || p.Policy > Static || p.Pin < PinNone || p.Pin > PinNode {
		return fmt.Errorf("sched: plan: found Policy %d and Pin %d, expected ones that have names", int(p.Policy), int(p.Pin))
	}
	if p.Workers > maxWorkers {
		return fmt.Errorf("sched: plan: found Workers %d, expected at most %d", p.Workers, maxWorkers)
	}
	if p.Chunks > 0 && p.VoxelsPerChunk > 0 {
		return fmt.Errorf("sched: plan: found both Chunks %d and VoxelsPerChunk %d, expected one of them", p.Chunks, p.VoxelsPerChunk)
	}
	return nil
}

// defaultWorkers is one worker a CPU within the quota: a worker beyond it would only be throttled,
// and at a moment that the kernel chooses.
func defaultWorkers(cpus int, limit float64) int {
	if limit < float64(cpus) {
		return max(1, int(math.Floor(limit)))
	}
	return cpus
}

func (p Plan) divide() Division {
	switch {
	case p.VoxelsPerChunk > 0:
		return Division{p.Voxels, p.VoxelsPerChunk}
	case p.Chunks > 0:
		return Divide(p.Voxels, p.Chunks)
	}
	return Divide(p.Voxels, ChunksPerWorker*p.Workers)
}

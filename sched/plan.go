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
	// With Pin, worker i runs on CPUs[i % len(CPUs)] and nowhere else (more workers than CPUs wrap
	// round). Without Pin, CPUs that are set confine every worker to the set as a whole, and the
	// kernel moves workers within it, as a container's cpuset does.
	CPUs []int
	Pin  bool

	// Start, when set, is called once by each worker on its own thread, already pinned, before its
	// first chunk: the place to allocate a worker's scratch, so that its pages are on the worker's
	// NUMA node. Its time counts as StartWait. An error (or a panic) ends the run: see StartError.
	Start func(worker int) error

	// Progress, when set, is called about every 100 ms with the voxels of the chunks that are
	// finished, and once more when the run is over. Calls come one at a time, from a goroutine that
	// is no worker; done never falls. Workers do not wait for it.
	Progress func(done, voxels int)
}

// ChunksPerWorker is the default division: the last worker to finish is then behind by at most about
// a thirtieth of its share, while a dispatch (about 0.1 microseconds) is lost in a chunk.
const ChunksPerWorker = 32

// maxWorkers is beyond any machine: a number above it is a mistake, and each worker is a thread.
const maxWorkers = 8192

// A schedule is a Plan with every default filled in.
type schedule struct {
	Plan
	division Division
}

// resolve checks the plan and fills in its defaults. It asks the system only for what the plan leaves
// open, since the files of cgroups take longer to read than a small run takes.
func (p Plan) resolve() (schedule, error) {
	if err := p.check(); err != nil {
		return schedule{}, err
	}
	cpus := p.CPUs
	if len(cpus) == 0 && (p.Pin || p.Workers == 0) {
		var err error
		if cpus, err = numa.Allowed(); err != nil {
			return schedule{}, fmt.Errorf("sched: find the CPUs to use: %w", err)
		}
	}
	if p.Pin {
		p.CPUs = cpus
	}
	if p.Workers > 0 {
		return schedule{Plan: p, division: p.divide()}, nil
	}
	p.Workers = defaultWorkers(len(cpus), numa.CPULimit())
	division := p.divide()
	p.Workers = max(1, min(p.Workers, division.Count()))
	return schedule{Plan: p, division: division}, nil
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

// place is the CPUs that a worker's thread is confined to; none means no confinement.
func (s schedule) place(worker int) []int {
	if !s.Pin {
		return s.CPUs
	}
	i := worker % len(s.CPUs)
	return s.CPUs[i : i+1]
}

package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study"
)

// A Plan is a fit to predict: so many voxels in so many chunks, on the cores of a machine that is not here.
type Plan struct {
	Machine Machine
	Times   ChunkTimes
	Voxels  int
	Chunks  []int // numbers of chunks to try
	Cores   []int // numbers of cores; none: those of 1 to 192 that the machine has
	Policy  sched.Policy
	// Elastic lets a call of a kernel join neighbouring chunks, as in sched.Plan.
	Elastic bool
	// Resamples is how often the chunk times are drawn anew for the intervals; 0: 20.
	Resamples int
	Seed      uint64

	medians []float64 // of the times of each size of chunks, while predictions are made
}

// A Prediction is what the simulation gives for so many cores on so many nodes. Nothing in it is measured.
type Prediction struct {
	Cores, Nodes, Chunks int
	Time                 study.Estimate // seconds
	SpeedUp              study.Estimate // over one core of the same machine, in the same chunks
	Efficiency           float64        // speed-up divided by the number of cores
	// The shares of the cores' time in which they do not work: they wait for memory (bandwidth, far nodes), take
	// chunks, steal, start, and have nothing to do at the end.
	Memory, Dispatch, Steal, Start, Tail float64
	// Clock is the share that is lost because the clock is lower when many cores are busy. Calls is the share that is
	// lost because the calls are shorter than those of one core, so that vectors are filled less.
	Clock, Calls float64
}

// coreCounts are the numbers of cores to predict for, where the machine has them.
var coreCounts = []int{1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192}

// Predict returns a prediction for each number of chunks, on each number of cores and nodes.
func (p Plan) Predict() ([]Prediction, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	cores := p.Cores
	if len(cores) == 0 {
		cores = slices.DeleteFunc(slices.Clone(coreCounts), func(n int) bool { return n > p.Machine.cores() })
		if n := p.Machine.cores(); !slices.Contains(cores, n) {
			cores = append(cores, n)
			slices.Sort(cores)
		}
	}
	resamples := p.Resamples
	if resamples == 0 {
		resamples = 20
	}
	p.medians = p.Times.medians()
	var all []Prediction
	for _, chunks := range p.Chunks {
		division := sched.Divide(p.Voxels, chunks)
		rates, ones := make([][]float64, resamples), make([]virtualAccount, resamples)
		for b := range resamples {
			rates[b] = p.draw(division, b)
			ones[b] = p.virtual(division, rates[b], 1, 1).run()
		}
		for _, n := range cores {
			for _, nodes := range p.Machine.placements(n) {
				all = append(all, p.predict(division, chunks, rates, ones, n, nodes))
			}
		}
	}
	return all, nil
}

func (p Plan) check() error {
	if err := p.Machine.check(); err != nil {
		return fmt.Errorf("machine %s: %w", p.Machine.Name, err)
	}
	switch {
	case len(p.Times.sizes) == 0:
		return fmt.Errorf("simulation: there are no chunk times")
	case p.Voxels < 1:
		return fmt.Errorf("simulation: %s, want at least 1", plural.Count(p.Voxels, "voxel"))
	case len(p.Chunks) == 0 || slices.Min(p.Chunks) < 1:
		return fmt.Errorf("simulation: %d chunks, want at least 1", slices.Min(append([]int{0}, p.Chunks...)))
	case p.Resamples < 0:
		return fmt.Errorf("simulation: %d resamples, want at least 0 (0: 20)", p.Resamples)
	}
	for _, n := range p.Cores {
		if n < 1 || n > p.Machine.cores() {
			return fmt.Errorf("simulation: %s, but %s has 1 to %d", plural.Count(n, "core"), p.Machine.Name, p.Machine.cores())
		}
	}
	return nil
}

// draw gives each chunk a rate, in seconds a voxel: it resamples the measured times of the chunk's size, and draws one
// of these for each chunk. All numbers of cores use the same draw.
func (p Plan) draw(d sched.Division, resample int) []float64 {
	random := rand.New(rand.NewPCG(p.Seed, uint64(resample)))
	measured := p.Times.sizes[p.Times.nearest(d.PerChunk)].perVoxel
	pool := make([]float64, len(measured))
	for i := range pool {
		pool[i] = measured[random.IntN(len(measured))]
	}
	rates := make([]float64, d.Count())
	for i := range rates {
		rates[i] = pool[random.IntN(len(pool))]
	}
	return rates
}

// virtual returns a run that is ready to start.
func (p Plan) virtual(d sched.Division, rates []float64, cores, nodes int) *virtualRun {
	taken := assumedCosts
	taken.dispatch, taken.start, taken.spawn = p.Times.Dispatch, p.Times.Start, p.Times.Spawn
	medians := p.medians
	if medians == nil {
		medians = p.Times.medians()
	}
	chunk := medians[p.Times.nearest(d.PerChunk)]
	return &virtualRun{
		machine: p.Machine, costs: taken, policy: p.Policy, elastic: p.Elastic, seats: seatsOf(p.Machine, cores, nodes),
		division: d, rate: rates, bytes: p.Times.BytesPerVoxel,
		scale: func(voxels int) float64 { return medians[p.Times.nearest(voxels)] / chunk },
	}
}

func (p Plan) predict(d sched.Division, chunks int, rates [][]float64, ones []virtualAccount, cores, nodes int) Prediction {
	q := Prediction{Cores: cores, Nodes: nodes, Chunks: chunks}
	var walls, ups []float64
	for b := range rates {
		v := p.virtual(d, rates[b], cores, nodes)
		a := v.run()
		walls, ups = append(walls, a.wall), append(ups, ones[b].wall/a.wall)
		whole := a.wall * float64(cores) * float64(len(rates))
		q.Memory += a.waitMemory / whole
		q.Dispatch += a.dispatch / whole
		q.Steal += a.steal / whole
		q.Start += a.start / whole
		q.Tail += a.tailWait / whole
		q.Clock += (a.compute - a.waitMemory) * (1 - v.clock) / whole
		q.Calls += max(0, (a.compute-a.waitMemory)*v.clock-(ones[b].compute-ones[b].waitMemory)) / whole
	}
	q.Time = study.Percentiles(stat.Mean(walls, nil), walls)
	q.SpeedUp = study.Percentiles(stat.Mean(ups, nil), ups)
	q.Efficiency = q.SpeedUp.Value / float64(cores)
	return q
}

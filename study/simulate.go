package study

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/sched"
)

// A Simulation predicts what the scheduler does on a machine that is not here.
type Simulation struct {
	Machine SimulatedMachine
	Times   ChunkTimes
	Voxels  int
	Chunks  []int // numbers of chunks to try
	Cores   []int // numbers of cores; none: 1 to 192, as many as the machine has
	Policy  sched.Policy
	// Elastic lets a call span consecutive chunks, as sched.Plan does.
	Elastic bool
	// Resamples is how many times the chunk times are drawn anew; 0: 20.
	Resamples int
	Seed      uint64
}

// A Prediction is what the simulation says of so many cores, spread over so many nodes. Nothing in it
// is measured.
type Prediction struct {
	Cores, Nodes, Chunks int
	Time                 Estimate // seconds
	SpeedUp              Estimate // over one core of the same machine, in the same chunks
	Efficiency           float64  // speed-up for each core
	// The shares of the cores' time that are no work: waiting for memory (bandwidth, far nodes),
	// taking chunks, stealing, starting, and idling at the end.
	Memory, Dispatch, Steal, Start, Tail float64
	// Clock is the share lost because many busy cores run slower than one, and Calls the share lost because
	// calls are shorter than one core's, so that vectors are filled less.
	Clock, Calls float64
}

// simulatedCores are the numbers of cores to predict for, where the machine has them.
var simulatedCores = []int{1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192}

// Run predicts for every number of cores and nodes, and returns a prediction for each number of chunks.
func (s Simulation) Run() ([]Prediction, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	cores := s.Cores
	if len(cores) == 0 {
		cores = slices.DeleteFunc(slices.Clone(simulatedCores), func(n int) bool { return n > s.Machine.Cores() })
		if n := s.Machine.Cores(); !slices.Contains(cores, n) {
			cores = append(cores, n)
			slices.Sort(cores)
		}
	}
	resamples := s.Resamples
	if resamples == 0 {
		resamples = 20
	}
	var all []Prediction
	for _, chunks := range s.Chunks {
		division := sched.Divide(s.Voxels, chunks)
		rates, ones := make([][]float64, resamples), make([]virtualAccount, resamples)
		for b := range resamples {
			rates[b] = s.draw(division, b)
			ones[b] = s.virtual(division, rates[b], 1, 1).run()
		}
		for _, n := range cores {
			for _, nodes := range s.Machine.placements(n) {
				all = append(all, s.predict(division, chunks, rates, ones, n, nodes))
			}
		}
	}
	return all, nil
}

func (s Simulation) check() error {
	if err := s.Machine.check(); err != nil {
		return fmt.Errorf("machine %s: %w", s.Machine.Name, err)
	}
	switch {
	case len(s.Times.Sizes) == 0:
		return fmt.Errorf("simulation: there are no chunk times")
	case s.Voxels < 1:
		return fmt.Errorf("simulation: %d voxels, want at least 1", s.Voxels)
	case len(s.Chunks) == 0 || slices.Min(s.Chunks) < 1:
		return fmt.Errorf("simulation: %d chunks, want at least 1", slices.Min(append([]int{0}, s.Chunks...)))
	case s.Resamples < 0:
		return fmt.Errorf("simulation: %d resamples, want at least 0 (0: 20)", s.Resamples)
	}
	for _, n := range s.Cores {
		if n < 1 || n > s.Machine.Cores() {
			return fmt.Errorf("simulation: %d cores, but %s has 1 to %d", n, s.Machine.Name, s.Machine.Cores())
		}
	}
	return nil
}

// draw gives each chunk a price: the measured times of its size are drawn anew, and of these one for
// each chunk. The same draw serves every number of cores.
func (s Simulation) draw(d sched.Division, resample int) []float64 {
	random := rand.New(rand.NewPCG(s.Seed, uint64(resample)))
	measured := s.Times.Sizes[s.Times.nearest(d.PerChunk)].PerVoxel
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

// virtual makes a run ready.
func (s Simulation) virtual(d sched.Division, rates []float64, cores, nodes int) *virtualRun {
	costs := assumedCosts
	costs.Dispatch, costs.Start, costs.Spawn = s.Times.Dispatch, s.Times.Start, s.Times.Spawn
	means := make([]float64, len(s.Times.Sizes))
	for i, t := range s.Times.Sizes {
		means[i] = stat.Mean(t.PerVoxel, nil)
	}
	chunk := means[s.Times.nearest(d.PerChunk)]
	return &virtualRun{
		machine: s.Machine, costs: costs, policy: s.Policy, elastic: s.Elastic, seats: seatsOf(s.Machine, cores, nodes),
		division: d, rate: rates, bytes: s.Times.BytesPerVoxel,
		scale: func(voxels int) float64 { return means[s.Times.nearest(voxels)] / chunk },
	}
}

func (s Simulation) predict(d sched.Division, chunks int, rates [][]float64, ones []virtualAccount, cores, nodes int) Prediction {
	p := Prediction{Cores: cores, Nodes: nodes, Chunks: chunks}
	var walls, ups []float64
	for b := range rates {
		v := s.virtual(d, rates[b], cores, nodes)
		a := v.run()
		walls, ups = append(walls, a.wall), append(ups, ones[b].wall/a.wall)
		whole := a.wall * float64(cores) * float64(len(rates))
		p.Memory += a.waitMemory / whole
		p.Dispatch += a.dispatch / whole
		p.Steal += a.steal / whole
		p.Start += a.start / whole
		p.Tail += a.tailWait / whole
		p.Clock += (a.compute - a.waitMemory) * (1 - v.clock) / whole
		p.Calls += max(0, (a.compute-a.waitMemory)*v.clock-(ones[b].compute-ones[b].waitMemory)) / whole
	}
	p.Time = percentiles(stat.Mean(walls, nil), walls)
	p.SpeedUp = percentiles(stat.Mean(ups, nil), ups)
	p.Efficiency = p.SpeedUp.Value / float64(cores)
	return p
}

// bestPredictions keeps, for each number of cores and nodes, the number of chunks with the least
// predicted time.
func bestPredictions(all []Prediction) []Prediction {
	var best []Prediction
	for _, p := range all {
		i := slices.IndexFunc(best, func(q Prediction) bool { return q.Cores == p.Cores && q.Nodes == p.Nodes })
		switch {
		case i < 0:
			best = append(best, p)
		case p.Time.Value < best[i].Time.Value:
			best[i] = p
		}
	}
	return best
}

// WritePredictions writes the best predictions as a table for a terminal.
func WritePredictions(w io.Writer, s Simulation, all []Prediction) error {
	var b strings.Builder
	m := s.Machine
	fmt.Fprintf(&b, "PREDICTION, not measurement: %s on %s voxels, schedule %s\n", modelname.WordsOf(s.Times.Model), thousands(s.Voxels), s.Policy)
	fmt.Fprintf(&b, "%s: %s of %s, %s GB/s each; %s\n\n", m.Name, countOf(m.Nodes, "node"), countOf(m.CoresPerNode, "core"),
		significant(m.NodeGBs, 3), m.Source)
	rows := [][]string{{"cores", "nodes", "chunks", "predicted s", "predicted speed-up", "95% interval", "efficiency", "lost to"}}
	for _, p := range bestPredictions(all) {
		rows = append(rows, []string{strconv.Itoa(p.Cores), strconv.Itoa(p.Nodes), strconv.Itoa(p.Chunks), significant(p.Time.Value, 3),
			significant(p.SpeedUp.Value, 4), significant(p.SpeedUp.Low, 4) + " to " + significant(p.SpeedUp.High, 4),
			strconv.FormatFloat(p.Efficiency, 'f', 3, 64), p.lostTo()})
	}
	writeColumns(&b, rows, func(i int) bool { return i == 7 })
	b.WriteString("\n")
	writeWrapped(&b, "note: ", "Driven by chunk times measured on one core, which every core of the predicted machine is taken to match. The "+
		"intervals know the scatter of these times and no error of the machine's description.")
	if s.Times.Note != "" {
		writeWrapped(&b, "note: ", "Here "+s.Times.Note+".")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lostTo names the largest losses.
func (p Prediction) lostTo() string {
	type part struct {
		name  string
		share float64
	}
	parts := []part{{"memory", p.Memory}, {"clock", p.Clock}, {"short calls", p.Calls}, {"tail", p.Tail}, {"start", p.Start}, {"dispatch", p.Dispatch}, {"steal", p.Steal}}
	slices.SortStableFunc(parts, func(a, b part) int {
		if a.share > b.share {
			return -1
		}
		return 1
	})
	var words []string
	for _, q := range parts {
		if q.share >= 0.001 && len(words) < 3 {
			words = append(words, q.name+" "+percent(q.share))
		}
	}
	return strings.Join(words, ", ")
}

// predictionsHeader names the columns of the predictions' file: every number in it is predicted.
var predictionsHeader = []string{"machine", "model", "num_vox", "schedule", "cores", "nodes", "num_chunks", "predicted_time", "predicted_time_low",
	"predicted_time_high", "predicted_speed_up", "predicted_speed_up_low", "predicted_speed_up_high", "predicted_efficiency",
	"predicted_memory_share", "predicted_clock_share", "predicted_short_calls_share", "predicted_dispatch_share", "predicted_steal_share", "predicted_start_share", "predicted_tail_share"}

// writePredictionsCSV writes every prediction as a row.
func writePredictionsCSV(w io.Writer, s Simulation, all []Prediction) error {
	out := csv.NewWriter(w)
	out.Write(predictionsHeader)
	for _, p := range all {
		row := []string{s.Machine.Name, s.Times.Model, strconv.Itoa(s.Voxels), s.Policy.String(), strconv.Itoa(p.Cores), strconv.Itoa(p.Nodes),
			strconv.Itoa(p.Chunks)}
		for _, x := range []float64{p.Time.Value, p.Time.Low, p.Time.High, p.SpeedUp.Value, p.SpeedUp.Low, p.SpeedUp.High, p.Efficiency,
			p.Memory, p.Clock, p.Calls, p.Dispatch, p.Steal, p.Start, p.Tail} {
			row = append(row, formatFloat(math.Round(x*1e9)/1e9))
		}
		out.Write(row)
	}
	out.Flush()
	return out.Error()
}

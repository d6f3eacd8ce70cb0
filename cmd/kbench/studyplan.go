package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	benchmetg "github.com/voxfit/voxfit/bench/metg"
	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/kit"
	"github.com/voxfit/voxfit/study/metg"
	"github.com/voxfit/voxfit/study/simulate"
)

// What a plan divides its budget by.
const (
	timesFile    = "times-of-chunks.json"
	sweepShare   = 0.5 // of the budget at most, for the fits
	metgShare    = 3   // a third of the budget at most, for handing out tasks
	runsOfStudy  = 3
	mostVoxels   = 435686
	leastVoxels  = 256
	wholeMETG    = 8 * time.Minute // budgets below this leave out the schedulers that are not in this program
	roundsOfMETG = 6
)

// modelsOfStudy are those of the published study.
func modelsOfStudy() []string { return model.Names()[:2] }

// plan reads the plan, or makes it.
func (o *studyOptions) plan(ctx context.Context, stderr io.Writer) (kit.Plan, error) {
	var plan kit.Plan
	if err := readJSON(o.path(kit.PlanFile), &plan); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return plan, err
	}
	fmt.Fprintf(stderr, "study: times of chunks on one core\n")
	times, making, err := o.timesOfChunks(ctx)
	if err != nil {
		return plan, err
	}
	if plan, err = o.newPlan(times, making); err != nil {
		return plan, err
	}
	if err := writeJSON(o.path(timesFile), times); err != nil {
		return plan, err
	}
	return plan, writeJSON(o.path(kit.PlanFile), plan)
}

// newPlan divides the budget. making is the seconds that a voxel of the phantom takes to make.
func (o *studyOptions) newPlan(times map[string]timesOfModel, making float64) (kit.Plan, error) {
	host, _ := os.Hostname()
	plan := kit.Plan{Format: kit.Format, Version: version(), Host: host, Budget: o.budget.String(), Made: time.Now().Round(time.Second),
		Models: modelsOfStudy(), Chunks: 512, Runs: runsOfStudy, Rounds: roundsOfMETG, Opponents: benchmetg.Names()}
	if o.budget < wholeMETG {
		plan.Opponents = []string{"voxfit", "voxfit-dynamic", "voxfit-static", "voxfit-elastic", "channel", "errgroup"}
	}
	var err error
	if plan.Sweeps, err = sweepsOfThisMachine(); err != nil {
		return plan, err
	}
	perVoxel := making * float64(len(plan.Sweeps)) // seconds of all fits and phantoms, for each voxel
	for _, name := range plan.Models {
		for _, s := range plan.Sweeps {
			runs := 1.0 // the serial one
			for _, cores := range s.Cores {
				runs += 1 / float64(cores)
			}
			perVoxel += runs * float64(plan.Runs) * times[name].PerVoxel
		}
	}
	left := o.budget - time.Since(o.begin) - o.budget/metgShare
	seconds := min(sweepShare*o.budget.Seconds(), left.Seconds())
	plan.Voxels = max(leastVoxels, min(mostVoxels, mostInMemory(), int(seconds/perVoxel)))
	return plan, nil
}

// mostInMemory is how many voxels of the phantom fit in the memory that is free now: the phantom, a copy of its signal,
// results, and as much again for what else the machine does.
func mostInMemory() int {
	const copies = 5
	free := availableMemory()
	if free == 0 { // the system does not say
		return mostVoxels
	}
	return int(free / int64(copies*4*phantom.HCP().Len()))
}

// sweepsOfThisMachine are the ways to place and to schedule workers that differ here.
func sweepsOfThisMachine() ([]kit.Sweep, error) {
	allowed, err := numa.Allowed()
	if err != nil {
		return nil, err
	}
	machine := numa.Describe()
	most := defaultWorkers(allowed) // a quota may pay for fewer than there are
	all := []kit.Sweep{
		{Name: "numa-close", Places: "close", SMT: true, Schedule: "numa"},
		{Name: "dynamic-close", Places: "close", SMT: true, Schedule: "dynamic"},
		{Name: "static-close", Places: "close", SMT: true, Schedule: "static"},
	}
	if len(machine.Nodes) > 1 {
		all = append(all, kit.Sweep{Name: "numa-spread", Places: "spread", SMT: true, Schedule: "numa"})
	}
	if machine.CoresOf(allowed) < len(allowed) {
		all = append(all, kit.Sweep{Name: "numa-close-one-thread-a-core", Places: "close", Schedule: "numa"})
	}
	for i := range all {
		s := &all[i]
		places, err := machine.Places(s.Places, allowed, s.SMT)
		if err != nil {
			return nil, err
		}
		places = places[:min(most, len(places))]
		for n := 1; n < len(places); n *= 2 {
			s.CPUs = append(s.CPUs, n)
		}
		s.CPUs = append(s.CPUs, len(places))
		for _, n := range s.CPUs {
			s.Cores = append(s.Cores, machine.CoresOf(places[:n]))
		}
	}
	return all, nil
}

// notPlanned names the schedulers that the plan leaves out.
func notPlanned(plan kit.Plan) []metg.Opponent {
	var all []metg.Opponent
	for _, name := range benchmetg.Names() {
		if !slices.Contains(plan.Opponents, name) {
			all = append(all, metg.Opponent{Name: name, Missing: fmt.Sprintf("left out: with a budget below %.0f minutes only the schedulers of this program are measured", wholeMETG.Minutes())})
		}
	}
	return all
}

// timesOfModel is what a prediction starts from: chunks of one model on one core, and what the schedule costs.
type timesOfModel struct {
	PerVoxel float64           `json:"seconds_per_voxel"` // in the longest chunks
	Chunks   map[int][]float64 `json:"seconds_of_chunks"` // by their voxels
	Class    string            `json:"model"`
	Bytes    float64           `json:"bytes_per_voxel"`
	Dispatch float64           `json:"dispatch_s"`
	Start    float64           `json:"start_s"`
	Spawn    float64           `json:"spawn_s"`
	Taken    float64           `json:"share_taken_by_others"` // of the core meanwhile
}

// timesOfChunks takes a twentieth of the budget, and as much again for a model whose chunks something disturbed. making
// is the seconds that a voxel of the phantom took to make.
func (o *studyOptions) timesOfChunks(ctx context.Context) (all map[string]timesOfModel, making float64, err error) {
	const voxels = 1024
	var p *phantom.Phantom
	for range 2 { // the first one makes tables for all
		begin := time.Now()
		if p, err = phantom.Make(phantom.HCP(), phantom.Options{Voxels: voxels, SNR: 30, Seed: 1}); err != nil {
			return nil, 0, err
		}
		making = time.Since(begin).Seconds() / voxels
	}
	var costs simulate.ChunkTimes // of the schedule, whatever the model
	if err := scheduleCosts(ctx, &costs); err != nil {
		return nil, 0, err
	}
	all = map[string]timesOfModel{}
	for _, name := range modelsOfStudy() {
		m, err := standardModel(name, "", "", phantomInputs(p))
		if err != nil {
			return nil, 0, err
		}
		times, err := o.timesOfModel(ctx, m, p.Signal)
		if err == nil && calm.Disturbs(times.Taken) {
			again, failed := o.timesOfModel(ctx, m, p.Signal)
			if err = failed; again.Taken < times.Taken {
				times = again
			}
		}
		if err != nil {
			return nil, 0, err
		}
		times.Dispatch, times.Start, times.Spawn = costs.Dispatch, costs.Start, costs.Spawn
		all[name] = times
	}
	return all, making, nil
}

// timesOfModel times chunks of several sizes on one core.
func (o *studyOptions) timesOfModel(ctx context.Context, m model.Model, signal []float32) (timesOfModel, error) {
	f, sizes := m.Fitter(), []int{16, 64, 256}
	each := min(calibrationTime, o.budget/20/time.Duration(len(sizes)*len(modelsOfStudy())))
	times := timesOfModel{Chunks: map[int][]float64{}, Class: m.Kind().Class, Bytes: float64(fit.VoxelBytes(f))}
	err := onOneCore(func() error {
		worker, result, use := f.NewWorker(), fit.New(f, len(signal)/f.Measurements()), calm.Use{}
		for _, size := range sizes {
			if err := ctx.Err(); err != nil {
				return err
			}
			use = use.Plus(calm.OfThread(func() { times.Chunks[size] = timesOfSize(f, worker, result, signal, size, each) }))
			times.PerVoxel = study.Median(times.Chunks[size]) / float64(size)
		}
		times.Taken = max(0, 1-use.Share())
		return nil
	})
	return times, err
}

// timesOfSize are seconds of chunks of one size, for a while: some at least, and the first left out.
func timesOfSize(f kernel.Fitter, worker kernel.Worker, result fit.Result, signal []float32, size int, while time.Duration) []float64 {
	const fewest, most = 4, 500
	var seconds []float64
	chunks, begin := len(result.Status)/size, time.Now()
	for i := 0; len(seconds) < fewest || time.Since(begin) < while && len(seconds) < most; i++ {
		r := sched.Range{Begin: i % chunks * size, End: (i%chunks + 1) * size}
		if took := timeChunk(f, worker, signal, result, r); i > 0 {
			seconds = append(seconds, took.Seconds())
		}
	}
	return seconds
}

// chunkTimes are the times as a simulation takes them.
func (t timesOfModel) chunkTimes() simulate.ChunkTimes {
	times := simulate.ChunkTimes{Model: t.Class, BytesPerVoxel: t.Bytes, Dispatch: t.Dispatch, Start: t.Start, Spawn: t.Spawn}
	for size, seconds := range t.Chunks {
		for _, s := range seconds {
			times.Add(size, s)
		}
	}
	return times
}

// predict writes the predictions of the sweep and their hash, where there are none yet. Runs that were made after other
// predictions are in another folder.
func (o *studyOptions) predict(plan kit.Plan, stderr io.Writer) error {
	err := o.step(kit.PredictionsFile, stderr, "predictions, before the fits", func(path string) error {
		var times map[string]timesOfModel
		var bandwidth kit.Bandwidth
		if err := errors.Join(readJSON(o.path(timesFile), &times), readJSON(o.path(kit.BandwidthFile), &bandwidth)); err != nil {
			return err
		}
		machine := simulatedMachine(bandwidth)
		described, err := json.Marshal(machine)
		if err != nil {
			return err
		}
		predictions := kit.Predictions{Made: time.Now().Round(time.Second), Machine: described,
			How: "The queues of the schedule in virtual time, with times of chunks measured on one core, and the measured bandwidth of each " +
				"node. A second hardware thread of a core is taken to add nothing, and all cores to keep the clock of one."}
		for _, name := range plan.Models {
			found, err := predictModel(plan, machine, times[name])
			if err != nil {
				return err
			}
			predictions.Predictions = append(predictions.Predictions, found...)
			predictions.Taken = max(predictions.Taken, times[name].Taken)
		}
		return writeJSON(path, predictions)
	})
	if err != nil {
		return err
	}
	text, err := os.ReadFile(o.path(kit.PredictionsFile))
	if err != nil {
		return err
	}
	err = o.step(kit.HashFile, stderr, "their SHA-256 is "+kit.Hash(text), func(path string) error {
		return disk.Replace(path, fmt.Appendf(nil, "%s  %s, registered %s\n", kit.Hash(text), kit.PredictionsFile, time.Now().UTC().Format(time.RFC3339)))
	})
	if err != nil {
		return err
	}
	registered, err := os.ReadFile(o.path(kit.HashFile))
	if err == nil && !strings.HasPrefix(string(registered), kit.Hash(text)+" ") { // now, and not when all fits are measured
		err = fmt.Errorf("%s has the hash of other predictions than those in %s: remove both files to predict and to measure the fits again",
			o.path(kit.HashFile), o.path(kit.PredictionsFile))
	}
	return err
}

// predictModel predicts each setting of the plan for one model.
func predictModel(plan kit.Plan, machine simulate.Machine, times timesOfModel) ([]kit.Prediction, error) {
	var all []kit.Prediction
	for _, s := range plan.Sweeps {
		policy, err := sched.ParsePolicy(s.Schedule)
		if err != nil {
			return nil, err
		}
		cores := slices.Compact(slices.Clone(s.Cores))
		predicted, err := simulate.Plan{Machine: machine, Times: times.chunkTimes(), Voxels: plan.Voxels, Chunks: []int{plan.Chunks},
			Cores: cores, Policy: policy, Elastic: true, Resamples: 10, Seed: 1}.Predict()
		if err != nil {
			return nil, err
		}
		for i, n := range s.CPUs {
			best := -1 // close: on the fewest nodes; spread: on the most
			for k, p := range predicted {
				if p.Cores == s.Cores[i] && (best < 0 || s.Places == "spread" && p.Nodes > predicted[best].Nodes) {
					best = k
				}
			}
			if best >= 0 {
				all = append(all, kit.Prediction{Model: times.Class, Sweep: s.Name, CPUs: n, Seconds: predicted[best].Time})
			}
		}
	}
	return all, nil
}

// simulatedMachine describes this machine for a simulation: nodes of equal size, as most machines have them.
func simulatedMachine(b kit.Bandwidth) simulate.Machine {
	here := numa.Describe()
	nodes := max(1, len(here.Nodes))
	m := simulate.Machine{Name: "this machine", Nodes: nodes, NodesPerSocket: max(1, nodes/max(1, len(here.Packages))),
		CoresPerNode: max(1, len(here.Cores)/nodes), ComplexCores: max(1, len(here.Cores)/max(1, len(here.Complexes))),
		NearDistance: 10, FarDistance: 10, AllCoreClock: 1, Source: "measured and described by kbench study"}
	var local []float64 // of nodes with CPUs that the study may use
	for i := range b.Read {
		if b.Read[i][i] > 0 {
			local = append(local, b.Read[i][i])
		}
	}
	m.CoreGBs = max(0.01, b.OneCore)
	m.NodeGBs = m.CoreGBs
	if len(local) > 0 {
		m.NodeGBs = max(m.CoreGBs, study.Median(local))
	}
	for i, x := range here.Nodes {
		for _, y := range here.Nodes[i+1:] {
			d := here.Distance(x.ID, y.ID)
			m.FarDistance = max(m.FarDistance, d)
			if m.NearDistance == 10 || d < m.NearDistance {
				m.NearDistance = d
			}
		}
	}
	return m
}

// sweep measures the runs of one sweep that are missing.
func (o *studyOptions) sweep(ctx context.Context, plan kit.Plan, s kit.Sweep, folder string, stderr io.Writer) error {
	schedule, err := sched.ParsePolicy(s.Schedule)
	if err != nil {
		return err
	}
	doublings := bits.Len(uint(plan.Chunks)) - 1 // that make so many chunks of one
	runs := runOptions{
		models: plan.Models, engines: []string{engineVoxfit}, minChunks: doublings, maxChunks: doublings, runs: plan.Runs,
		minScale: 1, maxScale: 1, scaleMask: maskAligned, retries: 2, filename: filepath.Join(folder, s.Name+".csv"), out: folder, cpus: s.CPUs, response: "auto",
		voxels: plan.Voxels, snr: 30, seed: 1, resume: true, rowsAlone: true, command: o.command,
		placement: placement{schedule: policyFlag(schedule), places: s.Places, smt: s.SMT}, retryUntil: o.begin.Add(o.budget),
	}
	if numa.CanPin {
		runs.placement.pin = pinFlag(sched.PinCore)
	}
	err = runs.run(ctx, io.Discard, stderr)
	keeps(ctx, "what was measured is in %s; the same command goes on", o.folder)
	return err
}

// metg are the options of the plan's METG study.
func (o *studyOptions) metg(plan kit.Plan) *metgOptions {
	return &metgOptions{opponents: plan.Opponents, rounds: plan.Rounds, places: "close", smt: true, python: o.python,
		command: o.command, point: min(benchmetg.Point, o.budget/10000), budget: o.budget / metgShare}
}

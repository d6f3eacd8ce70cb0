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
	"time"

	benchmetg "github.com/voxfit/voxfit/bench/metg"
	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/kit"
	"github.com/voxfit/voxfit/study/simulate"
)

// What a plan divides its budget by.
const (
	timesFile    = "times-of-chunks.json"
	sweepShare   = 0.5 // of the budget, for the fits
	mostVoxels   = 435686
	leastVoxels  = 256
	wholeMETG    = 8 * time.Minute // budgets below this leave out the opponents that are not in this program
	roundsOfMETG = 6
)

// modelsOfStudy are those of the published study.
func modelsOfStudy() []string { return model.Names()[:2] }

// plan reads the plan, or makes it.
func (o *studyOptions) plan(ctx context.Context, stderr io.Writer) (kit.Plan, error) {
	var plan kit.Plan
	err := readJSON(o.path(kit.PlanFile), &plan)
	host, _ := os.Hostname()
	switch {
	case err == nil && (plan.Budget != o.budget.String() || plan.Version != version() || plan.Host != host):
		return plan, fmt.Errorf("%s is a study of %s by version %s with --budget %s, this command is of %s, %s and %v: start another study in another folder",
			o.folder, plan.Host, plan.Version, plan.Budget, host, version(), o.budget)
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return plan, err
	}
	fmt.Fprintf(stderr, "study: times of chunks on one core\n")
	times, err := o.timesOfChunks(ctx)
	if err != nil {
		return plan, err
	}
	if plan, err = o.newPlan(host, times); err != nil {
		return plan, err
	}
	if err := writeJSON(o.path(timesFile), times); err != nil {
		return plan, err
	}
	return plan, writeJSON(o.path(kit.PlanFile), plan)
}

// newPlan divides the budget.
func (o *studyOptions) newPlan(host string, times map[string]timesOfModel) (kit.Plan, error) {
	plan := kit.Plan{Format: kit.Format, Version: version(), Host: host, Budget: o.budget.String(), Made: time.Now().Round(time.Second),
		Models: modelsOfStudy(), Chunks: 512, Runs: 3, Rounds: roundsOfMETG}
	if o.budget >= wholeMETG {
		plan.Opponents = benchmetg.Names()
	} else {
		plan.Opponents, plan.Rounds = []string{"voxfit", "voxfit-dynamic", "voxfit-static", "channel", "errgroup"}, 2
	}
	var err error
	if plan.Sweeps, err = sweepsOfThisMachine(); err != nil {
		return plan, err
	}
	perVoxel := 0.0 // seconds of all fits, for each voxel
	for _, name := range plan.Models {
		for _, s := range plan.Sweeps {
			runs := 1.0 // the serial one
			for _, cores := range s.Cores {
				runs += 1 / float64(cores)
			}
			perVoxel += runs * float64(plan.Runs) * times[name].PerVoxel
		}
	}
	plan.Voxels = max(leastVoxels, min(mostVoxels, int(sweepShare*o.budget.Seconds()/perVoxel)))
	return plan, nil
}

// sweepsOfThisMachine are the ways to place and to schedule workers that differ here.
func sweepsOfThisMachine() ([]kit.Sweep, error) {
	allowed, err := numa.Allowed()
	if err != nil {
		return nil, err
	}
	machine := numa.Describe()
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

// timesOfModel is what a prediction starts from: chunks of one model on one core, and what the schedule costs.
type timesOfModel struct {
	PerVoxel float64           `json:"seconds_per_voxel"` // in the longest chunks
	Chunks   map[int][]float64 `json:"seconds_of_chunks"` // by their voxels
	Class    string            `json:"model"`
	Bytes    float64           `json:"bytes_per_voxel"`
	Dispatch float64           `json:"dispatch_s"`
	Start    float64           `json:"start_s"`
	Spawn    float64           `json:"spawn_s"`
}

// timesOfChunks takes a twentieth of the budget.
func (o *studyOptions) timesOfChunks(ctx context.Context) (map[string]timesOfModel, error) {
	const voxels = 1024
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: voxels, SNR: 30, Seed: 1})
	if err != nil {
		return nil, err
	}
	var costs simulate.ChunkTimes // of the schedule, whatever the model
	if err := scheduleCosts(ctx, &costs); err != nil {
		return nil, err
	}
	all, sizes := map[string]timesOfModel{}, []int{16, 64, 256}
	each := min(calibrationTime, o.budget/20/time.Duration(len(sizes)*len(modelsOfStudy())))
	for _, name := range modelsOfStudy() {
		m, err := standardModel(name, "", "", phantomInputs(p))
		if err != nil {
			return nil, err
		}
		f := m.Fitter()
		times := timesOfModel{Chunks: map[int][]float64{}, Class: m.Kind().Class, Bytes: float64(fit.VoxelBytes(f))}
		err = onOneCore(func() error {
			worker, result := f.NewWorker(), fit.New(f, voxels)
			for _, size := range sizes {
				if err := ctx.Err(); err != nil {
					return err
				}
				times.Chunks[size] = timesOfSize(f, worker, result, p.Signal, size, each)
				times.PerVoxel = study.Median(times.Chunks[size]) / float64(size)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		times.Dispatch, times.Start, times.Spawn = costs.Dispatch, costs.Start, costs.Spawn
		all[name] = times
	}
	return all, nil
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
	return o.step(kit.HashFile, stderr, "their SHA-256 is "+kit.Hash(text), func(path string) error {
		return disk.Replace(path, fmt.Appendf(nil, "%s  %s, registered %s\n", kit.Hash(text), kit.PredictionsFile, time.Now().UTC().Format(time.RFC3339)))
	})
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
	local := 0.0
	for i := range b.Read {
		local += b.Read[i][i] / float64(len(b.Read))
	}
	m.CoreGBs = max(0.01, b.OneCore)
	m.NodeGBs = max(m.CoreGBs, local)
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
		placement: placement{schedule: policyFlag(schedule), places: s.Places, smt: s.SMT},
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
		command: o.command, point: min(benchmetg.Point, o.budget/10000), budget: o.budget / 3}
}

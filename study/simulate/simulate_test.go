package simulate

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
)

// twoCores is the machine that testdata/two_cores.csv was recorded on; its bandwidths are from kbench env
// (BENCHMARKS.md).
var twoCores = Machine{Name: "two cores", Nodes: 1, NodesPerSocket: 1, CoresPerNode: 2, ComplexCores: 2, NodeGBs: 50.8, CoreGBs: 36,
	NearDistance: 10, FarDistance: 10, AllCoreClock: 1}

// eightNodes is a machine whose memory and clock cost nothing.
var eightNodes = Machine{Name: "eight nodes", Nodes: 8, NodesPerSocket: 4, CoresPerNode: 8, ComplexCores: 4, NodeGBs: 1e5, CoreGBs: 1e5,
	NearDistance: 12, FarDistance: 32, AllCoreClock: 1}

// evenTimes are chunks of any size that take so many seconds a voxel.
func evenTimes(perVoxel float64) ChunkTimes {
	return ChunkTimes{Model: "TensorModel", BytesPerVoxel: 1000, Dispatch: 1e-7, Start: 1e-4, Spawn: 1e-5,
		sizes: []sizedTimes{{voxels: 100, perVoxel: []float64{perVoxel}}}}
}

func predicted(t *testing.T, s Plan) []Prediction {
	t.Helper()
	p, err := s.Predict()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The recorded study (BENCHMARKS.md: 435,686 voxels, five runs a setting; one run a setting for the policies dynamic and
// static) is predicted on two workers from its runs on one. A setting's measured time is the median of its runs: a
// worker that was disturbed makes a run ten percent longer, which no simulation knows.
func TestTheSimulationPredictsWhatTwoWorkersMeasured(t *testing.T) {
	const path = "testdata/two_cores.csv"
	records, err := study.ReadRecords(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"csdm", "fwdtim"} {
		times, err := ReadChunkTimes(path, model, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, policy := range []sched.Policy{sched.NUMA, sched.Dynamic, sched.Static} {
			s := Plan{Machine: twoCores, Times: times, Policy: policy, Elastic: true, Resamples: 2}
			off := s.errorsOnTwoCores(t, records)
			t.Logf("%s, %v: %d numbers of chunks, error median %.3f, largest %.3f", model, policy, len(off), study.Median(off), slices.Max(off))
			if len(off) < 12 || study.Median(off) > 0.03 || slices.Max(off) > 0.1 {
				t.Errorf("%s, %v, on two workers: the errors are %.3f, want at least twelve with a median of at most 0.03 and none above 0.1", model, policy, off)
			}
		}
	}
}

func TestTheAccountOfEveryRecordedRunAddsUp(t *testing.T) {
	records, err := study.ReadRecords("testdata/two_cores.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		sum := r.Compute + r.Dispatch + r.Steal + r.StartWait + r.FirstTouch + r.TailWait
		if whole := r.Time * float64(r.CPUCount); math.Abs(sum-whole) > 0.01*whole {
			t.Errorf("%s on %d CPUs in %d chunks, run %d: the parts add up to %g s, %d x wall time is %g s", r.Model, r.CPUCount, r.NumChunks, r.Run, sum, r.CPUCount, whole)
		}
	}
	if len(records) < 310 {
		t.Errorf("%d runs are recorded, want the study's 310", len(records))
	}
}

// errorsOnTwoCores is how far predictions are from what was measured under the same policy, for each number of
// chunks.
func (s Plan) errorsOnTwoCores(t *testing.T, records []study.Record) (off []float64) {
	t.Helper()
	measured := map[int][]float64{}
	for _, r := range records {
		if r.Model == s.Times.Model && r.CPUCount == 2 && r.Schedule == s.Policy.String() {
			measured[r.NumChunks] = append(measured[r.NumChunks], r.Time)
			s.Voxels = r.NumVox
		}
	}
	s.Chunks, s.Cores = slices.Sorted(maps.Keys(measured)), []int{2}
	for _, p := range predicted(t, s) {
		off = append(off, math.Abs(p.Time.Value/study.Median(measured[p.Chunks])-1))
	}
	return off
}

func TestVirtualTimeIsAccountedForToTheLast(t *testing.T) {
	for _, policy := range []sched.Policy{sched.NUMA, sched.Dynamic, sched.Static} {
		for _, elastic := range []bool{false, true} {
			s := Plan{Machine: eightNodes, Times: evenTimes(1e-6), Voxels: 50001, Policy: policy, Elastic: elastic}
			d := sched.Divide(s.Voxels, 1000)
			v := s.virtual(d, s.draw(d, 0), 24, 4)
			a := v.run()
			sum := a.compute + a.dispatch + a.steal + a.start + a.tailWait
			if want := a.wall * 24; math.Abs(sum/want-1) > 1e-9 {
				t.Errorf("%s, elastic %v: the parts are %g core-seconds, wall x workers is %g", policy, elastic, sum, want)
			}
			if work := a.compute - a.waitMemory; math.Abs(work/(50001*1e-6)-1) > 1e-9 {
				t.Errorf("%s, elastic %v: %g s of work, want %g: a chunk is missing or done twice", policy, elastic, work, 50001*1e-6)
			}
		}
	}
}

func TestEvenWorkOnAMachineWithoutCostsScalesWithItsCores(t *testing.T) {
	times := evenTimes(10e-6)
	times.Dispatch, times.Start, times.Spawn = 0, 0, 0
	for _, p := range predicted(t, Plan{Machine: eightNodes, Times: times, Voxels: 6400000, Chunks: []int{6400}, Cores: []int{1, 8, 64}, Resamples: 2}) {
		if math.Abs(p.SpeedUp.Value/float64(p.Cores)-1) > 0.01 {
			t.Errorf("%d cores on %d nodes: speed-up %g", p.Cores, p.Nodes, p.SpeedUp.Value)
		}
	}
}

// One node's voxels cost ten times as much: stealing must level it, dealing out alone cannot.
func TestStealingLevelsANodeWhoseVoxelsAreDear(t *testing.T) {
	tail := func(policy sched.Policy) float64 {
		s := Plan{Machine: eightNodes, Times: evenTimes(10e-6), Voxels: 400000, Policy: policy}
		d := sched.Divide(s.Voxels, 8192)
		rates := s.draw(d, 0)
		for i := range rates[:len(rates)/8] {
			rates[i] *= 10
		}
		a := s.virtual(d, rates, 64, 8).run()
		return a.tailWait / (a.wall * 64)
	}
	if got := tail(sched.NUMA); got > 0.03 {
		t.Errorf("with stealing the tail is %.3f of the time, want at most 0.03", got)
	}
	if got := tail(sched.Static); got < 0.5 {
		t.Errorf("without stealing the tail is %.3f of the time: the imbalance is not simulated", got)
	}
}

func TestMemoryLimitsTheSpeedUp(t *testing.T) {
	m := eightNodes
	m.Nodes, m.NodesPerSocket, m.NodeGBs = 1, 1, 4 // a core wants 1 GB/s
	for _, p := range predicted(t, Plan{Machine: m, Times: evenTimes(1e-6), Voxels: 400000, Chunks: []int{1024}, Cores: []int{2, 4, 8}, Resamples: 2}) {
		if want := min(float64(p.Cores), 4); math.Abs(p.SpeedUp.Value/want-1) > 0.06 {
			t.Errorf("%d cores, of which memory feeds 4: speed-up %g", p.Cores, p.SpeedUp.Value)
		}
		if p.Cores == 8 && (p.Memory < 0.4 || p.Memory > 0.6) {
			t.Errorf("8 cores, of which memory feeds 4, lose %.2f of their time to memory", p.Memory)
		}
	}
}

func TestFarMemoryCostsTime(t *testing.T) {
	far := eightNodes
	far.CoreGBs = 2
	near := far
	near.NearDistance, near.FarDistance = 10, 10
	s := Plan{Times: evenTimes(1e-6), Voxels: 400000, Chunks: []int{1024}, Cores: []int{64}, Policy: sched.Dynamic, Resamples: 2}
	s.Machine = far
	slow := predicted(t, s)[0]
	s.Machine = near
	if fast := predicted(t, s)[0]; slow.Time.Value < 1.2*fast.Time.Value {
		t.Errorf("with far nodes %g s, with all near %g s", slow.Time.Value, fast.Time.Value)
	}
}

func TestPredictionsCanBeRepeatedAndHoldTheirValue(t *testing.T) {
	times := evenTimes(1e-6)
	times.sizes[0].perVoxel = []float64{0.9e-6, 1e-6, 1.3e-6, 0.8e-6}
	s := Plan{Machine: eightNodes, Times: times, Voxels: 100000, Chunks: []int{500, 2000}, Elastic: true, Resamples: 5, Seed: 3}
	first, second := predicted(t, s), predicted(t, s)
	if !slices.Equal(first, second) {
		t.Error("the same seed predicts something else")
	}
	for _, p := range first {
		if p.Time.Low > p.Time.Value || p.Time.High < p.Time.Value || p.SpeedUp.Low > p.SpeedUp.Value || p.SpeedUp.High < p.SpeedUp.Value {
			t.Errorf("%+v: the intervals do not hold the values", p)
		}
		if p.Cores > 1 && p.Time.Low == p.Time.High {
			t.Errorf("%d cores: chunks that differ give an interval without width", p.Cores)
		}
	}
}

func TestEveryNamedMachineIsWholeAndHasASource(t *testing.T) {
	most, nodes := 0, 0
	for _, m := range Machines() {
		if err := m.check(); err != nil || len(m.Source) < 20 {
			t.Errorf("%s: %v, source %q", m.Name, err, m.Source)
		}
		if found, err := FindMachine(m.Name); err != nil || found != m {
			t.Errorf("%s is not found by its name: %v", m.Name, err)
		}
		most, nodes = max(most, m.cores()), max(nodes, m.Nodes)
		for _, cores := range []int{1, m.cores()} {
			for _, n := range m.placements(cores) {
				seats := seatsOf(m, cores, n)
				perNode := map[int]int{}
				for _, s := range seats {
					perNode[s.Node]++
				}
				if len(perNode) != n {
					t.Errorf("%s: %d cores on %d nodes sit on %d", m.Name, cores, n, len(perNode))
				}
				for node, k := range perNode {
					if k > m.CoresPerNode || node >= m.Nodes {
						t.Errorf("%s: node %d has %d workers", m.Name, node, k)
					}
				}
			}
		}
	}
	if most < 192 || nodes < 8 {
		t.Errorf("the largest named machine has %d cores, %d nodes; want 192 and 8", most, nodes)
	}
}

func TestABrokenMachineIsOneClearError(t *testing.T) {
	dir := t.TempDir()
	whole := `{"nodes":1,"nodes_per_socket":1,"cores_per_node":4,"complex_cores":4,"node_gb_per_s":30,"core_gb_per_s":10,"near_distance":10,"far_distance":20,"all_core_clock":1}`
	for name, c := range map[string]struct{ text, want string }{
		"no.json":      {`{`, "unexpected"},
		"field.json":   {strings.Replace(whole, "nodes", "knots", 1), "knots"},
		"zero.json":    {strings.Replace(whole, `"cores_per_node":4`, `"cores_per_node":0`, 1), "cores_per_node"},
		"missing.json": {`{"nodes":1}`, "nodes_per_socket"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := FindMachine(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %v, want one line with %q", name, err, c.want)
		}
	}
	if _, err := FindMachine("no-such-machine"); err == nil || !strings.Contains(err.Error(), "c5.18xlarge") {
		t.Errorf("an unknown name: %v, want the known ones", err)
	}
	path := filepath.Join(dir, "whole.json")
	if err := os.WriteFile(path, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
	if m, err := FindMachine(path); err != nil || m.cores() != 4 {
		t.Errorf("a whole description gives %+v, %v", m, err)
	}
}

func TestASimulationRefusesWhatItCannotSimulate(t *testing.T) {
	good := Plan{Machine: eightNodes, Times: evenTimes(1e-6), Voxels: 100, Chunks: []int{10}}
	for name, spoil := range map[string]func(*Plan){
		"no times":       func(s *Plan) { s.Times.sizes = nil },
		"no voxels":      func(s *Plan) { s.Voxels = 0 },
		"no chunks":      func(s *Plan) { s.Chunks = nil },
		"too many cores": func(s *Plan) { s.Cores = []int{65} },
		"no machine":     func(s *Plan) { s.Machine = Machine{} },
	} {
		s := good
		spoil(&s)
		if _, err := s.Predict(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChunkTimesSurviveTheirFile(t *testing.T) {
	c := evenTimes(1e-6)
	c.Add(13, 2e-5)
	c.Add(100, 1.1e-4)
	path := filepath.Join(t.TempDir(), "chunks.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.WriteCSV(file); err != nil {
		t.Fatal(err)
	}
	file.Close()
	got, err := ReadChunkTimes(path, "dti", false)
	if err != nil {
		t.Fatal(err)
	}
	if got.Dispatch != c.Dispatch || got.Start != c.Start || got.Spawn != c.Spawn || got.BytesPerVoxel != c.BytesPerVoxel || len(got.sizes) != 2 ||
		got.sizes[0].voxels != 13 || math.Abs(got.sizes[1].perVoxel[1]/1.1e-6-1) > 1e-12 {
		t.Errorf("read back as %+v", got)
	}
	if _, err := ReadChunkTimes(path, "csdm", false); err == nil || !strings.Contains(err.Error(), "no chunk times") {
		t.Errorf("times of another model: %v", err)
	}
	for row, want := range map[string]string{
		"1,1,1,1,5,x": `time is "x", want seconds above 0`, "1,1,1,1,0.5,1": `voxels is "0.5", want a whole number from 1`,
		"-1,1,1,1,5,1": `bytes_per_voxel is "-1", want a number from 0`, "1,1,1,1,5,1,1": `taken_share is "1", want a share from 0, below 1`,
	} {
		studytest.Write(t, path, strings.Join(chunkTimesHeader[:2+strings.Count(row, ",")], ",")+"\nTensorModel,"+row+"\n")
		if _, err := ReadChunkTimes(path, "dti", false); err == nil || !strings.Contains(err.Error(), "line 2: "+want) {
			t.Errorf("row %s: error %v, want %q", row, err, want)
		}
	}
	if _, err := timesOfRuns(studytest.Runs(studytest.Known, 0, 1), "csdm", false); err == nil || !strings.Contains(err.Error(), "compute_s") {
		t.Errorf("runs without an account: %v", err)
	}
}

func TestDisturbedRunsAreNoChunkTimesUnlessTold(t *testing.T) {
	run := study.Record{Engine: "voxfit", Model: "TensorModel", NumVox: 1000, NumChunks: 10, CPUCount: 1, Time: 3, Compute: 3, CPUTime: 1, Taken: 2}
	if _, err := timesOfRuns([]study.Record{run}, "dti", false); err == nil || !strings.Contains(err.Error(), "1 run of TensorModel") ||
		!strings.Contains(err.Error(), "--even-if-busy") {
		t.Errorf("a disturbed run: %v", err)
	}
	if c, err := timesOfRuns([]study.Record{run}, "dti", true); err != nil || !strings.Contains(c.Note, "disturbed 1 of its 1 run ") {
		t.Errorf("a disturbed run, as told: note %q, error %v", c.Note, err)
	}
	calm := run
	calm.Time, calm.Compute, calm.Taken = 1, 1, 0
	c, err := timesOfRuns([]study.Record{run, calm}, "dti", false)
	if err != nil || len(c.sizes) != 1 || len(c.sizes[0].perVoxel) != 1 || c.sizes[0].perVoxel[0] != 1e-3 || strings.Contains(c.Note, "disturbed") {
		t.Errorf("of a calm and a disturbed run: %+v, %q, %v", c.sizes, c.Note, err)
	}
}

// A file of chunk times knows that they were taken on a busy machine: a later prediction from it does, too.
func TestChunkTimesOfABusyMachineStayThose(t *testing.T) {
	c := ChunkTimes{Model: "TensorModel", Taken: 0.59}
	c.Add(10, 1)
	var text strings.Builder
	if err := c.WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "chunks.csv")
	studytest.Write(t, path, text.String())
	if _, err := ReadChunkTimes(path, "dti", false); err == nil || !strings.Contains(err.Error(), "chunks.csv: other programs took 59% of the core") ||
		!strings.Contains(err.Error(), "--even-if-busy") {
		t.Errorf("times of a busy machine: %v", err)
	}
	if c, err := ReadChunkTimes(path, "dti", true); err != nil || !strings.Contains(c.Note, "took 59% of the core") {
		t.Errorf("the same, as told: note %q, error %v", c.Note, err)
	}
}

package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study"
)

// Options say what is compared.
type Options struct {
	// Models are some of the names that the function Models lists.
	Models []string
	// Gradients and Response belong to the acquisition. Response is used by csdm only.
	Gradients *acq.GradientTable
	Response  acq.Response
	// Tissues are the tissues of msmt: WM, GM and CSF.
	Tissues []model.Tissue
	// Signal is voxels x Gradients.Len(), voxel-major. A model takes the first voxels, at most as many
	// as its limit (Limits).
	Signal []float32
	// ISA is voxfit's instruction set, as kernel.WithISA takes it.
	ISA string
	// Rounds is how often everything is timed, at least 1.
	Rounds int
	// CPU is the CPU that everything runs on. It is ignored where threads cannot be pinned.
	CPU int
	// Engines are some of the names that the function Engines lists. Each adds a column.
	Engines []string
	// Python names a Python with DIPY, and for the engines with voxfit, too. If it is empty, the likeliest ones are
	// tried.
	Python string
	// Progress is called after each step, unless it is nil.
	Progress func(done, steps int)
}

// A Report is the result of Run.
type Report struct {
	CPU     int      `json:"cpu"` // -1 if nothing was pinned
	ISA     string   `json:"instruction_set"`
	Rounds  int      `json:"rounds"`
	Engines []Engine `json:"engines"` // ours first
	Models  []Result `json:"models"`
	Notes   []string `json:"notes"` // what is missing, and why
}

// An Engine is a program that was timed. Version is empty where the program is missing.
type Engine struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Build   string `json:"build,omitempty"` // of MRtrix3: with FMA, without FMA, or FMA unknown
}

// A Result has the times and the parity of one model with all engines.
type Result struct {
	Model  string   `json:"model"`
	Voxels int      `json:"voxels"`
	Times  []Times  `json:"times"` // one for each engine of the report
	Parity []Parity `json:"parity"`
}

// Times are the measurements of one engine on one model, in microseconds a voxel. There are no rounds if the engine
// is missing or does not have the model.
type Times struct {
	Engine  string  `json:"engine"`
	What    string  `json:"what,omitempty"` // the call or command that was timed
	Rounds  Rounds  `json:"us_per_voxel_rounds"`
	Median  float64 `json:"us_per_voxel,omitempty"`
	Slower  float64 `json:"times_slower_than_voxfit,omitempty"` // median of the rounds' ratios
	Ignored string  `json:"reason,omitempty"`                   // why there are no rounds
}

// Parity is one criterion of agreement between voxfit's result and a peer's.
type Parity struct {
	Peer      string  `json:"peer"`
	Criterion string  `json:"criterion"`
	Value     float64 `json:"value"`        // a difference, or a count of voxels
	Of        int     `json:"of,omitempty"` // the voxels counted; 0 for a difference
}

// An engine is a peer that has been started.
type engine interface {
	describe() Engine
	// prepare sets the task up, runs it once untimed, and returns what will be timed and how the results agree with
	// voxfit's.
	prepare(ctx context.Context, t *task, ours *fitted) (what string, parity []Parity, err error)
	// time runs the task once and returns the seconds that a voxel took.
	time(ctx context.Context, t *task) (float64, error)
	close()
}

// errNoModel is returned by prepare when the peer has no such model.
var errNoModel = errors.New("no such model")

// Run compares the models with all engines. It is not an error if a peer is missing or fails: a note in the report
// says so, and its times are missing.
func Run(ctx context.Context, o Options) (*Report, error) {
	isa, err := kernel.ChosenISA(kernel.WithISA(o.ISA))
	if err != nil {
		return nil, err
	}
	tasks, err := o.tasks()
	if err != nil {
		return nil, err
	}
	report := &Report{CPU: -1, ISA: isa, Rounds: o.Rounds, Engines: []Engine{{Name: "voxfit", Version: isa}}, Notes: []string{}}
	if numa.CanPin {
		unpin, err := numa.Pin(o.CPU)
		if err != nil {
			return nil, err
		}
		defer unpin()
		report.CPU = o.CPU
	} else {
		report.note("this system does not let a program choose its core: nothing is pinned")
	}
	folder, err := os.MkdirTemp("", "kbench-compare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	acquisition := python.Acquisition{Gradients: o.Gradients, Response: o.Response, Tissues: o.Tissues, Signal: o.Signal}
	if err := acquisition.Write(folder); err != nil {
		return nil, err
	}
	peers := []engine{}
	for _, start := range []func(context.Context, Options, string) (engine, error){startDIPY, findMRtrix} {
		peer, err := start(ctx, o, folder)
		if err != nil {
			report.note("%v", err)
			peer = missing{peer.describe()}
		}
		defer peer.close()
		peers = append(peers, peer)
	}
	r := runner{ctx: ctx, o: o, report: report, steps: len(tasks) * (1 + o.Rounds)}
	engines, bench, err := startEngines(ctx, o, folder)
	if err != nil {
		report.note("%v", err)
	} else if bench != nil {
		defer bench.Close()
		r.bench = bench
	}
	peers = append(peers, engines...)
	for _, peer := range peers {
		report.Engines = append(report.Engines, peer.describe())
	}
	r.peers = peers
	if err := r.run(tasks); err != nil {
		return nil, err
	}
	return report, nil
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// missing takes the place of a peer that is not installed.
type missing struct{ Engine }

func (m missing) describe() Engine { return Engine{Name: m.Name} }
func (m missing) prepare(context.Context, *task, *fitted) (string, []Parity, error) {
	return "", nil, errors.New("not here")
}
func (m missing) time(context.Context, *task) (float64, error) { return 0, errors.New("not here") }
func (m missing) close()                                       {}

type runner struct {
	ctx         context.Context
	o           Options
	peers       []engine
	bench       *python.Bench // of the engines in Python; nil if there are none
	report      *Report
	done, steps int
	use         calm.Use // of the CPU while voxfit ran
}

// noteLoad adds a note if other programs had a part of the CPU, because the times are then too long.
func (r *runner) noteLoad() {
	if r.use.Disturbed() {
		r.report.note("Other programs took %.0f%% of the CPU while voxfit ran, and perhaps while the peers ran, too. The times are therefore too long, and the ratios uncertain. Repeat on a calm machine.", 100*(1-r.use.Share()))
	}
}

func (r *runner) step() {
	if r.done++; r.o.Progress != nil {
		r.o.Progress(r.done, r.steps)
	}
}

func (r *runner) run(tasks []*task) error {
	results := make([]Result, len(tasks))
	for i, t := range tasks {
		var err error
		if results[i], err = r.prepare(t); err != nil {
			return err
		}
		r.step()
	}
	r.endRay()
	for range r.o.Rounds {
		if err := r.round(tasks, results); err != nil {
			return err
		}
	}
	for i := range results {
		results[i].summarise()
	}
	r.report.Models = results
	r.noteLoad()
	return nil
}

// prepare runs a task once with each engine and compares the results.
func (r *runner) prepare(t *task) (Result, error) {
	ours := t.fit()
	result := Result{Model: t.name, Voxels: t.voxels, Parity: []Parity{}, Times: []Times{{Engine: "voxfit", What: "Worker.Fit"}}}
	for _, peer := range r.peers {
		times := Times{Engine: peer.describe().Name, Rounds: Rounds{}}
		what, parity, err := peer.prepare(r.ctx, t, ours)
		if r.ctx.Err() != nil {
			return result, r.ctx.Err()
		}
		if err != nil {
			times.Ignored = err.Error()
			if _, absent := peer.(missing); !absent && !errors.Is(err, errNoModel) {
				r.report.note("%s, %s: %v", times.Engine, t.name, err)
			}
		}
		times.What = what
		result.Times = append(result.Times, times)
		result.Parity = append(result.Parity, parity...)
	}
	return result, nil
}

// round times every task with every engine once. Engines on Ray come last, and Ray is stopped after them. Some of
// its processes are always busy, and must not share the core while other engines are timed.
func (r *runner) round(tasks []*task, results []Result) error {
	for i, t := range tasks {
		var seconds float64
		r.use = r.use.Plus(calm.OfThread(func() { seconds = t.time() }))
		results[i].Times[0].Rounds = append(results[i].Times[0].Rounds, 1e6*seconds)
		if err := r.timePeers(t, &results[i], false); err != nil {
			return err
		}
		r.step()
	}
	defer r.endRay()
	for i, t := range tasks {
		if err := r.timePeers(t, &results[i], true); err != nil {
			return err
		}
	}
	return nil
}

// timePeers times a task once, with the peers that are on Ray or with the others. A peer that fails is left out of
// this and later rounds.
func (r *runner) timePeers(t *task, result *Result, ray bool) error {
	for k, peer := range r.peers {
		times := &result.Times[k+1]
		if times.Ignored != "" || python.OnRay(times.Engine) != ray {
			continue
		}
		seconds, err := peer.time(r.ctx, t)
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		if err != nil {
			times.Ignored, times.Rounds = err.Error(), Rounds{}
			r.report.note("%s, %s: %v", times.Engine, t.name, err)
			continue
		}
		times.Rounds = append(times.Rounds, 1e6*seconds)
	}
	return nil
}

func (r *Result) summarise() {
	for i := range r.Times {
		t := &r.Times[i]
		if len(t.Rounds) == 0 {
			continue
		}
		t.Median = study.Median(t.Rounds)
		if i > 0 {
			t.Slower = t.Rounds.Over(r.Times[0].Rounds)
		}
	}
}

// leastPassTime is how long an engine in this process runs in a round, at least.
const leastPassTime = 200 * time.Millisecond

// time runs voxfit's fit and returns the seconds a voxel.
func (t *task) time() float64 {
	return t.secondsAVoxel(func() { t.worker.Fit(t.params, t.status, t.signal) })
}

// secondsAVoxel calls pass, which fits all voxels, until leastPassTime is over, and returns the seconds a voxel.
func (t *task) secondsAVoxel(pass func()) float64 {
	runtime.GC()
	passes, begin := 0, time.Now()
	for passes == 0 || time.Since(begin) < leastPassTime {
		pass()
		passes++
	}
	return time.Since(begin).Seconds() / float64(passes*t.voxels)
}

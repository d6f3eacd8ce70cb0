package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study"
)

// runOptions are the flags of kbench run.
type runOptions struct {
	models, engines      []string
	minChunks, maxChunks int // powers of two
	runs                 int
	minScale, maxScale   int
	skipSerial           bool
	filename, out        string
	cpus                 []int
	numCPUs              int
	data                 inputs
	response             string
	voxels               int
	snr                  float64
	seed                 uint64
	isa                  string
	pin, noPin, resume   bool
	overlay, python      string
	command              string
}

func newRunCommand(args []string) *cobra.Command {
	o := runOptions{command: strings.Join(append([]string{"kbench"}, args...), " ")}
	c := &cobra.Command{
		Use:   "run",
		Short: "Repeat the study: models x chunks x cores, as CSV, figures and a page",
		Long: `Repeat the study: each model is fitted serially and in 2^min .. 2^max chunks on each number of CPUs,
several times. Every finished run is a row of the CSV, synced to disk; --resume goes on with a stopped
study. Without --data the voxels are a phantom of the HCP protocol (18 b0 + 3 x 90 directions).

The command line of the published study works as typed, with underscores or dashes.`,
		Example: `  kbench run
  kbench run --models csdm fwdtim --min_chunks 1 --max_chunks 15 --num_runs 5 --voxels 33000
  kbench run --data dwi.nii.gz --mask mask.nii.gz --cpus 1,2,4,8 -o study`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringSliceVar(&o.models, "models", []string{"csdm", "fwdtim"}, "models to fit: "+modelNames())
	f.StringSliceVar(&o.engines, "engines", []string{engineVoxfit}, "who fits: "+engineVoxfit+", and through Python "+strings.Join(pythonEngines, ", "))
	f.StringVar(&o.python, "python", "", "Python with DIPY and voxfit (default: as for kbench compare)")
	f.IntVar(&o.minChunks, "min-chunks", 1, "smallest chunk count, as a power of two")
	f.IntVar(&o.maxChunks, "max-chunks", 13, "largest chunk count, as a power of two")
	f.IntVar(&o.runs, "num-runs", 3, "repetitions of each setting")
	f.IntVar(&o.minScale, "min-scale", 1, "smallest scale: a scale s fits the data s times over, as one block")
	f.IntVar(&o.maxScale, "max-scale", 1, "largest scale")
	f.BoolVar(&o.skipSerial, "skip-serial", false, "leave out the serial baseline")
	f.StringVar(&o.filename, "filename", "", "CSV file (default: runs.csv in the output folder)")
	f.StringVarP(&o.out, "output", "o", "", "output folder (default: kbench-run, or the next free kbench-run-N; beside --filename CSV: CSV-report)")
	f.IntSliceVar(&o.cpus, "cpus", nil, "worker counts to try, as 1,2,8 (default: all allowed CPUs)")
	f.IntVar(&o.numCPUs, "num-cpus", 0, "one worker count: the published program's name for --cpus")
	f.StringVar(&o.data.dwi, "data", "", "4D diffusion image to fit instead of the phantom")
	o.data.addFlags(f)
	f.StringVar(&o.response, "response", "auto", responseHelp)
	f.IntVar(&o.voxels, "voxels", 33000, "voxels of the phantom")
	f.Float64Var(&o.snr, "snr", 30, "signal-to-noise ratio of the phantom's b0s; 0 is noiseless")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the phantom")
	f.StringVar(&o.isa, "isa", "", isaHelp)
	f.BoolVar(&o.pin, "pin", true, "pin each worker to one CPU")
	f.BoolVar(&o.noPin, "no-pin", false, "do not pin workers")
	f.BoolVar(&o.resume, "resume", false, "go on with a stopped study: keep the CSV's rows, run what is missing")
	f.StringVar(&o.overlay, "overlay", "", "CSV of the published study, to draw behind ours")
	return c
}

// check refuses settings that cannot be run, before anything is read or made.
func (o *runOptions) check() error {
	for _, name := range o.models {
		if _, err := findModel(name); err != nil {
			return err
		}
	}
	if err := o.checkEngines(); err != nil {
		return err
	}
	switch {
	case len(o.models) == 0:
		return errors.New("--models needs at least one of " + modelNames())
	case o.minChunks < 0 || o.maxChunks < o.minChunks || o.maxChunks > 30:
		return fmt.Errorf("--min-chunks %d --max-chunks %d: want 0 <= min <= max <= 30 (powers of two)", o.minChunks, o.maxChunks)
	case o.runs < 1:
		return fmt.Errorf("--num-runs %d: want at least 1", o.runs)
	case o.minScale < 1 || o.maxScale < o.minScale:
		return fmt.Errorf("--min-scale %d --max-scale %d: want 1 <= min <= max", o.minScale, o.maxScale)
	case o.voxels < 1:
		return fmt.Errorf("--voxels %d: want at least 1", o.voxels)
	case o.numCPUs < 0:
		return fmt.Errorf("--num-cpus %d: want at least 1", o.numCPUs)
	}
	if o.numCPUs > 0 {
		if len(o.cpus) > 0 {
			return errors.New("give --cpus or --num-cpus, not both")
		}
		o.cpus = []int{o.numCPUs}
	}
	allowed, err := numa.Allowed()
	if err != nil {
		return err
	}
	if len(o.cpus) == 0 {
		o.cpus = []int{len(allowed)}
	}
	for _, n := range o.cpus {
		if n < 1 || n > len(allowed) {
			return fmt.Errorf("--cpus %d: this process may use 1 to %d CPUs", n, len(allowed))
		}
	}
	return nil
}

func (o *runOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := o.nameOutput(); err != nil {
		return err
	}
	block, err := o.load(ctx, stderr)
	if err != nil {
		return err
	}
	fitters, err := o.fitters(block, stderr)
	if err != nil {
		return err
	}
	log, err := o.openLog(stderr)
	if err != nil {
		return err
	}
	defer log.Close()
	planned := o.plan(block, fitters)
	missing := slices.DeleteFunc(slices.Clone(planned), func(p plannedRun) bool { return log.Done(p.record.Key()) })
	if done := len(planned) - len(missing); done > 0 {
		fmt.Fprintf(stderr, "%s has %d of the %d runs; %d to go\n", log.Path(), done, len(planned), len(missing))
	}
	var python *pythonBench
	if slices.ContainsFunc(missing, plannedRun.inPython) {
		if python, err = startPython(ctx, o.python, block); err != nil {
			return err
		}
		defer python.close()
	}
	bar := newProgress(stderr, "run", "runs", len(missing))
	var result fit.Result
	for i, p := range missing {
		var record study.Record
		if p.inPython() {
			record, err = python.measure(p, stderr)
		} else {
			record, err = o.measure(ctx, p, block, &result)
		}
		if err == nil {
			err = log.Append(record)
		}
		if err != nil {
			bar.finish()
			return fmt.Errorf("%w (%d of %d runs are in %s; the same command with --resume goes on)",
				err, len(planned)-len(missing)+i, len(planned), log.Path())
		}
		bar.set(i + 1)
	}
	bar.finish()
	report := reportOptions{
		out: o.out, command: o.command, sources: []string{log.Path()}, perCPU: publishedPerCPU,
		records: log.Records(), machine: machineFacts(), facts: o.dataFacts(block),
	}
	if o.overlay != "" {
		behind, err := study.ReadRecords(o.overlay)
		if err != nil {
			return err
		}
		report.records, report.sources = append(report.records, behind...), append(report.sources, o.overlay)
	}
	return writeStudy(stdout, report)
}

// nameOutput fills in the output folder and the CSV's path, and refuses a CSV that is there already
// unless it is to be gone on with.
func (o *runOptions) nameOutput() error {
	if o.out == "" {
		if o.out = strings.TrimSuffix(o.filename, ".csv") + "-report"; o.filename == "" {
			o.out = defaultFolder(o.resume)
		}
	}
	if o.filename == "" {
		o.filename = filepath.Join(o.out, "runs.csv")
	}
	if _, err := os.Stat(o.filename); err == nil && !o.resume {
		return fmt.Errorf("%s exists; --resume goes on with it, -o names another folder", o.filename)
	}
	return nil
}

// openLog opens the CSV, new or (with --resume) as it was left, and makes its folder.
func (o *runOptions) openLog(stderr io.Writer) (*study.Log, error) {
	for _, folder := range []string{o.out, filepath.Dir(o.filename)} {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return nil, fmt.Errorf("output folder %s cannot be made: %w", folder, rootCause(err))
		}
	}
	log, err := study.OpenLog(o.filename)
	if err == nil && log.Repaired() != "" {
		fmt.Fprintln(stderr, log.Repaired())
	}
	return log, err
}

// defaultFolder is the last existing kbench-run folder when resuming, else the first free one.
func defaultFolder(resume bool) string {
	last := "kbench-run"
	for n := 1; ; n++ {
		name := "kbench-run"
		if n > 1 {
			name = fmt.Sprintf("kbench-run-%d", n)
		}
		if _, err := os.Stat(name); err != nil {
			if resume {
				return last
			}
			return name
		}
		last = name
	}
}

// A studyBlock is the data of a study: masked voxels, voxel-major.
type studyBlock struct {
	gradients *acq.GradientTable
	response  acq.Response
	tissues   []model.Tissue // of msmt
	shape     []int          // of the 4D image
	signal    []float32
	voxels    int
}

// dataFacts describes what was fitted, for the page.
func (o *runOptions) dataFacts(b studyBlock) []study.Fact {
	source := o.data.dwi
	if source == "" {
		source = fmt.Sprintf("phantom, HCP protocol, SNR %g, seed %d", o.snr, o.seed)
	}
	facts := []study.Fact{
		{Name: "data", Value: source},
		{Name: "voxels", Value: fmt.Sprint(b.voxels)},
		{Name: "measurements", Value: fmt.Sprint(b.gradients.Len())},
	}
	if needsResponse(o.models) {
		facts = append(facts, study.Fact{Name: "response", Value: b.response.String()})
	}
	return facts
}

// at returns the block at a scale: the same voxels, scale times over.
func (b studyBlock) at(scale int) studyBlock {
	if scale > 1 {
		b.signal = slices.Repeat(b.signal, scale)
		b.voxels *= scale
	}
	return b
}

// A plannedRun is a run to be measured: what will be asked for (record), and with what.
type plannedRun struct {
	record study.Record
	fitter kernel.Fitter
	model  string // as the command line names it
	scale  int
}

// inPython says whether the run is not this program's own.
func (p plannedRun) inPython() bool { return slices.Contains(pythonEngines, p.record.Engine) }

// plan lists the runs. Repetitions are the outer loop, so that a slow drift of the machine touches
// every setting alike.
func (o *runOptions) plan(block studyBlock, fitters map[string]model.Model) []plannedRun {
	isa, _ := kernel.ChosenISA(kernel.WithISA(o.isa))
	host, _ := os.Hostname()
	allowed, _ := numa.Allowed()
	var planned []plannedRun
	add := func(name, engine string, scale, cpus, chunks, run int) {
		m, voxels := fitters[name], block.voxels*scale
		p := plannedRun{fitter: m.Fitter(), model: name, scale: scale, record: study.Record{
			Engine: engine, Model: m.StudyName(), DataShape: block.shape, NumVox: voxels, CPUCount: cpus,
			NumChunks: chunks, VoxPerChunk: max(1, voxels/chunks), Run: run,
			ISA: isa, Pinned: o.pin && !o.noPin, Nodes: nodesOf(allowed[:cpus]), Version: version(), Host: host,
		}}
		if p.inPython() {
			p.record.Pinned = false
			if strings.HasPrefix(engine, "dipy") {
				p.record.ISA = ""
			}
		}
		planned = append(planned, p)
	}
	for scale := o.minScale; scale <= o.maxScale; scale++ {
		for run := 1; run <= o.runs; run++ {
			for _, name := range o.models {
				if !o.skipSerial && slices.Contains(o.engines, engineVoxfit) {
					add(name, "serial", scale, 1, 1, run)
				}
				for _, engine := range o.engines {
					if study.IsSerial(engine) {
						add(name, engine, scale, 1, 1, run)
						continue
					}
					for _, cpus := range o.cpus {
						for k := o.minChunks; k <= o.maxChunks; k++ {
							add(name, engine, scale, cpus, 1<<k, run)
						}
					}
				}
			}
		}
	}
	return planned
}

// nodesOf counts the NUMA nodes that some CPUs belong to.
func nodesOf(cpus []int) int {
	machine := numa.Describe()
	nodes := map[int]bool{}
	for _, cpu := range cpus {
		if node, ok := machine.Node(cpu); ok {
			nodes[node.ID] = true
		}
	}
	return max(1, len(nodes))
}

// measure does one planned run and fills in its record. result is kept from run to run, so that its
// memory is in place before the clock starts.
func (o *runOptions) measure(ctx context.Context, p plannedRun, block studyBlock, result *fit.Result) (study.Record, error) {
	block = block.at(p.scale)
	if len(result.Status) != block.voxels || len(result.Parameters) != block.voxels*p.fitter.Parameters() {
		*result = fit.New(p.fitter, block.voxels)
	}
	clear(result.Parameters)
	clear(result.Status)
	runtime.GC()

	record := p.record
	memory := watchMemory()
	account, err := fit.Block(ctx, p.fitter, block.signal, *result, sched.Plan{
		Chunks: record.NumChunks, Workers: record.CPUCount, Pin: record.Pinned,
	})
	record.MemUsage, record.AvgMem = memory.stop()
	if err != nil {
		return record, err
	}
	record.MemorySize = memory.total
	record.PeakRSS = peakRSS()
	record.Time = account.Wall.Seconds()
	for _, w := range account.Workers {
		record.Compute += w.Compute.Seconds()
		record.Dispatch += w.Dispatch.Seconds()
		record.Steal += w.Steal.Seconds()
		record.StartWait += w.StartWait.Seconds()
		record.TailWait += w.TailWait.Seconds()
	}
	return record, nil
}

// A memoryWatch samples the memory in use on the whole machine once a second, as the published
// program does.
type memoryWatch struct {
	total   int64
	quit    chan struct{}
	samples chan []float64
}

func watchMemory() memoryWatch {
	w := memoryWatch{quit: make(chan struct{}), samples: make(chan []float64, 1)}
	used, total := machineMemory()
	w.total = total
	go func() {
		samples := []float64{used}
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				used, _ := machineMemory()
				samples = append(samples, used)
			case <-w.quit:
				w.samples <- samples
				return
			}
		}
	}()
	return w
}

// stop ends the watch and returns the samples and their mean, in GiB.
func (w memoryWatch) stop() (samples []float64, mean float64) {
	close(w.quit)
	samples = <-w.samples
	for _, s := range samples {
		mean += s / float64(len(samples))
	}
	return samples, math.Round(mean*1e6) / 1e6
}

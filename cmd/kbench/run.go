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
	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/page"
)

// runOptions are the flags of kbench run.
type runOptions struct {
	models, engines      []string
	minChunks, maxChunks int // powers of two
	runs, retries        int
	retriesLeft          int       // of the whole study
	retryUntil           time.Time // zero: as long as there are retries left
	minScale, maxScale   int
	scaleMask            string
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
	placement            placement
	places               []int // the CPUs that workers get, in order
	resume               bool
	rowsAlone            bool // no page
	overlay, python      string
	command              string
}

func newRunCommand(args []string) *cobra.Command {
	o := runOptions{command: commandLine(args)}
	c := &cobra.Command{
		Use:   "run",
		Short: "Repeat the study: models x chunks x cores, as CSV, figures and a page",
		Long: `Repeat the study: each model is fitted serially and in 2^min .. 2^max chunks on each number of CPUs,
several times. Every finished run is a row of the CSV file and is put on disk at once. --resume goes on
with a study that was stopped. Without --data the voxels are a phantom of the HCP protocol (18 b0 + 3 x 90 directions).

The command line of the published study works as typed, with underscores or dashes.`,
		Example: `  kbench run
  kbench run --models csdm fwdtim --min_chunks 1 --max_chunks 15 --num_runs 5 --voxels 33000
  kbench run --data dwi.nii.gz --mask mask.nii.gz --cpus 1,2,4,8 -o measured`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringSliceVar(&o.models, "models", model.Names()[:2], "models to fit: "+modelNames())
	completeList(args, c, "models", model.Names)
	f.StringSliceVar(&o.engines, "engines", []string{engineVoxfit}, "who fits: "+engineVoxfit+", and through Python "+strings.Join(python.Engines, ", "))
	f.StringVar(&o.python, "python", "", "Python with DIPY and voxfit (default: as for kbench compare)")
	f.IntVar(&o.minChunks, "min-chunks", 1, "smallest chunk count, as a power of two")
	f.IntVar(&o.maxChunks, "max-chunks", 13, "largest chunk count, as a power of two")
	f.IntVar(&o.runs, "num-runs", 3, "repetitions of each setting")
	f.IntVar(&o.retries, "retries", 2, "measure a run again, at most so many times, while other programs take more than 5% of its CPUs (of the whole study at most a quarter of its runs)")
	f.IntVar(&o.minScale, "min-scale", 1, "smallest scale: a scale s replaces the data by the means of blocks of s x s x s voxels")
	f.IntVar(&o.maxScale, "max-scale", 1, "largest scale")
	f.StringVar(&o.scaleMask, "scale-mask", maskAligned, "mask at scales above 1: aligned with the data, or published, the mask's corner that the published program takes")
	f.BoolVar(&o.skipSerial, "skip-serial", false, "leave out the serial baseline")
	f.StringVar(&o.filename, "filename", "", "CSV file (default: runs.csv in the output folder)")
	f.StringVarP(&o.out, "output", "o", "", "output folder (default: kbench-run, or the next free kbench-run-N; beside --filename CSV: CSV-report)")
	f.IntSliceVar(&o.cpus, "cpus", nil, "worker counts to try, as 1,2,8 (default: all allowed CPUs, or as many as the cgroup's quota pays for)")
	f.IntVar(&o.numCPUs, "num-cpus", 0, "one worker count: the published program's name for --cpus")
	f.StringVar(&o.data.dwi, "data", "", "4D diffusion image to fit instead of the phantom")
	o.data.addFlags(f)
	o.response = "auto"
	f.Var(namedValue(&o.response, "auto"), "response", responseHelp)
	f.IntVar(&o.voxels, "voxels", 33000, "voxels of the phantom")
	f.Float64Var(&o.snr, "snr", 30, "signal-to-noise ratio of the phantom's b0s; 0 is noiseless")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the phantom")
	f.StringVar(&o.isa, "isa", "", isaHelp)
	o.placement.addFlags(f)
	f.BoolVar(&o.resume, "resume", false, "go on with a stopped study: keep the CSV's rows, run what is missing")
	f.StringVar(&o.overlay, "overlay", "", "CSV of the published study; its curves are drawn behind the new ones")
	return c
}

// check refuses settings that cannot be run, before anything is read or made.
func (o *runOptions) check() error {
	for _, name := range o.models {
		if _, err := model.Find(name); err != nil {
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
		return fmt.Errorf("--min-chunks %d --max-chunks %d: expected 0 <= min <= max <= 30 (powers of two)", o.minChunks, o.maxChunks)
	case o.runs < 1:
		return fmt.Errorf("--num-runs %d: expected at least 1", o.runs)
	case o.retries < 0:
		return fmt.Errorf("--retries %d: expected 0 or more", o.retries)
	case o.minScale < 1 || o.maxScale < o.minScale:
		return fmt.Errorf("--min-scale %d --max-scale %d: expected 1 <= min <= max", o.minScale, o.maxScale)
	case o.scaleMask != maskAligned && o.scaleMask != maskPublished:
		return fmt.Errorf("--scale-mask %s: expected %s or %s", o.scaleMask, maskAligned, maskPublished)
	case o.voxels < 1:
		return fmt.Errorf("--voxels %d: expected at least 1", o.voxels)
	case o.numCPUs < 0:
		return fmt.Errorf("--num-cpus %d: expected at least 1", o.numCPUs)
	}
	if o.numCPUs > 0 {
		if len(o.cpus) > 0 {
			return errors.New("give --cpus or --num-cpus, not both")
		}
		o.cpus = []int{o.numCPUs}
	}
	if err := errors.Join(once("--models", o.models), once("--engines", o.engines), once("--cpus", o.cpus)); err != nil {
		return err
	}
	var err error
	if o.places, err = o.placement.cpus(); err != nil {
		return err
	}
	if len(o.cpus) == 0 {
		o.cpus = []int{defaultWorkers(o.places)}
	}
	for _, n := range o.cpus {
		if n < 1 || n > len(o.places) {
			return fmt.Errorf("--cpus %d: expected 1 to %d, the number of CPUs that this process may use", n, len(o.places))
		}
	}
	return nil
}

// once refuses a value that is named twice: its runs would be repetitions of each other with one number.
func once[T comparable](flag string, values []T) error {
	for i, x := range values {
		if slices.Contains(values[:i], x) {
			return fmt.Errorf("%s: %v is named twice", flag, x)
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
	blocks, err := o.loadScales(ctx, stderr)
	defer freeBlocks(blocks)
	if err != nil {
		return err
	}
	fitters, err := o.fitters(blocks, stderr)
	if err != nil {
		return err
	}
	planned := o.plan(blocks)
	peers := &pythonStudy{python: o.python, isa: o.isa, said: map[string]bool{}}
	defer peers.close()
	if i := slices.IndexFunc(planned, plannedRun.inPython); i >= 0 {
		endsPrograms(ctx)
		if err := peers.start(ctx, planned[i].block); err != nil {
			return err // before there is a file
		}
	}
	log, err := o.openLog(stderr)
	if err != nil {
		return err
	}
	defer log.Close()
	key, err := o.key(ctx, blocks[0], fitters)
	if err != nil {
		return err
	}
	if err := o.checkKey(key, len(log.Records())); err != nil {
		return err
	}
	missing := slices.DeleteFunc(slices.Clone(planned), func(p plannedRun) bool { return log.Done(p.record.Key()) })
	if done := len(planned) - len(missing); done > 0 {
		fmt.Fprintf(stderr, "%s has %d of the %d runs; %d to go\n", log.Path(), done, len(planned), len(missing))
	}
	results, err := newResults(blocks)
	if err != nil {
		return err
	}
	defer results.Free()
	kept := func(done int) string {
		return fmt.Sprintf("%d of %d runs are in %s; the same command with --resume goes on", len(planned)-len(missing)+done, len(planned), log.Path())
	}
	keeps(ctx, "%s", kept(0))
	o.retriesLeft = (len(missing) + 3) / 4
	bar := newProgress(stderr, "run", "runs", len(missing))
	for i, p := range missing {
		if err := o.record(ctx, p, peers, results, log, stderr); err != nil {
			bar.finish()
			return fmt.Errorf("%w (%s)", err, kept(i))
		}
		bar.set(i + 1)
		keeps(ctx, "%s", kept(i+1))
	}
	if o.rowsAlone {
		bar.finish()
		return nil
	}
	bar.finish()
	sayDisturbed(stderr, log.Records())
	report, err := o.report(log, blocks[0])
	if err != nil {
		return err
	}
	return writeStudy(stdout, stderr, report)
}

// record measures one run, in this process or by a peer, and appends it to the log.
func (o *runOptions) record(ctx context.Context, p plannedRun, peers *pythonStudy, results *fit.Room, log *study.Log, stderr io.Writer) error {
	if err := peers.leaveRay(p); err != nil {
		return err
	}
	record, err := o.measureCalmly(ctx, p, peers, results, stderr)
	if err != nil {
		return err
	}
	return log.Append(record)
}

// report is what is said of the runs in the log, with those of another study behind them where the user named one.
func (o *runOptions) report(log *study.Log, block studyBlock) (reportOptions, error) {
	report := reportOptions{
		out: o.out, command: o.command, again: o.command, sources: []string{log.Path()}, perCPU: publishedPerCPU,
		records: log.Records(), machine: machineFacts(), facts: o.dataFacts(block),
	}
	if o.overlay != "" {
		behind, err := study.ReadRecords(o.overlay)
		if err != nil {
			return report, err
		}
		report.records, report.sources = append(report.records, behind...), append(report.sources, o.overlay)
	}
	return report, nil
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
		if _, err := makeFolders(folder); err != nil {
			return nil, err
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

// A studyBlock is the data of a study at one scale, masked voxels, and the models that are fitted to them.
type studyBlock struct {
	gradients *acq.GradientTable
	response  acq.Response
	tissues   []model.Tissue // of msmt
	shape     []int          // of the 4D image
	voxels    int
	room      *fit.Room // their signal
	inputs    []input   // files that they came from; none for a phantom
	models    map[string]model.Model
}

// dataFacts describes what was fitted, for the page.
func (o *runOptions) dataFacts(b studyBlock) []page.Fact {
	source := o.data.dwi
	if source == "" {
		source = fmt.Sprintf("phantom, HCP protocol, SNR %g, seed %d", o.snr, o.seed)
	}
	facts := []page.Fact{
		{Name: "data", Value: source},
		{Name: "voxels", Value: fmt.Sprint(b.voxels)},
		{Name: "measurements", Value: fmt.Sprint(b.gradients.Len())},
	}
	if needsResponse(o.models) {
		facts = append(facts, page.Fact{Name: "response", Value: b.response.String()})
	}
	return facts
}

// signal is that of the voxels.
func (b studyBlock) signal() []float32 { return b.room.Signal }

// newResults makes room for the results of any model on any of the blocks.
func newResults(blocks []studyBlock) (*fit.Room, error) {
	voxels, parameters := 0, 0
	for _, b := range blocks {
		voxels = max(voxels, b.voxels)
		for _, m := range b.models {
			parameters = max(parameters, m.Fitter().Parameters())
		}
	}
	return fit.NewRoom(voxels, 0, parameters)
}

func freeBlocks(blocks []studyBlock) {
	for _, b := range blocks {
		if b.room != nil {
			b.room.Free()
		}
	}
}

// A plannedRun is a run to be measured: what will be asked for (record), and with what.
type plannedRun struct {
	record study.Record
	fitter kernel.Fitter
	plan   sched.Plan
	model  string // as the command line names it
	block  *studyBlock
}

// inPython says whether the run is not this program's own.
func (p plannedRun) inPython() bool { return slices.Contains(python.Engines, p.record.Engine) }

// plan lists the runs. Repetitions are the outer loop, so that a slow drift of the machine touches
// every setting alike.
func (o *runOptions) plan(blocks []studyBlock) []plannedRun {
	isa, _ := kernel.ChosenISA(kernel.WithISA(o.isa))
	host, _ := os.Hostname()
	machine := numa.Describe()
	pin := o.placement.pinning()
	var planned []plannedRun
	add := func(name, engine string, block *studyBlock, cpus, chunks, run int) {
		m, voxels := block.models[name], block.voxels
		plan := o.placement.plan(o.places, cpus)
		plan.Voxels, plan.Chunks, plan.Counters = voxels, chunks, true
		p := plannedRun{fitter: m.Fitter(), plan: plan, model: name, block: block, record: study.Record{
			Engine: engine, Model: m.Kind().Class, DataShape: block.shape, NumVox: voxels, CPUCount: cpus,
			NumChunks: chunks, VoxPerChunk: max(1, voxels/chunks), Run: run,
			ISA: isa, Pinned: pin != sched.PinNone, Nodes: nodesOf(machine, o.places[:cpus]), Version: version(), Host: host,
			Schedule: plan.Policy.String(), Pin: pin.String(), Places: o.placement.places, Cores: machine.CoresOf(o.places[:cpus]),
		}}
		if p.inPython() {
			p.record.Pinned, p.record.Schedule, p.record.Pin, p.record.Places = false, "", "", ""
			if strings.HasPrefix(engine, "dipy") {
				p.record.ISA = ""
			}
		}
		planned = append(planned, p)
	}
	for i := range blocks {
		for run := 1; run <= o.runs; run++ {
			for _, name := range o.models {
				if !o.skipSerial && slices.Contains(o.engines, engineVoxfit) {
					add(name, "serial", &blocks[i], 1, 1, run)
				}
				for _, engine := range o.engines {
					if study.IsSerial(engine) {
						add(name, engine, &blocks[i], 1, 1, run)
						continue
					}
					for _, cpus := range o.cpus {
						for k := o.minChunks; k <= o.maxChunks; k++ {
							add(name, engine, &blocks[i], cpus, 1<<k, run)
						}
					}
				}
			}
		}
	}
	return planned
}

// nodesOf counts the NUMA nodes that some CPUs belong to.
func nodesOf(machine numa.Machine, cpus []int) int {
	nodes := map[int]bool{}
	for _, cpu := range cpus {
		if node, ok := machine.Node(cpu); ok {
			nodes[node.ID] = true
		}
	}
	return max(1, len(nodes))
}

// measure does one planned run and fills in its record. Memory is in place, on the nodes where the
// workers want it, before the clock starts.
func (o *runOptions) measure(ctx context.Context, p plannedRun, results *fit.Room) (study.Record, error) {
	record, signal := p.record, p.block.room
	all := sched.Range{End: record.NumVox}
	if _, err := signal.Place(p.plan, nil, all); err != nil {
		return record, err
	}
	plan, err := results.Place(p.plan, p.fitter, all)
	if err != nil {
		return record, err
	}
	result := results.Result(p.fitter, record.NumVox)
	clear(result.Parameters)
	clear(result.Status)
	runtime.GC()

	memory, use := watchMemory(), watchUse(o.places[:record.CPUCount])
	account, err := fit.Block(ctx, p.fitter, signal.Signal[:record.NumVox*p.fitter.Measurements()], result, plan)
	record.MemUsage, record.AvgMem = memory.stop()
	if err != nil {
		return record, err
	}
	record.MemorySize = memory.total
	record.PeakRSS = peakRSS()
	writeAccount(&record, account)
	use.addHost(&record)
	return record, nil
}

// writeAccount puts a run's account into its record.
func writeAccount(record *study.Record, account sched.Account) {
	sum := account.Sum()
	record.Time = account.Wall.Seconds()
	record.Compute = sum.Compute.Seconds()
	record.Dispatch = sum.Dispatch.Seconds()
	record.Steal = sum.Steal.Seconds()
	record.StartWait = sum.StartWait.Seconds()
	record.FirstTouch = sum.FirstTouch.Seconds()
	record.TailWait = sum.TailWait.Seconds()
	record.ChunksRun, record.ChunksStolen = int64(sum.Chunks), int64(sum.Stolen)
	record.ChunkMedian = sum.ChunkTimes.Quantile(0.5).Seconds()
	record.ChunkP99 = sum.ChunkTimes.Quantile(0.99).Seconds()
	record.LocalBytes, record.FarBytes = sum.LocalBytes, sum.FarBytes
	record.VoluntarySwitches, record.InvoluntarySwitches = sum.VoluntarySwitches, sum.InvoluntarySwitches
	record.Migrations = int64(sum.Migrations)
	record.CPUTime, record.Late = sum.CPUTime.Seconds(), sum.Late.Seconds()
	for _, w := range account.Workers { // each its own: what one worker had too much is not another's
		record.Taken += w.Taken().Seconds()
	}
	record.Instructions, record.Cycles, record.CacheMisses = sum.Counts.Instructions, sum.Counts.Cycles, sum.Counts.CacheMisses
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

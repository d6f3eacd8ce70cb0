package main

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"github.com/google/pprof/profile"

	"github.com/voxfit/voxfit/internal/plural"
)

// A fitProfile divides the time of a fit into phases and into stages. Phases follow one another. Stages run at the same
// time: a hundred samples a second of each CPU say which functions are running. A nil fitProfile does nothing.
type fitProfile struct {
	cpus    int
	samples bytes.Buffer
	stop    chan struct{}
	stopped sync.WaitGroup

	mu     sync.Mutex
	phases []phaseTime
	phase  int
	wall   time.Time
	cpu    time.Duration
}

// A phaseTime is the time of one phase.
type phaseTime struct {
	name             string
	wall, cpu, alone time.Duration // alone is the wall time in which at most one CPU worked
}

// tick is the time between two measurements of how many CPUs work.
const tick = 5 * time.Millisecond

// startProfile starts a profile, in the first phase.
func startProfile(cpus int) (*fitProfile, error) {
	p := &fitProfile{cpus: cpus, stop: make(chan struct{}), phases: []phaseTime{{name: phaseSetUp}}, wall: time.Now(), cpu: processTime()}
	if err := pprof.StartCPUProfile(&p.samples); err != nil {
		return nil, fmt.Errorf("--profile: %w", err)
	}
	p.stopped.Go(func() {
		ticks := time.NewTicker(tick)
		defer ticks.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-ticks.C:
				p.account()
			}
		}
	})
	return p, nil
}

// The phases of a fit, in their order.
const (
	phaseSetUp = "set up"
	phaseRead  = "read"
	phaseFit   = "fit"
	phaseWrite = "write"
)

// enter begins a phase, or continues it, and returns a function that ends it.
func (p *fitProfile) enter(name string) (leave func()) {
	if p == nil {
		return func() {}
	}
	p.account()
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.phase
	for p.phase = 0; p.phase < len(p.phases) && p.phases[p.phase].name != name; p.phase++ {
	}
	if p.phase == len(p.phases) {
		p.phases = append(p.phases, phaseTime{name: name})
	}
	return func() {
		p.account()
		p.mu.Lock()
		p.phase = before
		p.mu.Unlock()
	}
}

// account adds the time since the last call to the current phase.
func (p *fitProfile) account() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, cpu := time.Now(), processTime()
	wall, used := now.Sub(p.wall), cpu-p.cpu
	phase := &p.phases[p.phase]
	phase.wall += wall
	phase.cpu += used
	if used < wall+wall/4 { // a second CPU counts if it works for at least a quarter of the time
		phase.alone += wall
	}
	p.wall, p.cpu = now, cpu
}

// end stops the profile. It may be called twice.
func (p *fitProfile) end() {
	if p == nil {
		return
	}
	select {
	case <-p.stop:
		return
	default:
	}
	p.account()
	close(p.stop)
	p.stopped.Wait()
	pprof.StopCPUProfile()
}

// report prints both tables. Each column adds up to its last line.
func (p *fitProfile) report(w io.Writer) error {
	p.end()
	samples, err := profile.Parse(&p.samples)
	if err != nil {
		return fmt.Errorf("--profile: %w", err)
	}
	all := phaseTime{name: "all"}
	for _, t := range p.phases {
		all.wall, all.cpu, all.alone = all.wall+t.wall, all.cpu+t.cpu, all.alone+t.alone
	}
	fmt.Fprintf(w, "\n%-10s %9s %9s %9s %12s\n", "phase", "wall s", "CPU s", "idle s", "one CPU s")
	for _, name := range []string{phaseSetUp, phaseRead, phaseFit, phaseWrite, all.name} {
		for _, t := range append(p.phases, all) {
			if t.name == name {
				idle := time.Duration(p.cpus)*t.wall - t.cpu
				fmt.Fprintf(w, "%-10s %9.3f %9.3f %9.3f %12.3f\n", t.name, t.wall.Seconds(), t.cpu.Seconds(), idle.Seconds(), t.alone.Seconds())
			}
		}
	}
	if p.cpus == 1 {
		fmt.Fprintln(w, "serial share: all of the wall time, as only one CPU was to be used")
	} else {
		fmt.Fprintf(w, "serial share: %.1f%% of the wall time, in which at most one of %d CPUs was at work\n", 100*all.alone.Seconds()/all.wall.Seconds(), p.cpus)
	}
	p.reportStages(w, samples, all)
	return nil
}

// reportStages prints the CPU time of each stage, and the idle time of the CPUs.
func (p *fitProfile) reportStages(w io.Writer, samples *profile.Profile, all phaseTime) {
	counts, total := map[string]int64{}, int64(0)
	for _, s := range samples.Sample {
		counts[stageOf(s)] += s.Value[0]
		total += s.Value[0]
	}
	whole := float64(p.cpus) * all.wall.Seconds()
	line := func(name string, seconds float64) {
		fmt.Fprintf(w, "%-10s %9.3f %8.1f%%\n", name, seconds, 100*seconds/whole)
	}
	fmt.Fprintf(w, "\n%-10s %9s %9s\n", "stage", "CPU s", "of all")
	for _, name := range stages {
		if counts[name] > 0 {
			line(name, all.cpu.Seconds()*float64(counts[name])/float64(total))
		}
	}
	idle := whole - all.cpu.Seconds()
	line("idle", idle)
	line("all", whole)
	fmt.Fprintf(w, "stages are shares of %s of the CPUs; idle includes the time that other programs had them\n", plural.Count(total, "sample"))
}

// stages lists the stages of a fit, in the order in which data pass through them.
var stages = []string{"read", "inflate", "hash", "transpose", "kernel", "derive", "compress", "write", "other"}

// stageOf returns the stage of a sample by the functions on its stack, from the innermost outwards. The time of a
// kernel belongs to the stage that called it: finding peaks belongs to derive.
func stageOf(s *profile.Sample) string {
	found := "other"
	for _, location := range s.Location {
		for _, at := range location.Line {
			for _, rule := range stageRules {
				if !strings.Contains(at.Function.Name, rule.function) {
					continue
				}
				if rule.above {
					return rule.stage
				}
				if found == "other" {
					found = rule.stage
				}
			}
		}
	}
	return found
}

// A stageRule names the stage of functions whose names contain a text. If above is set, the stage also has everything
// that these functions call.
type stageRule struct {
	function, stage string
	above           bool
}

var stageRules = []stageRule{
	{"deriveWorker", "derive", true}, {".Derive", "derive", true},
	{"voxfit/fit.Block", "kernel", true},
	{"voxfit/gunzip", "inflate", true}, {"gzip.(*Reader)", "inflate", true}, {"flate.(*decompressor)", "inflate", true},
	{"(*Image).SHA256", "hash", true}, {"crypto/sha256", "hash", false}, {"hash/maphash", "hash", true},
	{"compress.(*encoder)", "compress", true}, {"nifti/internal/compress.", "compress", false},
	{"nifti.toPlanes", "write", true}, {"nifti.toRows", "transpose", true}, {"nifti.storedToRows", "transpose", true}, {"nifti/internal/transpose.", "transpose", true}, {"nifti.wholeDecoder", "transpose", true}, {"nifti.markingDecoder", "transpose", true}, {"nifti.swap", "transpose", true},
	{"nifti.writeFile", "write", false}, {"nifti.(*writer)", "write", false}, {"disk.", "write", false}, {"(*Checkpoint)", "write", true},
	{"nifti.", "read", false},
}

// profiledCPUs returns how many CPUs a fit may use.
func profiledCPUs(threads int) int {
	if threads > 0 {
		return threads
	}
	return runtime.GOMAXPROCS(0)
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
)

// A program has the benchmarks of one suite, built from one tree.
type program struct {
	suite
	path       string
	benchmarks map[step]string // the names of its benchmarks
	takesTurns bool            // its benchmarks ask for turns, as those of old commits do not
}

// A timing is what a benchmark reported: microseconds a voxel, and its share of the core's peak, NaN where the benchmark
// does not count operations.
type timing struct{ us, peak float64 }

// A sample is one run of a program: the times of each step, in their order.
type sample struct {
	times map[step][]timing
	use   calm.Use
}

// shortest is the shortest of the times of a step, of which there is at least one.
func shortest(times []timing) timing {
	return slices.MinFunc(times, func(a, b timing) int { return cmp.Compare(a.us, b.us) })
}

// How the benchmarks of a run are timed.
const (
	// benchtime is how long one measurement takes, unless a single call takes longer.
	benchtime = 3 * time.Millisecond
	// A step is measured least to most times in one run, so often that the run measures for about runTime. With a
	// single step and few measurements, starting up would take longer than measuring. The number is even, because
	// round.logRatio takes two times of each program together.
	least, most = 4, 20
	runTime     = 150 * time.Millisecond
)

// list finds out which benchmarks there are, by running each once.
func (p *program) list(ctx context.Context, sets []string) error {
	output, _, err := p.execute(ctx, p.all(sets), "1x", 1)
	if err != nil {
		return err
	}
	p.benchmarks = map[step]string{}
	for name := range reported(output) {
		if s, ok := p.stepOf(name, sets); ok {
			p.benchmarks[s] = name
		}
	}
	return nil
}

// run measures steps in one run of the program.
func (p *program) run(ctx context.Context, steps []step) (sample, error) {
	output, use, err := p.execute(ctx, p.pattern(steps), benchtime.String(), repetitions(steps))
	if err != nil {
		return sample{}, err
	}
	times, err := p.timesIn(output, steps)
	return sample{times, use}, err
}

// runInTurn measures steps in two programs that take turns. Both samples have the same use of the CPU, that of both
// programs together.
func runInTurn(ctx context.Context, first, second *program, steps []step) (samples [2]sample, err error) {
	patterns := [2]string{first.pattern(steps), second.pattern(steps)}
	outputs, use, err := executeBoth(ctx, first, second, patterns, benchtime.String(), repetitions(steps))
	for i, p := range []*program{first, second} {
		if err == nil {
			samples[i].use = use
			samples[i].times, err = p.timesIn(outputs[i], steps)
		}
	}
	return samples, err
}

// repetitions is how often a run measures each of its steps.
func repetitions(steps []step) int {
	return min(max(int(runTime/benchtime)/len(steps)&^1, least), most)
}

func (p *program) pattern(steps []step) string {
	var names []string
	for _, s := range steps {
		names = append(names, p.benchmarks[s])
	}
	return pattern(names)
}

// timesIn finds the times of steps in the output of the program.
func (p *program) timesIn(output string, steps []step) (map[step][]timing, error) {
	all, times := reported(output), map[step][]timing{}
	for _, s := range steps {
		times[s] = all[p.benchmarks[s]]
		if len(times[s]) == 0 || !(shortest(times[s]).us > 0) {
			return nil, fmt.Errorf("%s: benchmark %s reported no time a voxel", p.path, p.benchmarks[s])
		}
	}
	return times, nil
}

// failure is the log of a failed benchmark, without the results of others.
func failure(output string) string {
	_, after, _ := strings.Cut(output, "--- FAIL")
	return strings.Replace("--- FAIL"+after, "\n", " ", 1)
}

func firstLine(texts ...string) string {
	for _, text := range texts {
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && line != "--- FAIL" {
				return line
			}
		}
	}
	return "it said nothing"
}

// reported reads the output of benchmarks. Each line has a name, a count, and pairs of a value and its unit. The
// map's keys are the names without "Benchmark".
func reported(output string) map[string][]timing {
	all := map[string][]timing{}
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		t := timing{us: math.NaN(), peak: math.NaN()}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				break
			}
			switch fields[i+1] {
			case "us/voxel":
				t.us = value
			case "ns/voxel":
				t.us = value / 1e3
			case "%peak":
				t.peak = value / 100
			}
		}
		name := strings.TrimPrefix(fields[0], "Benchmark")
		all[name] = append(all[name], t)
	}
	return all
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/voxfit/voxfit/bench/calm"
)

// A program is the benchmarks of one suite, built from one tree.
type program struct {
	suite
	path       string
	benchmarks map[step]string // the names of its benchmarks
}

// A timing is what a benchmark reported: microseconds a voxel, and its share of the core's peak, NaN where the benchmark
// does not count operations.
type timing struct{ us, peak float64 }

// A sample is one run of a program: of each step the shortest of its times.
type sample struct {
	times map[step]timing
	use   calm.Use
}

// How the benchmarks of a run are timed.
const (
	// benchtime is how long one measurement takes, unless a single call takes longer.
	benchtime = 3 * time.Millisecond
	// A step is measured least to most times in one run, as often as lets the run measure for about runTime: with many
	// steps the time of starting up is shared, with one it would outweigh the measurements.
	least, most = 3, 20
	runTime     = 150 * time.Millisecond
)

// list runs every benchmark once, untimed, and so learns which there are.
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
	names, back := []string{}, map[string]step{}
	for _, s := range steps {
		names = append(names, p.benchmarks[s])
		back[p.benchmarks[s]] = s
	}
	count := min(max(int(runTime/benchtime)/len(steps), least), most)
	output, use, err := p.execute(ctx, pattern(names), benchtime.String(), count)
	if err != nil {
		return sample{}, err
	}
	found := sample{map[step]timing{}, use}
	for name, timings := range reported(output) {
		for _, t := range timings {
			s, asked := back[name]
			if before, ok := found.times[s]; asked && (!ok || t.us < before.us) {
				found.times[s] = t
			}
		}
	}
	for _, s := range steps {
		if !(found.times[s].us > 0) {
			return sample{}, fmt.Errorf("%s: benchmark %s reported no time a voxel", p.path, p.benchmarks[s])
		}
	}
	return found, nil
}

// execute runs the program on the CPU that the calling thread is pinned to, in one thread of Go.
func (p *program) execute(ctx context.Context, pattern, benchtime string, count int) (string, calm.Use, error) {
	command := exec.CommandContext(ctx, p.path, "-test.run=^$", "-test.bench="+pattern, "-test.benchtime="+benchtime,
		"-test.count="+strconv.Itoa(count), "-test.cpu=1", "-test.timeout=10m")
	inGroup(command)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	begin := time.Now()
	err := command.Run()
	if ctx.Err() != nil {
		return "", calm.Use{}, ctx.Err()
	}
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, firstLine(failure(stdout.String()), stderr.String()))
		}
		return "", calm.Use{}, fmt.Errorf("%s: its benchmarks failed: %w", p.suite.folder, err)
	}
	return stdout.String(), calm.OfProcess(begin, command.ProcessState), nil
}

// failure is what a failed benchmark logged, without the results of others.
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

// reported reads what benchmarks wrote, by their names without "Benchmark": a line each, with a name, a count, and pairs
// of a value and its unit.
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

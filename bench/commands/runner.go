package commands

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/bench/compare"
	"github.com/voxfit/voxfit/nifti"
)

// A runner runs the programs of all lines, in rounds.
type runner struct {
	*setup
	ctx         context.Context
	done, steps int
}

// run fills in the report's lines.
func (r *runner) run(lines []line) error {
	for _, l := range lines {
		row := Line{Model: l.model, Voxels: l.voxels}
		for _, p := range l.programs {
			row.Times = append(row.Times, Times{Engine: p.engine, Commands: p.shown(r.setup), Wall: compare.Rounds{}, CPU: compare.Rounds{}})
			r.steps += 1 + r.Rounds
		}
		r.report.Lines = append(r.report.Lines, row)
	}
	for round := range 1 + r.Rounds {
		for i, l := range lines {
			for k, p := range l.programs {
				if err := r.turn(round, p, &r.report.Lines[i].Times[k]); err != nil {
					return err
				}
			}
		}
	}
	r.report.summarise()
	return nil
}

// turn runs a program once. Round 0 is not measured. A program that has failed is left out of later rounds. turn
// returns an error only if something fails outside of the program, or if the context has ended.
func (r *runner) turn(round int, p program, times *Times) error {
	r.done++
	if r.Progress != nil {
		defer func() { r.Progress(r.done, r.steps) }()
	}
	if times.Failure != "" {
		return nil
	}
	if r.Cold && round > 0 {
		if err := dropFile(r.Image); err != nil {
			return err
		}
	}
	used, err := r.measure(p)
	if err == nil && round == 0 {
		err = p.checkMaps(r.ctx, r.setup)
	}
	if p.folder != "" { // nobody needs the maps, so the disk need not get them
		os.RemoveAll(p.folder)
	}
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if err != nil {
		times.Failure, times.Wall, times.CPU, times.Peak = err.Error(), compare.Rounds{}, compare.Rounds{}, 0
		return nil
	}
	if round > 0 {
		times.Wall, times.CPU = append(times.Wall, used.wall), append(times.CPU, used.cpu)
		times.Peak = max(times.Peak, used.peak)
	}
	return nil
}

// A use has the wall time and the CPU time of a program, in seconds, and its largest memory, in bytes.
type use struct {
	wall, cpu float64
	peak      int64
}

// measure runs the commands of a program one after the other.
func (r *runner) measure(p program) (total use, err error) {
	if p.folder != "" {
		if err := os.Mkdir(p.folder, 0o700); err != nil {
			return total, err
		}
	}
	for _, words := range p.commands {
		c := exec.CommandContext(r.ctx, words[0], words[1:]...)
		c.Env = append(os.Environ(), p.environment...)
		c.WaitDelay = 5 * time.Second // if its own children still hold a file open
		var stderr bytes.Buffer
		c.Stderr = &stderr // stdout is the null device
		begin := time.Now()
		err := c.Run()
		total.wall += time.Since(begin).Seconds()
		if err != nil {
			return total, fmt.Errorf("%s: %w%s", filepath.Base(words[0]), err, lastLine(stderr.String()))
		}
		total.cpu += (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
		total.peak = max(total.peak, peakOf(c.ProcessState))
	}
	return total, nil
}

// lastLine is the last line of a text, with a colon before it, or "" for an empty text.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return ": " + last
	}
	return ""
}

// looked is how many voxels of a map are checked, at most.
const looked = 2000

// leastFilled is the least share of these voxels that must have values. It is small, because cerebrospinal fluid is
// a small part of a brain.
const leastFilled = 0.02

// checkMaps returns an error if one of the maps does not exist, has hardly any values, or has the same value
// everywhere.
func (p program) checkMaps(ctx context.Context, s *setup) error {
	for _, pattern := range p.maps {
		index := acq.Spread(s.inside(p.mask), 1, looked)
		found, err := filepath.Glob(filepath.Join(p.folder, pattern))
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return fmt.Errorf("it wrote %d images named %s, expected one", len(found), pattern)
		}
		if err := checkMap(ctx, found[0], index); err != nil {
			return err
		}
	}
	return nil
}

// checkMap returns an error if something is wrong with a map in these voxels.
func checkMap(ctx context.Context, path string, index []int) error {
	image, err := nifti.Open(path)
	if err != nil {
		return err
	}
	n := image.Header.Volumes()
	values := make([]float32, n*len(index))
	if err := image.ReadMasked(ctx, values, index, nifti.ReadOptions{}); err != nil {
		return err
	}
	filled, same := 0, true
	for i := range index {
		voxel := values[i*n : (i+1)*n]
		if slices.ContainsFunc(voxel, func(x float32) bool { return x-x == 0 && x != 0 }) { // x-x is 0 where x is finite
			filled++
		}
		same = same && slices.Equal(voxel, values[:n])
	}
	switch {
	case float64(filled) < leastFilled*float64(len(index)):
		return fmt.Errorf("the map %s has values in %d of %d voxels", filepath.Base(path), filled, len(index))
	case same && len(index) > 1:
		return fmt.Errorf("the map %s is the same in all of %d voxels", filepath.Base(path), len(index))
	}
	return nil
}

// shown returns the commands as they are printed, with short names for kbench and for files in the folder.
func (p program) shown(s *setup) []string {
	var shown []string
	for _, words := range p.commands {
		text := strings.Join(words, " ")
		text = strings.ReplaceAll(text, s.Kbench, "kbench")
		text = strings.ReplaceAll(text, s.folder+string(filepath.Separator), "")
		shown = append(shown, text)
	}
	return shown
}

// summarise computes the ratios.
func (r *Report) summarise() {
	own := ownPeak()
	for i := range r.Lines {
		line := &r.Lines[i]
		ours := line.Times[0]
		if ours.Engine != voxfit {
			ours = r.Lines[0].Times[0]
		}
		for k := range line.Times {
			t := &line.Times[k]
			if t.Engine != voxfit && ours.Engine == voxfit && len(t.Wall) > 0 && len(ours.Wall) > 0 {
				t.Slower = t.Wall.Over(ours.Wall)
			}
			t.PeakBelow = t.Peak > 0 && t.Peak <= own
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/bench/commands"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/page"
)

// fromFileOptions has the flags of kbench compare for whole commands.
type fromFileOptions struct {
	on         bool
	threads    int
	cold       bool
	dipyVoxels int
}

func (o *fromFileOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.on, "from-file", false, "time whole commands, from the file DWI to maps, on several cores")
	f.IntVar(&o.threads, "threads", 0, "with --from-file: CPUs that programs run on, with a thread each (default: one for each allowed CPU)")
	f.BoolVar(&o.cold, "cold", false, "with --from-file: drop DWI from memory before each run, and make sure that it is gone (Linux)")
	f.IntVar(&o.dipyVoxels, "dipy-voxels", 2000, "with --from-file: voxels, evenly spread over the mask, that DIPY and voxfit beside it fit; 0 leaves DIPY out")
}

// checkFromFile refuses flags that exclude one another.
func (o *compareOptions) checkFromFile() error {
	if !o.fromFile.on {
		for _, flag := range []string{"threads", "cold", "dipy-voxels"} {
			if o.changed(flag) {
				return fmt.Errorf("--%s is for whole commands: it needs --from-file", flag)
			}
		}
		return nil
	}
	for _, flag := range []struct{ name, why string }{
		{"cpu", "is for the fit on one core; with --from-file use --threads"},
		{"engines", "is for the fit in memory; with --from-file DIPY is timed as a whole command, on --dipy-voxels"},
		{"snr", "is for the phantom; --from-file times the file DWI"},
		{"seed", "is for the phantom; --from-file times the file DWI"},
	} {
		if o.changed(flag.name) {
			return fmt.Errorf("--%s %s", flag.name, flag.why)
		}
	}
	switch {
	case o.study.data.dwi == "":
		return errors.New("--from-file needs the file: kbench compare DWI --from-file")
	case o.fromFile.threads < 0:
		return fmt.Errorf("--threads %d: expected 1 or more (0: one for each allowed CPU)", o.fromFile.threads)
	case o.fromFile.dipyVoxels < 0:
		return fmt.Errorf("--dipy-voxels %d: expected 0 or more", o.fromFile.dipyVoxels)
	}
	_, err := o.fromFile.cpus()
	return err
}

// cpus returns the CPUs that programs run on.
func (o *fromFileOptions) cpus() ([]int, error) {
	allowed, err := numa.Allowed()
	if err != nil {
		return nil, err
	}
	places, err := numa.Describe().Places("close", allowed, true)
	switch {
	case err != nil:
		return nil, err
	case o.threads == 0:
		return places, nil
	case o.threads > len(places):
		return nil, fmt.Errorf("--threads %d: expected at most %d, one for each CPU that this process may use", o.threads, len(places))
	}
	return places[:o.threads], nil
}

// runFromFile times whole commands. If one failed, the table says so, and nothing is written.
func (o *compareOptions) runFromFile(ctx context.Context, files *staging, stdout, stderr io.Writer) error {
	options, block, err := o.commandOptions(ctx, stderr)
	if err != nil {
		return err
	}
	endsPrograms(ctx)
	bar := compareBar{stderr: stderr}
	options.Progress = bar.set
	report, err := commands.Run(ctx, options)
	bar.finish()
	if err != nil {
		return err
	}
	o.describe(stdout, block)
	if err := report.WriteTable(stdout); err != nil {
		return err
	}
	if err := report.Failed(); err != nil || files == nil {
		return err
	}
	return o.writeCompared(files, struct {
		comparedWhere
		*commands.Report
	}{o.where(block), report}, report.WriteCSV, func(w io.Writer) error { return drawWaiting(w, report) })
}

// drawWaiting draws all lines except those of the decompressors.
func drawWaiting(w io.Writer, report *commands.Report) error {
	var lines []page.WaitingLine
	for _, l := range report.Lines {
		if l.Voxels == 0 {
			continue
		}
		drawn := page.WaitingLine{Title: l.Model + ", " + plural.Count(l.Voxels, "voxel")}
		for _, t := range l.Times {
			drawn.Programs, drawn.Seconds = append(drawn.Programs, t.Engine), append(drawn.Seconds, study.Median(t.Wall))
		}
		lines = append(lines, drawn)
	}
	svg, err := page.WaitingFigure("Seconds from the file to maps", lines)
	if err == nil {
		_, err = w.Write(svg)
	}
	return err
}

// commandOptions reads headers, tables, the mask and the responses once, for all programs.
func (o *compareOptions) commandOptions(ctx context.Context, stderr io.Writer) (commands.Options, studyBlock, error) {
	none := commands.Options{}
	cpus, err := o.fromFile.cpus()
	if err != nil {
		return none, studyBlock{}, err
	}
	kbench, err := os.Executable()
	if err != nil {
		return none, studyBlock{}, err
	}
	a, err := o.study.data.open(acq.WithSpelling(spellForStudy))
	if err != nil {
		return none, studyBlock{}, err
	}
	block := studyBlock{gradients: a.gradients, shape: a.image.Header.Shape, voxels: len(a.mask.Index), inputs: a.inputs}
	err = o.study.findResponses(&block, a.mask.Index, func(dst []float32, index []int) error {
		return readSignal(ctx, dst, a.image, index, nifti.ReadOptions{}, stderr)
	})
	if err != nil {
		return none, block, err
	}
	for _, w := range a.warnings {
		fmt.Fprintln(stderr, "kbench: warning:", w)
	}
	options := commands.Options{
		Kbench: kbench, Image: o.study.data.dwi, Bvals: o.study.data.bvals, Bvecs: o.study.data.bvecs, Mask: a.mask,
		Gradients: a.gradients, Response: block.response, Tissues: block.tissues, Models: o.study.models,
		DIPYVoxels: o.fromFile.dipyVoxels, CPUs: cpus, Cold: o.fromFile.cold, Rounds: o.rounds, ISA: o.study.isa, Python: o.python,
	}
	if o.changed("voxels") {
		options.Voxels = o.study.voxels
	}
	return options, block, nil
}

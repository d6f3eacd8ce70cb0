package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/bench/compare"
	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/numa"
)

// compareOptions has the flags of kbench compare.
type compareOptions struct {
	study   runOptions // data, phantom, models, instruction set
	rounds  int
	cpu     int
	engines []string
	python  string
	out     string
	force   bool
	command string

	fromFile fromFileOptions
	changed  func(flag string) bool // whether the command line has a flag
}

func newCompareCommand(args []string) *cobra.Command {
	o := compareOptions{command: commandLine(args)}
	c := &cobra.Command{
		Use:   "compare [DWI]",
		Short: "voxfit, DIPY and MRtrix3 side by side: the fit on one core, or whole commands from file to maps",
		Long: `Fit the same voxels with voxfit, DIPY (serial) and MRtrix3 on one pinned core, in interleaved rounds, and
print medians, ratios and how far the results agree. Without DWI the voxels are a phantom of the HCP
protocol. If DIPY or MRtrix3 is not installed, the output says so, and the rest is compared.

Set-up is outside of all times: DIPY stays warm in one process, and a command of MRtrix3 is timed as a
whole less the same command on one voxel. The linear algebra of DIPY and MRtrix3 uses one thread.

--engines adds columns. "textbook" has csdm, fwdtim by NLS and sfm by NNLS as an experienced Go programmer
writes them first, one voxel at a time on gonum and vek. It runs on one thread of this process, on any core.
The others are DIPY's engines, and voxfit through them, each with one worker and on the same core. They are
timed in one Python process that stays warm, from model.fit to its return. Lines that are the same fit
again, or that an engine does not have, get a dash.

--from-file times whole commands instead, from the file DWI to maps on the disk, on all cores: kbench fit
beside MRtrix3's commands that make the same maps, and beside a script of DIPY on a part of the mask
(--dipy-voxels), with decompressors of a .nii.gz beside them where installed (igzip, libdeflate-gunzip,
rapidgzip). The table has wall time, CPU time and peak memory. The image is in memory beforehand; with --cold
it is read from the disk.

Slow fits are measured on fewer voxels. These are the most that each line of the table has:

` + compare.Limits(),
		Example: `  kbench compare
  kbench compare --models csdm --voxels 1024 --runs 7 -o compared
  kbench compare --engines textbook --models csdm,fwdtim,sfm
  kbench compare --engines dipy-serial,dipy-ray,dipy-joblib,dipy-dask,voxfit-ray --voxels 512
  kbench compare dwi.nii.gz --mask mask.nii.gz --response 0.0017,0.0003,0.0003,1000
  kbench compare dwi.nii.gz --mask mask.nii.gz --from-file --models dti,csdm
  kbench compare dwi.nii.gz --mask mask.nii.gz --from-file --models msmt --voxels 20000 --cold`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.study.data.dwi = args[0]
			}
			return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	o.changed = f.Changed
	o.fromFile.addFlags(f)
	f.StringSliceVar(&o.study.models, "models", compare.Models(), "models to compare: "+strings.Join(compare.Models(), ", "))
	completeList(args, c, "models", compare.Models)
	o.study.data.addFlags(f)
	o.study.response = "auto"
	f.Var(namedValue(&o.study.response, "auto"), "response", responseHelp)
	f.IntVar(&o.study.voxels, "voxels", 4096, "voxels to fit; of real data they are spread evenly over the mask. With --from-file the default is the whole mask")
	f.Float64Var(&o.study.snr, "snr", 30, "signal-to-noise ratio of the phantom's b0s; 0 is noiseless")
	f.Uint64Var(&o.study.seed, "seed", 1, "seed of the phantom")
	f.IntVar(&o.rounds, "runs", 3, "interleaved rounds")
	f.IntVar(&o.cpu, "cpu", 0, "CPU that everything runs on (default: the last one allowed)")
	f.StringSliceVar(&o.engines, "engines", nil, "further engines: "+compare.Engines()[0]+", and through a Python with DIPY and voxfit "+strings.Join(python.Engines, ", "))
	completeList(args, c, "engines", compare.Engines)
	f.StringVar(&o.python, "python", "", "Python with DIPY (default: $"+python.Env+", else .venv/bin/python here or above, else python3)")
	f.StringVar(&o.study.isa, "isa", "", isaHelp)
	f.StringVarP(&o.out, "output", "o", "", "folder for compare.json and compare.csv, with --from-file also compare.svg (default: print only)")
	f.BoolVar(&o.force, "force", false, "replace files that exist")
	return c
}

func (o *compareOptions) check() error {
	for _, name := range o.study.models {
		if !slices.Contains(compare.Models(), name) {
			return fmt.Errorf("--models %s: expected %s", name, strings.Join(compare.Models(), ", "))
		}
	}
	if err := checkEngines(o.engines, compare.Engines()...); err != nil {
		return err
	}
	switch {
	case len(o.study.models) == 0:
		return fmt.Errorf("--models needs at least one of %s", strings.Join(compare.Models(), ", "))
	case o.rounds < 1:
		return fmt.Errorf("--runs %d: expected at least 1", o.rounds)
	case o.study.voxels < 1:
		return fmt.Errorf("--voxels %d: expected at least 1", o.study.voxels)
	}
	if err := o.checkFromFile(); err != nil {
		return err
	}
	allowed, err := numa.Allowed()
	if err != nil {
		return err
	}
	if !o.changed("cpu") {
		o.cpu = allowed[len(allowed)-1]
	}
	if !slices.Contains(allowed, o.cpu) {
		return fmt.Errorf("--cpu %d: this process may use CPUs %v", o.cpu, allowed)
	}
	return nil
}

// files lists the files that are written into the folder of -o.
func (o *compareOptions) files() []string {
	names := []string{"compare.json", "compare.csv"}
	if o.fromFile.on {
		names = append(names, "compare.svg")
	}
	return names
}

func (o *compareOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	var files *staging
	if o.out != "" {
		var err error
		if files, err = newStaging(o.out, "compare", "kbench compare"); err != nil {
			return err
		}
		defer files.remove()
		if err := files.claim(o.files(), o.force); err != nil {
			return err
		}
	}
	if o.fromFile.on {
		return o.runFromFile(ctx, files, stdout, stderr)
	}
	block, err := o.study.load(ctx, stderr)
	if block.room != nil {
		defer block.room.Free()
	}
	if err != nil {
		return err
	}
	endsPrograms(ctx)
	bar := compareBar{stderr: stderr}
	report, err := compare.Run(ctx, compare.Options{
		Models: o.study.models, Gradients: block.gradients, Response: block.response, Tissues: block.tissues,
		Signal: acq.Spread(block.signal(), block.gradients.Len(), o.study.voxels),
		ISA:    o.study.isa, Rounds: o.rounds, CPU: o.cpu, Engines: o.engines, Python: o.python,
		Progress: bar.set,
	})
	bar.finish()
	if err != nil {
		return err
	}
	o.describe(stdout, block)
	if err := report.WriteTable(stdout); err != nil || files == nil {
		return err
	}
	return o.writeCompared(files, struct {
		comparedWhere
		*compare.Report
	}{o.where(block), report}, report.WriteCSV)
}

// A compareBar shows the progress of a comparison, which knows the number of its steps only once it has begun.
type compareBar struct {
	stderr io.Writer
	bar    *progress
}

func (b *compareBar) set(done, steps int) {
	if b.bar == nil {
		bar := newProgress(b.stderr, "compare", "steps", steps)
		b.bar = &bar
	}
	b.bar.set(done)
}

func (b *compareBar) finish() {
	if b.bar != nil {
		b.bar.finish()
	}
}

// describe writes what was fitted, and on which machine.
func (o *compareOptions) describe(w io.Writer, block studyBlock) {
	processor := numa.Describe().Processor
	fmt.Fprintf(w, "voxfit %s, %s (%s family %d model %d)\n", version(), processor.Name, processor.Vendor, processor.Family, processor.Model)
	for _, fact := range o.study.dataFacts(block) {
		fmt.Fprintf(w, "%s: %s\n", fact.Name, fact.Value)
	}
	fmt.Fprintln(w)
}

// comparedWhere is the part of compare.json beside the report: what was compared, and where.
type comparedWhere struct {
	Version string            `json:"version"`
	Command string            `json:"command"`
	Host    string            `json:"host"`
	Machine numa.Machine      `json:"machine"`
	Data    map[string]string `json:"data"`
}

func (o *compareOptions) where(block studyBlock) comparedWhere {
	facts := map[string]string{}
	for _, fact := range o.study.dataFacts(block) {
		facts[fact.Name] = fact.Value
	}
	host, _ := os.Hostname()
	return comparedWhere{version(), o.command, host, numa.Describe(), facts}
}

// writeCompared writes the document as compare.json, and the other files.
func (o *compareOptions) writeCompared(files *staging, document any, others ...func(io.Writer) error) error {
	if err := files.begin(); err != nil {
		return err
	}
	all := append([]func(io.Writer) error{func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(document)
	}}, others...)
	for i, write := range all {
		var content bytes.Buffer
		if err := write(&content); err != nil {
			return err
		}
		if err := files.write(o.files()[i], content.Bytes()); err != nil {
			return err
		}
	}
	return files.commit()
}

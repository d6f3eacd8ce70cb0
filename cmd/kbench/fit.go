package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/numa"
)

// fitOptions has the flags of kbench fit.
type fitOptions struct {
	model string
	data  inputs
	out   string

	response       string
	responseFA     float64
	responseRadius int

	nanPolicy string
	threads   int
	placement placement
	maxMemory byteSize
	shard     shard
	force     bool
	mapNames  []string
	profiles  bool
	modelFlags
	command     string
	optionFiles []input     // the files that options name
	profile     *fitProfile // nil without --profile
}

func newFitCommand(args []string) *cobra.Command {
	c, _ := fitCommand(args)
	return c
}

// fitCommand returns the command, and the options that its flags set.
func fitCommand(args []string) (*cobra.Command, *fitOptions) {
	o := &fitOptions{command: commandLine(args)}
	o.kind = namedModel(studyArguments(args))
	c := &cobra.Command{
		Use:   "fit MODEL DWI -o DIR",
		Short: "Fit one acquisition and write its maps",
		Long: fmt.Sprintf(`Fit one acquisition and write its maps, as NIfTI files with JSON sidecars named as in BIDS derivatives.

Models: %s.

The maps are moved to their places once all of them are complete. A stopped fit keeps its finished
voxels in a hidden file in DIR; the same command goes on from there.`, modelNames()),
		Example: `  kbench fit csdm sub-01_dwi.nii.gz --mask sub-01_mask.nii.gz -o derivatives
  kbench fit fwdtim dwi.nii.gz --bvals bvals --bvecs bvecs -o maps --method wls
  kbench fit csdm dwi.nii.gz --response wm.txt --sh-basis tournier07 -o for-mrtrix
  kbench fit msmt dwi.nii.gz --mask mask.nii.gz --response wm.txt,gm.txt,csf.txt -o maps`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("fit: found %s, expected two: MODEL (%s) and DWI", plural.Count(len(args), "argument"), modelNames())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.model, o.data.dwi = args[0], args[1]
			return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	o.addFlags(c.Flags())
	completeList(args, c, "maps", func() []string { return mapsOf(o.kind) }, "all")
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return model.Names(), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return o.flagError(err) })
	c.SetUsageFunc(func(c *cobra.Command) error { return o.usage(c) })
	return c, o
}

var nanPolicies = []string{"zero", "nan", "error"}

// addFlags adds all flags to the command.
func (o *fitOptions) addFlags(f *pflag.FlagSet) {
	o.response = "auto"
	o.addFileFlags(f)
	o.addRunFlags(f)
	o.modelFlags.addFlags(f)
}

func (o *fitOptions) addFileFlags(f *pflag.FlagSet) {
	f.StringVarP(&o.out, "output", "o", "", "output folder (needed)")
	o.data.addFlags(f)
	if help := responseHelpFor(o.kind); help != "" {
		f.Var(namedValue(&o.response, "auto"), "response", help)
	}
	if o.kind == nil || o.kind.Needs.Response {
		f.Float64Var(&o.responseFA, "response-fa", acq.DefaultResponseFA, "with --response auto: fractional anisotropy above which a voxel counts")
		f.IntVar(&o.responseRadius, "response-radius", acq.DefaultResponseRadius, "with --response auto: half-width in voxels of the box in the centre whose voxels count")
	}
	o.nanPolicy = "zero"
	f.Var(namedValue(&o.nanPolicy, nanPolicies...), "nan-policy", "what maps hold where a measured value is NaN or Inf: zero or nan; error stops the fit instead")
	f.StringSliceVar(&o.mapNames, "maps", nil, mapsHelp)
	f.BoolVar(&o.force, "force", false, "replace maps that exist. Maps of another fit of the same model and image that this fit does not make are removed")
}

func (o *fitOptions) addRunFlags(f *pflag.FlagSet) {
	f.IntVar(&o.threads, "threads", 0, "workers (default: one for each allowed CPU)")
	o.placement.addFlags(f)
	f.Var(&o.maxMemory, "max-memory", "memory that the program may take, as 8G: a larger compressed image is read in several passes (default: most of what is free, and of what the cgroup allows)")
	f.BoolVar(&o.profiles, "profile", false, "print where the time went, by phase and by stage, idle time included; printed when the maps are written")
	f.Var(&o.shard, "shard", "fit only part i of n of the masked voxels, as 2/8")
}

// check refuses unusable settings, before any file is read or made.
func (o *fitOptions) check() error {
	if _, err := model.Find(o.model); err != nil {
		return err
	}
	switch {
	case o.flags.Changed("maps") && len(o.mapNames) == 0:
		return errors.New("--maps names no map; expected names of maps, or all (kbench options lists them)")
	case o.out == "":
		return errors.New("fit: -o DIR says where the maps go; it is needed")
	case !slices.Contains(nanPolicies, o.nanPolicy):
		return fmt.Errorf("--nan-policy %s: expected zero, nan or error", o.nanPolicy)
	case o.response != "auto" && (o.flags.Changed("response-fa") || o.flags.Changed("response-radius")):
		return fmt.Errorf("--response-fa and --response-radius are for --response auto; --response is %s", o.response)
	case o.flags.Lookup("response-fa") != nil && !(o.responseFA > 0 && o.responseFA < 1):
		return fmt.Errorf("--response-fa %v: expected a number above 0 and below 1", o.responseFA)
	case o.flags.Lookup("response-radius") != nil && o.responseRadius < 1:
		return fmt.Errorf("--response-radius %d: expected 1 or more voxels", o.responseRadius)
	case o.threads < 0:
		return fmt.Errorf("--threads %d: expected 1 or more (0: one for each allowed CPU)", o.threads)
	}
	return o.modelFlags.check(o.response)
}

func (o *fitOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := o.watchOptions(); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	if o.profiles {
		var err error
		if o.profile, err = startProfile(profiledCPUs(o.threads)); err != nil {
			return err
		}
		defer o.profile.end()
	}
	return nothingWritten(o.fit(ctx, stdout, stderr))
}

// watchOptions hashes the files that options name before check reads them. If one is missing, the error says which
// option names it.
func (o *fitOptions) watchOptions() error {
	for _, path := range o.modelFlags.files() {
		text, err := watch(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		o.optionFiles = append(o.optionFiles, text)
	}
	return nil
}

// fit reads, fits and writes, under the lock of the maps.
func (o *fitOptions) fit(ctx context.Context, stdout, stderr io.Writer) error {
	names := readBIDSName(stemOf(o.data.dwi))
	names.desc = keptDesc(o.data.dwi, o.out)
	out, err := newStaging(o.out, o.setName(names), o.command)
	if err != nil {
		return err
	}
	defer out.remove()
	if out.note != "" {
		fmt.Fprintln(stderr, "kbench:", out.note)
	}
	if _, err := os.Lstat(o.checkpointPath(names)); err == nil {
		keeps(ctx, "what an earlier start finished is kept in %s; the same command goes on", o.out)
	}
	o.data.budget = o.memoryBudget()
	a, err := o.data.open(o.settings.Gradients()...)
	if err != nil {
		return err
	}
	j := &fitJob{fitOptions: o, acquisition: a, index: o.shard.voxels(a.mask.Index), codes: map[kernel.Code]int{}, names: names, out: out, stderr: stderr}
	switch masked := len(a.mask.Index); {
	case masked == 0:
		return fmt.Errorf("%s: no voxel to fit", a.mask.Path)
	case o.shard.of > masked:
		return fmt.Errorf("--shard %s: found more parts than voxels: the mask has %d; give at most as many parts", &o.shard, masked)
	}
	if j.places, err = o.placement.cpus(); err != nil {
		return err
	}
	defer j.freeMaps()
	defer j.freeVolumes()
	defer j.stopHashing()
	defer j.hideProgress()
	if err := j.prepare(ctx); err != nil {
		return err
	}
	if done, err := j.finished(ctx, stdout); done || err != nil {
		return err
	}
	if err := j.claim(ctx); err != nil {
		return err
	}
	j.hideProgress()
	for _, w := range j.warnings { // printed only once no error can stop the fit, because an error is one line alone
		fmt.Fprintln(stderr, "kbench: warning:", w)
	}
	begin, leave := time.Now(), j.profile.enter(phaseFit)
	if err := j.fit(ctx); err != nil {
		return err
	}
	seconds := time.Since(begin).Seconds()
	leave()
	defer j.profile.enter(phaseWrite)()
	if err := j.deliver(ctx); err != nil {
		return j.keep(err)
	}
	keeps(ctx, "all maps are in %s", o.out)
	if j.checkpoint != nil {
		if err := j.checkpoint.Remove(); err != nil { // the maps are complete all the same
			fmt.Fprintln(stderr, "kbench: warning: the file of finished blocks stays behind:", err)
		}
	}
	out.remove()
	j.hideProgress()
	var unprofiled error
	sayDone(stdout, stderr, fmt.Sprintf("all maps are in %s", o.out), func(w io.Writer) {
		j.summarise(w, seconds)
		if j.profile != nil {
			unprofiled = j.profile.report(w)
		}
	})
	return unprofiled
}

// deliver writes the maps and moves them to the output folder.
func (j *fitJob) deliver(ctx context.Context) error {
	if err := j.write(ctx); err != nil {
		return err
	}
	if err := j.confirmInputs(ctx); err != nil {
		return err
	}
	keeps(ctx, "the maps were being moved to %s; the next start of the same command takes them back or finds them whole", j.fitOptions.out)
	if j.checkpoint != nil {
		j.out.spent = []string{filepath.Base(j.checkpointPath(j.names))}
	}
	return j.out.commit()
}

// A fitJob is one fit on its way from files to maps.
type fitJob struct {
	*fitOptions
	*acquisition
	index    []int // voxels to fit
	response acq.Response
	tissues  []model.Tissue
	model    model.Model
	volumes  *nifti.Volumes // the volumes of one pass; nil until they are read
	memory   *numa.Pages    // the memory of the volumes
	places   []int          // the CPUs for workers, in order
	maps     [][]float32    // the maps of the model; nil for those that are not wanted
	mapPages *numa.Pages    // the memory of the maps
	wanted   []bool
	codes    map[kernel.Code]int
	names    bidsName // the name of the image, with the desc that names of maps keep
	out      *staging

	voxelsPerChunk int // 0 leaves it to package sched

	withoutFascicle int // voxels that are OK with no weight at all

	progress *fitProgress // nil before there is something to show

	stderr io.Writer

	checkpoint *fit.Checkpoint // nil if the fit has a single block
	resumed    bool            // the checkpoint had blocks when it was opened
	saving     chan error      // gets the result of saving the last block; nil once that is saved
	taken      chan struct{}   // closed when the last block's result is in the checkpoint's file; nil if saving is nil
	hashing    *hashing        // nil until it begins
	inputFiles []inputFile     // nil until hashing ends
}

// prepare makes the model. An automatic response for it is estimated from the signal.
func (j *fitJob) prepare(ctx context.Context) error {
	g := j.gradients
	if j.worldFrame() {
		affine := j.image.Header.Affine()
		if _, err := acq.ImageToWorld(affine); err != nil {
			return fmt.Errorf("%s: %w: put the header right, or use --frame image", j.image.Path, err)
		}
		world := *g
		world.Bvecs = g.WorldBvecs(affine)
		g = &world
	}
	if err := j.findInputs(ctx); err != nil {
		return err
	}
	j.inputs = append(j.inputs, j.optionFiles...)
	var err error
	if j.model, err = j.settings.Model(g); err != nil {
		return j.data.nameIn(err, j.fitOptions.response)
	}
	j.warnings = append(j.warnings, j.model.Warnings()...)
	return j.chooseMaps()
}

// findInputs reads or estimates the response or the tissues that the model needs, unless the command line has the
// numbers.
func (j *fitJob) findInputs(ctx context.Context) (err error) {
	switch need := j.kind.Needs; {
	case j.settings.Given("response"):
		j.response, j.tissues = j.settings.Response(), j.settings.Tissues()
		return nil
	case need.Response:
		err = j.estimateResponse(ctx)
	case need.Tissues:
		err = j.estimateTissues(ctx)
	}
	if err != nil {
		return err
	}
	return giveInputs(j.settings, j.response, j.tissues)
}

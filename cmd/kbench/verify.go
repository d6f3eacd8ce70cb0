package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
)

// verifyOptions has the flags of kbench verify.
type verifyOptions struct {
	folder string
	share  float64
	seed   uint64
}

func newVerifyCommand() *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "Fit a share of the voxels of finished maps again, and compare",
		Long: `Fit a share of the voxels of the maps in DIR again, from their inputs and the command in their sidecars, and compare.

Voxels are drawn at random and fitted in other chunks than before. On the instruction set that the sidecars name the
maps must hold the same bits; where this machine lacks it, the portable code must come close (docs/reliability.md has
the bounds). Hashes of inputs, sidecars, headers, the set of maps and all voxels that were not fitted are
checked too. Maps that several commands made of one fit (--maps fa, then --maps md) are checked together. Without
a status map the mask is only checked in one way: maps must be zero outside of it.
Inputs are looked for where the commands found them: run this in the same folder.`,
		Example: "  kbench verify maps\n  kbench verify maps --share 1",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.folder = args[0]
			if !c.Flags().Changed("seed") {
				o.seed = uint64(time.Now().UnixNano())
			}
			return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.Float64Var(&o.share, "share", 0.01, "share of the voxels to fit again, above 0 to 1; at least one voxel")
	f.Uint64Var(&o.seed, "seed", 0, "which voxels are drawn (default: from the clock; it is printed)")
	return c
}

func (o *verifyOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	if !(o.share > 0 && o.share <= 1) {
		return fmt.Errorf("--share %g: expected a number above 0, at most 1", o.share)
	}
	keeps(ctx, "nothing is written by verify")
	sets, err := readMapSets(o.folder, "")
	if err != nil {
		return err
	}
	if len(sets) == 0 {
		return fmt.Errorf("%s: found no maps of kbench fit", o.folder)
	}
	for i := range sets {
		v := &verification{set: &sets[i], share: o.share, seed: o.seed}
		if err := v.verify(ctx, stderr); err != nil {
			return fmt.Errorf("%s: %w (seed %d)", &sets[i], err, o.seed)
		}
		v.summarise(stdout)
	}
	return nil
}

// A verification verifies one set of maps.
type verification struct {
	set      *mapSet
	share    float64
	seed     uint64
	job      *fitJob
	portable bool  // whether this machine lacks the instruction set of the maps
	whole    []int // all voxels of the fit
	picked   int
	of       int
	apart    int        // how many voxels differ, within the bounds for portable code
	mapNames [][]string // the maps that each of the commands names
}

func (v *verification) summarise(w io.Writer) {
	how := "all bits equal"
	if v.portable {
		how = fmt.Sprintf("within the bounds for another instruction set (%s apart)", plural.Count(v.apart, "voxel"))
	}
	without := ""
	if !v.hasStatus() {
		without = "; without a status map, the mask was only checked for zeros outside of it"
	}
	fmt.Fprintf(w, "%s: %d of %s fitted again (seed %d), %s; %s, their sidecars and inputs are as they were%s\n",
		v.set, v.picked, plural.Count(v.of, "voxel"), v.seed, how, plural.Count(len(v.set.maps), "map"), without)
}

func (v *verification) verify(ctx context.Context, stderr io.Writer) error {
	if err := v.set.ofOneFit(); err != nil {
		return err
	}
	o, err := v.options()
	if err != nil {
		return err
	}
	a, err := o.data.open(o.settings.Gradients()...)
	if err != nil {
		return fmt.Errorf("%w; the maps were made by: %s", err, v.set.maps[0].GeneratedBy["Command"])
	}
	j := &fitJob{
		fitOptions: o, acquisition: a, index: o.shard.voxels(a.mask.Index), codes: map[kernel.Code]int{}, stderr: stderr,
		names: readBIDSName(stemOf(o.data.dwi)), voxelsPerChunk: 7,
	}
	v.job, v.of = j, len(j.index)
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
	if err := v.wantMapsOfAllCommands(); err != nil {
		return err
	}
	if err := v.checkMask(ctx); err != nil {
		return err
	}
	v.whole = j.index
	j.index = v.pick(v.whole)
	if err := j.fit(ctx); err != nil {
		return err
	}
	if err := j.hashInputs(ctx); err != nil {
		return err
	}
	if err := j.confirmInputs(ctx); err != nil {
		return err
	}
	if err := v.checkSidecars(len(v.whole)); err != nil {
		return err
	}
	return v.compare(ctx)
}

// options returns the options of the commands that made the maps, with their instruction set if this machine has it.
// The commands may differ in the maps that they make.
func (v *verification) options() (*fitOptions, error) {
	first := v.set.maps[0]
	c, o, err := commandOf(first)
	if err != nil {
		return nil, err
	}
	v.mapNames = append(v.mapNames, o.mapNames)
	for _, m := range v.set.maps[1:] {
		if found := difference("GeneratedBy", withoutRun(first.GeneratedBy), withoutRun(m.GeneratedBy)); found != nil {
			return nil, fmt.Errorf("%s and %s were made by different commands: %s", first.path, m.path, found.between("in the first", "in the second"))
		}
		_, other, err := commandOf(m)
		if err != nil {
			return nil, err
		}
		v.mapNames = append(v.mapNames, other.mapNames)
	}
	set := first.Fit.Instruction
	if v.portable = !slices.Contains(kernel.ISAs(), set); v.portable {
		set = portableSet
	}
	if err := c.Flags().Set("isa", set); err != nil {
		return nil, err
	}
	if err := o.watchOptions(); err != nil {
		return nil, err
	}
	return o, o.check()
}

// commandOf returns the command in a map's sidecar, with its flags parsed.
func commandOf(made savedMap) (*cobra.Command, *fitOptions, error) {
	words, err := commandWords(made.GeneratedBy["Command"])
	if err != nil || len(words) < 2 || words[1] != "fit" {
		return nil, nil, fmt.Errorf("%s: the Command %q is not one of kbench fit", made.path, made.GeneratedBy["Command"])
	}
	args := studyArguments(words[1:])
	c, o := fitCommand(args)
	if err := c.ParseFlags(args[1:]); err != nil {
		return nil, nil, fmt.Errorf("%s: the Command in its sidecar cannot be run: %w", made.path, err)
	}
	if c.Flags().NArg() != 2 {
		return nil, nil, fmt.Errorf("%s: the Command %q does not name a model and an image", made.path, made.GeneratedBy["Command"])
	}
	o.model, o.data.dwi = c.Flags().Arg(0), c.Flags().Arg(1)
	return c, o, nil
}

// wantMapsOfAllCommands adds the maps that the other commands of the set make to those of the first.
func (v *verification) wantMapsOfAllCommands() error {
	wanted := make([]bool, len(v.job.wanted))
	for _, names := range v.mapNames {
		v.job.mapNames = names
		if err := v.job.chooseMaps(); err != nil {
			return err
		}
		for i, w := range v.job.wanted {
			wanted[i] = wanted[i] || w
		}
	}
	v.job.wanted = wanted
	return nil
}

// hasStatus says whether the commands make the status map.
func (v *verification) hasStatus() bool {
	for _, m := range v.job.wantedMaps {
		if m.Name == "status" {
			return true
		}
	}
	return false
}

// portableSet is the instruction set that every machine has.
const portableSet = "generic"

// pick draws voxels, and keeps their order.
func (v *verification) pick(index []int) []int {
	v.picked = min(len(index), max(1, int(math.Ceil(v.share*float64(len(index))))))
	drawn := rand.New(rand.NewPCG(v.seed, 0)).Perm(len(index))[:v.picked]
	slices.Sort(drawn)
	picked := make([]int, v.picked)
	for i, at := range drawn {
		picked[i] = index[at]
	}
	return picked
}

// checkMask compares the voxels of the status map with the mask and the shard. Without a status map, readWhole checks
// that maps are zero outside the mask.
func (v *verification) checkMask(ctx context.Context) error {
	if !v.hasStatus() {
		return nil
	}
	if _, err := v.set.find("status"); err != nil {
		return err
	}
	mask, own, err := v.set.inMask(readerOf(ctx))
	if err != nil {
		return err
	}
	if !slices.Equal(mask, v.job.mask.Index) || !slices.Equal(own, v.job.index) {
		return fmt.Errorf("the status map has %s in the mask and %d that were fitted; expected %d and %d, as the command says", plural.Count(len(mask), "voxel"), len(own), len(v.job.mask.Index), len(v.job.index))
	}
	return nil
}

// checkSidecars compares the sidecars with those that a fit would write now.
func (v *verification) checkSidecars(voxels int) error {
	now := 0
	for _, m := range v.job.wantedMaps {
		now++
		saved, err := v.set.find(m.Name)
		if err != nil {
			return err
		}
		want := v.job.sidecar(m)
		want.Fit.Voxels = voxels
		if v.portable {
			want.Fit.Instruction = saved.Fit.Instruction
		}
		want.GeneratedBy = saved.GeneratedBy
		if made := saved.GeneratedBy["Version"]; made != saved.Fit.Version {
			return fmt.Errorf("%s: its sidecar has two versions: GeneratedBy.Version is %q, and Fit.SoftwareVersion is %q", saved.path, made, saved.Fit.Version)
		}
		x, err := asJSON(saved.sidecar)
		if err != nil {
			return err
		}
		y, err := asJSON(want)
		if err != nil {
			return err
		}
		if found := difference("", x, y); found != nil {
			return fmt.Errorf("%s.json is not what a fit writes now: %s", stemOf(saved.path), found.between("in it", "now"))
		}
	}
	if now != len(v.set.maps) {
		return fmt.Errorf("%s: found %s of this set, expected the %d that its commands make", v.set.folder, plural.Count(len(v.set.maps), "map"), now)
	}
	return nil
}

// withoutRun returns the command of a sidecar without the flags in which two commands for maps of one fit may differ.
func withoutRun(generated map[string]string) any {
	all := map[string]any{}
	for key, value := range generated {
		all[key] = value
	}
	if words, err := commandWords(generated["Command"]); err == nil {
		args := words[1:]
		for _, flag := range []string{"-o", "--output", "--maps", "--threads", "--max-memory"} {
			args = withoutFlag(args, flag)
		}
		all["Command"] = commandLine(slices.DeleteFunc(args, func(arg string) bool { return arg == "--force" }))
	}
	return all
}

// readerOf returns a function that reads voxels of a map, which must have a given number of components.
func readerOf(ctx context.Context) func(image *nifti.Image, index []int, components int) ([]float32, error) {
	return func(image *nifti.Image, index []int, components int) ([]float32, error) {
		if found := image.Header.Volumes(); found != components {
			return nil, fmt.Errorf("%s: found %s, expected %d as its sidecar says", image.Path, plural.Count(found, "volume"), components)
		}
		values := make([]float32, len(index)*components)
		return values, image.ReadMasked(ctx, values, index, nifti.ReadOptions{})
	}
}

// compare compares the drawn voxels of all maps with those fitted now, and voxels that were not fitted with the values
// that such voxels have.
func (v *verification) compare(ctx context.Context) error {
	apart := map[int]bool{}
	var first error
	for i, m := range v.job.wantedMaps {
		found, path, err := v.readWhole(ctx, m)
		if err != nil {
			return err
		}
		want := v.job.maps[i]
		bound, faint := v.bound(m.Name, want), v.faint(m.Name)
		for k := range want {
			voxel, component := k/m.Components, k%m.Components
			x := found[v.job.index[voxel]*m.Components+component]
			if math.Float32bits(x) == math.Float32bits(want[k]) || math.Abs(float64(x)-float64(want[k])) <= bound || faint(voxel) {
				continue
			}
			apart[voxel] = true
			if first == nil {
				at, y, z := v.job.coordinates(voxel)
				first = fmt.Errorf("%s: voxel (%d, %d, %d), value %d, holds %g; a fit now gives %g", path, at, y, z, component, x, want[k])
			}
		}
	}
	v.apart = len(apart)
	if v.apart > v.allowedApart() {
		return fmt.Errorf("%w; %d of %d voxels differ", first, v.apart, v.picked)
	}
	return nil
}

// readWhole reads all voxels of a map, and checks its header and the voxels that were not fitted.
func (v *verification) readWhole(ctx context.Context, m model.Map) ([]float32, string, error) {
	saved, err := v.set.find(m.Name)
	if err != nil {
		return nil, "", err
	}
	image, err := nifti.Open(saved.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", fmt.Errorf("%s is missing, its sidecar is there", saved.path)
	}
	if err != nil {
		return nil, "", err
	}
	if image.Header.SpatialShape() != v.job.image.Header.SpatialShape() || image.Header.Affine() != v.job.image.Header.Affine() {
		return nil, "", fmt.Errorf("%s lies on another grid than %s", saved.path, v.job.data.dwi)
	}
	if found := headerDifference(image.Header, nifti.MapHeader(v.job.image.Header, m.Components, v.job.headerText(m))); found != nil {
		return nil, "", fmt.Errorf("the header of %s is not what a fit writes now: %s", saved.path, found.between("in it", "now"))
	}
	values, err := readerOf(ctx)(image, nifti.FullMask(image.Header).Index, m.Components)
	if err != nil {
		return nil, "", err
	}
	return values, saved.path, v.checkUnfitted(saved.path, m, values)
}

// headerDifference returns the first field in which the header of a map is not as expected.
func headerDifference(found, want *nifti.Header) *mismatch {
	f, w := reflect.ValueOf(*found), reflect.ValueOf(*want)
	for i := range f.NumField() {
		field := f.Type().Field(i)
		if field.Name == "Path" || !field.IsExported() {
			continue
		}
		if x, y := f.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(x, y) {
			return &mismatch{field.Name, x, y}
		}
	}
	return nil
}

// checkUnfitted compares the voxels that the fit did not have with the value that is written for such voxels, bit for
// bit.
func (v *verification) checkUnfitted(path string, m model.Map, values []float32) error {
	var fill float32
	fitted := v.whole
	if m.Name == "status" { // checkMask has seen its voxels of other shards
		fill, fitted = float32(kernel.OutsideMask), v.job.mask.Index
	}
	for voxel := range len(values) / m.Components {
		if len(fitted) > 0 && fitted[0] == voxel {
			fitted = fitted[1:]
			continue
		}
		for k, x := range values[voxel*m.Components:][:m.Components] {
			if math.Float32bits(x) != math.Float32bits(fill) {
				at, y, z := coordinates(v.job.image.Header, voxel)
				return fmt.Errorf("%s: voxel (%d, %d, %d), value %d, was not fitted and holds %g; expected %g", path, at, y, z, k, x, fill)
			}
		}
	}
	return nil
}

// portableBound is how far values of another instruction set may be apart, as a share of the map's largest value.
// portableApart is the share of voxels in which they may be further apart. In these voxels rounding changes a decision,
// such as which of two peaks is the larger. docs/reliability.md has measurements.
const (
	portableBound = 1e-3
	portableApart = 0.03
)

// bound returns the largest allowed difference, or -1 if bits must be equal.
func (v *verification) bound(name string, values []float32) float64 {
	switch {
	case !v.portable:
		return -1
	case name == "iterations" || name == "kkt": // these describe the course of the fit and not its result
		return math.Inf(1)
	}
	var largest float64
	for _, x := range values {
		largest = max(largest, math.Abs(float64(x)))
	}
	return portableBound * largest
}

// faint says in which voxels a tissue's distribution is within the bound of zero, such as that of white matter in the
// ventricles. There, rounding determines GFA and the directions of peaks, and another instruction set rounds
// differently.
func (v *verification) faint(name string) func(voxel int) bool {
	what, label, _ := strings.Cut(name, "_label-")
	if v.portable && (what == "gfa" || what == "peaks") {
		for i, m := range v.job.wantedMaps {
			if m.Name == "peakvalues_label-"+label {
				heights := v.job.maps[i]
				bound := float32(v.bound(m.Name, heights))
				return func(voxel int) bool { return heights[voxel*m.Components] <= bound }
			}
		}
	}
	return func(int) bool { return false }
}

func (v *verification) allowedApart() int {
	if !v.portable {
		return 0
	}
	return int(math.Ceil(portableApart * float64(v.picked)))
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
)

// mergeOptions has the flags of kbench merge.
type mergeOptions struct {
	folders []string
	out     string
	model   string
	force   bool
	command string
}

func newMergeCommand(args []string) *cobra.Command {
	o := mergeOptions{command: commandLine(args)}
	c := &cobra.Command{
		Use:   "merge SHARD... -o DIR",
		Short: "Join the maps of a fit in parts",
		Long: `Join the maps of all shards of a fit (kbench fit --shard i/n) into the maps that one fit of all voxels writes:
the same bits, and sidecars that differ only in the command.

Each SHARD is a folder with the maps of one shard or several. All shards must be there, each once, and must have
been made from the same inputs, with the same options, instruction set and version.`,
		Example: "  kbench fit csdm dwi.nii.gz --mask mask.nii.gz --shard 1/2 -o part1\n  kbench fit csdm dwi.nii.gz --mask mask.nii.gz --shard 2/2 -o part2\n  kbench merge part1 part2 -o maps",
		RunE: func(c *cobra.Command, args []string) error {
			o.folders = args
			return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "output", "o", "", "output folder (needed)")
	f.StringVar(&o.model, "model", "", "the model whose shards to join, where the folders have those of several: "+modelNames())
	f.BoolVar(&o.force, "force", false, "replace maps that exist")
	return c
}

func (o *mergeOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	switch {
	case o.out == "":
		return errors.New("merge: -o DIR says where the maps go; it is needed")
	case len(o.folders) == 0:
		return errors.New("merge: found no folder, expected those with the maps of all shards")
	}
	if o.model != "" {
		if _, err := model.Find(o.model); err != nil {
			return err
		}
	}
	held, err := o.lockShards()
	defer held.release()
	if err != nil {
		return err
	}
	shards, err := o.find()
	if err != nil {
		return err
	}
	out, err := newStaging(o.out, shards[0].name(), o.command)
	if err != nil {
		return err
	}
	defer out.remove()
	if out.note != "" {
		fmt.Fprintln(stderr, "kbench:", out.note)
	}
	m := &merger{ctx: ctx, shards: shards, out: out, command: o.command, force: o.force}
	if err := m.check(); err != nil {
		return err
	}
	if done, err := out.finished(m.names(), m.description); done || err != nil {
		if done {
			sayDone(stdout, stderr, "all maps are in "+o.out, func(w io.Writer) { sayWhole(w, o.out) })
		}
		return err
	}
	if err := out.claim(m.names(), o.force); err != nil {
		return err
	}
	if err := m.merge(); err != nil {
		return err
	}
	for _, s := range shards {
		for _, saved := range s.maps {
			if err := saved.confirm(); err != nil {
				return fmt.Errorf("%w: nothing was written; start again", err)
			}
		}
	}
	keeps(ctx, "the maps were being moved to %s; the next start of the same command takes them back or finds them whole", o.out)
	if err := out.commit(); err != nil {
		return err
	}
	keeps(ctx, "all maps are in %s", o.out)
	sayDone(stdout, stderr, fmt.Sprintf("all maps are in %s", o.out), func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s of %s, of %s\n", o.out, plural.Count(len(shards[0].maps), "map"), plural.Count(len(m.mask), "voxel"), plural.Count(len(shards), "shard"))
	})
	return nil
}

// find returns the shards in order, and checks that they are all shards of one fit.
func (o *mergeOptions) find() ([]mapSet, error) {
	var shards []mapSet
	for _, folder := range o.folders {
		sets, err := readMapSets(folder, "")
		if err != nil {
			return nil, err
		}
		before := len(shards)
		for _, s := range sets {
			if s.shard.of > 0 && o.wants(s) {
				shards = append(shards, s)
			}
		}
		if len(shards) == before {
			return nil, fmt.Errorf("%s: found no maps of a shard%s, expected those of kbench fit --shard", folder, o.ofModel())
		}
	}
	slices.SortStableFunc(shards, func(a, b mapSet) int { return a.shard.part - b.shard.part })
	if err := checkShards(shards); err != nil {
		return nil, err
	}
	for _, s := range shards {
		for i := range s.maps {
			if err := s.maps[i].watch(); err != nil {
				return nil, err
			}
		}
	}
	return shards, nil
}

// wants says whether a set is of the model to join.
func (o *mergeOptions) wants(s mapSet) bool {
	kind, err := model.Find(o.model)
	return err != nil || s.maps[0].Fit.Model == kind.Class
}

func (o *mergeOptions) ofModel() string {
	if o.model == "" {
		return ""
	}
	return " of " + o.model
}

// checkShards refuses shards that are not all parts of one fit, each once.
func checkShards(shards []mapSet) error {
	first := shards[0]
	for i, s := range shards {
		switch {
		case s.name() != first.name():
			return fmt.Errorf("%s has maps of %s, %s of %s: --model says which to join, or name folders of one fit", first.folder, first.name(), s.folder, s.name())
		case s.shard.of != first.shard.of:
			return fmt.Errorf("%s is a shard %s, %s one %s: expected parts of one division", first.folder, &first.shard, s.folder, &s.shard)
		case i > 0 && s.shard == shards[i-1].shard:
			return fmt.Errorf("%s and %s both have the shard %s: name each once", shards[i-1].folder, s.folder, &s.shard)
		}
		if err := s.ofOneFit(); err != nil {
			return err
		}
		if err := sameFit(first, s); err != nil {
			return err
		}
	}
	for part := 1; part <= first.shard.of; part++ {
		if part > len(shards) || shards[part-1].shard.part != part {
			return fmt.Errorf("shard %d/%d is missing: found %d of %d", part, first.shard.of, len(shards), first.shard.of)
		}
	}
	return nil
}

// sameFit returns an error unless two shards have the same maps, with sidecars of the same fit.
func sameFit(a, b mapSet) error {
	if x, y := a.parameters(), b.parameters(); !slices.Equal(x, y) {
		return fmt.Errorf("%s has maps of %s, %s of %s: expected the same", a.folder, strings.Join(x, ", "), b.folder, strings.Join(y, ", "))
	}
	for _, m := range a.maps {
		other, err := b.find(m.Parameter)
		if err != nil {
			return err
		}
		x, err := asJSON(ofWhole(m.sidecar, 0, ""))
		if err != nil {
			return err
		}
		y, err := asJSON(ofWhole(other.sidecar, 0, ""))
		if err != nil {
			return err
		}
		withoutPlaces(x, y)
		if found := difference("", x, y); found != nil {
			return fmt.Errorf("%s and %s are of different fits: %s", &a, &b, found.between("in "+m.path, "in "+other.path))
		}
	}
	return nil
}

// ofWhole turns a shard's sidecar into that of a fit of all voxels. Its command is the shard's command without --shard.
func ofWhole(s sidecar, voxels int, merged string) sidecar {
	s.Fit.Shard, s.Fit.Voxels = "", voxels
	command := s.GeneratedBy["Command"]
	if words, err := commandWords(command); err == nil {
		command = commandLine(withoutFlag(words[1:], "--shard"))
	}
	s.GeneratedBy = map[string]string{"Name": generator, "Version": s.GeneratedBy["Version"], "Command": command, "MergedBy": merged}
	return s
}

// withoutFlag returns arguments without a flag and its value.
func withoutFlag(args []string, flag string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == flag:
			i++
		case !strings.HasPrefix(args[i], flag+"="):
			out = append(out, args[i])
		}
	}
	return out
}

// withoutPlaces makes equal what depends on where two fits ran: the command, and the paths of inputs. The hashes of the
// inputs still say which files they were.
func withoutPlaces(first, second any) {
	inputs := func(sidecar any) []any {
		all := sidecar.(map[string]any)
		delete(all["GeneratedBy"].(map[string]any), "Command")
		list, _ := all["Fit"].(map[string]any)["Inputs"].([]any)
		return list
	}
	a, b := inputs(first), inputs(second)
	for i := range min(len(a), len(b)) {
		b[i].(map[string]any)["Path"] = a[i].(map[string]any)["Path"]
	}
}

// A merger is one merge under way.
type merger struct {
	ctx     context.Context
	shards  []mapSet
	out     *staging
	command string
	force   bool
	mask    []int // all voxels that the fit had in its mask
}

// name returns a map's name without its shard.
func (m *merger) name(of savedMap) string {
	base := of.path[strings.LastIndexAny(of.path, `/\`)+1:]
	base = strings.TrimSuffix(base, ".nii.gz")
	label := m.shards[0].shard.label()
	if m.shards[0].desc == "" {
		label = "_desc-" + label
	}
	return strings.Replace(base, label, "", 1)
}

func (m *merger) names() []string {
	var names []string
	for _, saved := range m.shards[0].maps {
		names = append(names, m.name(saved)+".nii.gz", m.name(saved)+".json")
	}
	return names
}

// check checks the voxels of all shards with checkVoxels.
func (m *merger) check() error {
	for i := range m.shards {
		if err := m.checkVoxels(&m.shards[i]); err != nil {
			return err
		}
	}
	return nil
}

// description returns the description of one fit of all voxels.
func (m *merger) description() (description, error) {
	return ofWhole(m.shards[0].maps[0].sidecar, len(m.mask), m.command).Fit, nil
}

// merge writes all maps into the staging folder.
func (m *merger) merge() error {
	whole := m.shards[0]
	whole.shard = shard{}
	if err := m.out.claimSet(whole, m.force, m.description); err != nil {
		return err
	}
	if err := m.out.begin(); err != nil {
		return err
	}
	for _, saved := range m.shards[0].maps {
		if err := m.join(saved); err != nil {
			return err
		}
	}
	return nil
}

// checkVoxels compares the voxels of a shard's status map with those that it must have: its part of the mask that all
// shards share. Then no voxel is missing, and none is in two shards.
func (m *merger) checkVoxels(s *mapSet) error {
	mask, own, err := s.inMask(readerOf(m.ctx))
	if err != nil {
		return err
	}
	if m.mask == nil {
		m.mask = mask
	}
	if !slices.Equal(mask, m.mask) {
		return fmt.Errorf("%s and %s have different masks, of %d and %s", &m.shards[0], s, len(m.mask), plural.Count(len(mask), "voxel"))
	}
	if want := s.shard.voxels(mask); !slices.Equal(own, want) {
		return fmt.Errorf("%s in %s: its status map has %s that were fitted, expected the %d of part %s of the mask", s, s.folder, plural.Count(len(own), "voxel"), len(want), &s.shard)
	}
	return nil
}

// join writes one map and its sidecar.
func (m *merger) join(of savedMap) error {
	values := make([]float32, len(m.mask)*of.Components)
	var like *nifti.Header
	for i := range m.shards {
		s := &m.shards[i]
		saved, err := s.find(of.Parameter)
		if err != nil {
			return err
		}
		image, err := saved.open()
		if err != nil {
			return err
		}
		if like == nil {
			like = image.Header
		}
		if err := sameGrid(like, image.Header); err != nil {
			return err
		}
		part, err := readerOf(m.ctx)(image, s.shard.voxels(m.mask), of.Components)
		if err != nil {
			return err
		}
		begin, _ := s.shard.interval(len(m.mask))
		copy(values[begin*of.Components:], part)
	}
	o := nifti.WriteOptions{Description: like.Description, Context: m.ctx}
	if of.Parameter == "status" {
		o.Fill = float32(kernel.OutsideMask)
	}
	if err := nifti.WriteMap(m.out.path(m.name(of)+".nii.gz"), like, m.mask, of.Components, values, o); err != nil {
		return err
	}
	text, err := json.MarshalIndent(ofWhole(of.sidecar, len(m.mask), m.command), "", "  ")
	if err != nil {
		return err
	}
	return m.out.write(m.name(of)+".json", append(text, '\n'))
}

// sameGrid refuses maps whose voxel grids differ.
func sameGrid(a, b *nifti.Header) error {
	if !slices.Equal(a.Shape, b.Shape) {
		return fmt.Errorf("%s has the shape %v, %s %v: expected the same", a.Path, a.Shape, b.Path, b.Shape)
	}
	if a.Affine() != b.Affine() {
		return fmt.Errorf("%s and %s have different affines", a.Path, b.Path)
	}
	return nil
}

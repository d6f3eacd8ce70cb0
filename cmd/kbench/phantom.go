package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/phantom"
)

// phantomOptions has the flags of kbench phantom.
type phantomOptions struct {
	out    string
	force  bool
	voxels phantom.Options // the phantom of unordered voxels

	brain      bool
	shape      shapeFlag
	dtype      string
	background bool
}

func newPhantomCommand() *cobra.Command {
	var o phantomOptions
	c := &cobra.Command{
		Use:   "phantom -o DIR",
		Short: "Write a synthetic acquisition with known truth",
		Long: `Write a synthetic acquisition of the HCP protocol (18 b0 + 3 x 90 directions on b 1000, 2000 and 3000):
1 to 3 crossing fibres, free water, GM- and CSF-like tissue, Rician noise, and the truth of every voxel.
With --brain, they lie as in a head: a folded cortex, ventricles, bundles that cross, partial volumes and a bias field.
One seed gives the same voxels on every machine.`,
		Example: `  kbench phantom --voxels 33000 --snr 30 -o synthetic
  kbench fit csdm synthetic/dwi.nii.gz --mask synthetic/mask.nii.gz -o maps
  kbench phantom --brain --dtype int16 -o brain`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(c.Flags().Changed); err != nil {
				return err
			}
			if o.brain {
				return o.writeBrain(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
			}
			return o.write(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "output", "o", "", "output folder (needed)")
	f.IntVar(&o.voxels.Voxels, "voxels", 4096, "voxels; the published study's subject has 435686")
	f.Float64Var(&o.voxels.SNR, "snr", 30, "signal-to-noise ratio of the b0s (--brain: of white matter's); 0 is noiseless")
	f.Uint64Var(&o.voxels.Seed, "seed", 1, "seed of the phantom; each seed gives another one")
	f.Float64Var(&o.voxels.S0, "s0", 1000, "mean signal without diffusion weighting (--brain: of white matter)")
	f.BoolVar(&o.brain, "brain", false, "arrange tissues and bundles as in a head")
	f.Var(&o.shape, "shape", "--brain: voxels along x,y,z (default 104,104,72)")
	o.dtype = "float32"
	f.Var(namedValue(&o.dtype, "float32", "int16", "uint16"), "dtype", "--brain: numbers of dwi.nii.gz: float32, int16 or uint16")
	f.BoolVar(&o.background, "background", false, "--brain: put noise outside of the brain, too (default: the signal is zero there)")
	f.BoolVar(&o.force, "force", false, "replace files that exist")
	return c
}

// check refuses flags of the other kind of phantom.
func (o *phantomOptions) check(given func(flag string) bool) error {
	if o.out == "" {
		return fmt.Errorf("phantom: -o DIR says where the files go; it is needed")
	}
	if o.brain && given("voxels") {
		return fmt.Errorf("--voxels is not for --brain, whose size is --shape")
	}
	for _, flag := range []string{"shape", "dtype", "background"} {
		if !o.brain && given(flag) {
			return fmt.Errorf("--%s is for --brain", flag)
		}
	}
	return nil
}

func (o *phantomOptions) write(ctx context.Context, stdout, stderr io.Writer) error {
	g := phantom.HCP()
	if err := checkMemory("--voxels", o.voxels.Voxels, g.Len(), 1); err != nil {
		return err
	}
	out, err := newPhantomStaging(o.out, phantom.Files(), o.force)
	if err != nil {
		return err
	}
	defer out.remove()
	p, err := phantom.MakeContext(ctx, g, o.voxels)
	if err != nil {
		return err
	}
	if err := out.begin(); err != nil {
		return err
	}
	if err := p.Write(ctx, out.folder); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	o.sayWhole(stdout, stderr, "%s of %s, SNR %g, seed %d", plural.Count(len(p.Truth), "voxel"), plural.Count(p.Gradients.Len(), "measurement"), o.voxels.SNR, o.voxels.Seed)
	return nil
}

// newPhantomStaging takes the lock of the phantoms in a folder, and claims the files.
func newPhantomStaging(dir string, names []string, force bool) (*staging, error) {
	out, err := newStaging(dir, "phantom", "kbench phantom")
	if err != nil {
		return nil, err
	}
	if err := out.claim(names, force); err != nil {
		out.remove()
		return nil, err
	}
	return out, nil
}

// dataTypes has the types by their names in --dtype.
var dataTypes = map[string]nifti.Datatype{"float32": nifti.Float32, "int16": nifti.Int16, "uint16": nifti.Uint16}

func (o *phantomOptions) writeBrain(ctx context.Context, stdout, stderr io.Writer) error {
	datatype, ok := dataTypes[o.dtype]
	if !ok {
		return fmt.Errorf("--dtype %s: expected float32, int16 or uint16", o.dtype)
	}
	out, err := newPhantomStaging(o.out, phantom.BrainFiles(), o.force)
	if err != nil {
		return err
	}
	defer out.remove()
	b, err := phantom.MakeBrain(ctx, phantom.HCP(), phantom.BrainOptions{
		Shape: o.shape, SNR: o.voxels.SNR, Seed: o.voxels.Seed, S0: o.voxels.S0, Background: o.background, Datatype: datatype,
	})
	if err != nil {
		return err
	}
	if err := out.begin(); err != nil {
		return err
	}
	bar := newProgress(stderr, "phantom", "volumes", b.Gradients.Len())
	err = b.Write(ctx, out.folder, bar.set)
	bar.finish()
	if err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	o.sayWhole(stdout, stderr, "a brain of %s of %s in an image of %v, SNR %g, seed %d",
		plural.Count(len(b.Index), "voxel"), plural.Count(b.Gradients.Len(), "measurement"), b.Options.Shape, o.voxels.SNR, o.voxels.Seed)
	return nil
}

// sayWhole prints what was written, once all files are in their places.
func (o *phantomOptions) sayWhole(stdout, stderr io.Writer, format string, values ...any) {
	sayDone(stdout, stderr, "all files of the phantom are in "+o.out, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s\n", o.out, fmt.Sprintf(format, values...))
	})
}

// A shapeFlag is three numbers of voxels, such as 104,104,72. Zeros stand for the default.
type shapeFlag [3]int

func (s *shapeFlag) String() string {
	if *s == (shapeFlag{}) {
		return ""
	}
	return fmt.Sprintf("%d,%d,%d", s[0], s[1], s[2])
}

// Type returns the name of the value in help texts.
func (s *shapeFlag) Type() string { return "x,y,z" }

// Set parses the value.
func (s *shapeFlag) Set(text string) error {
	parts := strings.Split(text, ",")
	if len(parts) != len(s) {
		return fmt.Errorf("found %s, expected three, as 104,104,72", plural.Count(len(parts), "number"))
	}
	for i, part := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return fmt.Errorf("found %q, expected a number of voxels", part)
		}
		s[i] = n
	}
	return nil
}

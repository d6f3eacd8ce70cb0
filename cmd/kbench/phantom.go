package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/phantom"
)

func newPhantomCommand() *cobra.Command {
	var o phantom.Options
	var out string
	var force bool
	c := &cobra.Command{
		Use:   "phantom -o DIR",
		Short: "Write a synthetic acquisition with known truth",
		Long: `Write a synthetic acquisition of the HCP protocol (18 b0 + 3 x 90 directions on b 1000, 2000 and 3000):
1 to 3 crossing fibres, free water, GM- and CSF-like tissue, Rician noise, and the truth of every voxel.
One seed gives the same voxels on every machine.`,
		Example: "  kbench phantom --voxels 33000 --snr 30 -o phantom\n  kbench fit csdm phantom/dwi.nii.gz --mask phantom/mask.nii.gz -o maps",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return writePhantom(c.Context(), c.OutOrStdout(), o, out, force)
		},
	}
	f := c.Flags()
	f.StringVarP(&out, "output", "o", "", "output folder (needed)")
	f.IntVar(&o.Voxels, "voxels", 4096, "voxels; the published study's subject has 435686")
	f.Float64Var(&o.SNR, "snr", 30, "signal-to-noise ratio of the b0s; 0 is noiseless")
	f.Uint64Var(&o.Seed, "seed", 1, "every seed is another phantom")
	f.Float64Var(&o.S0, "s0", 1000, "mean signal without diffusion weighting")
	f.BoolVar(&force, "force", false, "replace files that exist")
	return c
}

func writePhantom(ctx context.Context, stdout io.Writer, o phantom.Options, dir string, force bool) error {
	if dir == "" {
		return fmt.Errorf("phantom: -o DIR says where the files go; it is needed")
	}
	g := phantom.HCP()
	if err := checkMemory("--voxels", o.Voxels, g.Len(), 1); err != nil {
		return err
	}
	out, err := newStaging(dir, "phantom", "kbench phantom")
	if err != nil {
		return err
	}
	defer out.remove()
	if err := out.claim(phantom.Files(), force); err != nil {
		return err
	}
	p, err := phantom.MakeContext(ctx, g, o)
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
	fmt.Fprintf(stdout, "%s: %d voxels of %d measurements, SNR %g, seed %d\n", dir, len(p.Truth), p.Gradients.Len(), o.SNR, o.Seed)
	return nil
}

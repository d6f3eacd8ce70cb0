package phantom

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/nifti"
)

// Write makes the signal and writes the brain into the directory dir, which it makes if needed. It replaces files of
// the same names. progress, if it is not nil, is called with the number of volumes that are done. The images are
// NIfTI of the brain's shape:
//
//	dwi.nii.gz               the signal, one volume to each gradient, of the Datatype asked for
//	bvals, bvecs             FSL's text format, 3 x N, numbers in full precision
//	mask.nii.gz              1 in the voxels of Index
//	truth_tissue.nii.gz      1 white matter, 2 grey matter, 3 CSF: what most of a voxel is
//	truth_tissues.nii.gz     the shares of white matter, grey matter and CSF in a voxel (3 volumes)
//	truth_fibres.nii.gz      number of bundles in the white matter, 0 to 3
//	truth_directions.nii.gz  x y z of each of three bundles (9 volumes), zero where there is none
//	truth_shares.nii.gz      share of each bundle in the white matter (3 volumes)
//	truth_diffusivities.nii.gz  axial and radial of each bundle (6 volumes), mm2/s
//	truth_fwf.nii.gz         share of CSF in the signal at b = 0
//	truth_bias.nii.gz        the receiver's sensitivity
//	truth_s0.nii.gz          signal at b = 0, without noise
//	truth.json               seed, SNR, options, units and the meaning of every file
//
// The affine and the frame of bvecs and directions are as in Phantom.Write. It stops when ctx ends, and
// removes the file that it was writing.
func (b *Brain) Write(ctx context.Context, dir string, progress func(done int)) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("phantom: %w", err)
	}
	zoom := brainWidth / float64(b.Options.Shape[0])
	header := imageHeader(b.Options.Shape, b.Gradients.Len(), zoom)
	o := nifti.WriteOptions{Context: ctx, Description: "voxfit phantom of a brain"}
	volume := func(dst []float32, i int) error {
		if progress != nil {
			progress(i)
		}
		return b.Volume(ctx, dst, i)
	}
	if err := nifti.WriteVolumes(filepath.Join(dir, "dwi.nii.gz"), header, b.Options.Datatype, volume, o); err != nil {
		return err
	}
	for _, m := range brainMaps {
		values := make([]float32, len(b.Truth)*m.Components)
		for row := range b.Truth {
			m.put(values[row*m.Components:][:m.Components], b, &b.Truth[row])
		}
		if err := nifti.WriteMap(filepath.Join(dir, m.File), header, b.Index, m.Components, values, o); err != nil {
			return err
		}
	}
	return writeTexts(dir, b.Gradients, b.truthJSON())
}

// BrainFiles are the names of the files that Brain.Write makes.
func BrainFiles() []string {
	names := []string{"dwi.nii.gz", "bvals", "bvecs", "truth.json"}
	for _, m := range brainMaps {
		names = append(names, m.File)
	}
	return names
}

// A brainMap is one image of the truth and how to read it off a voxel.
type brainMap struct {
	File        string                               `json:"file"`
	Components  int                                  `json:"components"`
	Unit        string                               `json:"unit"`
	Description string                               `json:"description"`
	put         func([]float32, *Brain, *BrainVoxel) // into Components values that are zero
}

var brainMaps = []brainMap{
	{"mask.nii.gz", 1, "", "1 inside the mask: at least half of the voxel is in the brain",
		func(dst []float32, _ *Brain, _ *BrainVoxel) { dst[0] = 1 }},
	{"truth_tissue.nii.gz", 1, "", "what most of a voxel is: 1 white matter, 2 grey matter, 3 CSF, 0 outside the mask",
		func(dst []float32, _ *Brain, v *BrainVoxel) { dst[0] = float32(v.Tissue()) }},
	{"truth_tissues.nii.gz", 3, "1", "shares of white matter, grey matter and CSF in a voxel's volume; they add to less than 1 at the brain's rim",
		func(dst []float32, _ *Brain, v *BrainVoxel) {
			dst[0], dst[1], dst[2] = float32(v.White), float32(v.Grey), float32(v.Water)
		}},
	{"truth_fibres.nii.gz", 1, "", "number of bundles in the white matter",
		func(dst []float32, _ *Brain, v *BrainVoxel) { dst[0] = float32(v.Fibres) }},
	{"truth_directions.nii.gz", 9, "", "unit vectors x y z of three bundles, largest share first, in the frame of bvecs; zero where there is no bundle",
		func(dst []float32, _ *Brain, v *BrainVoxel) {
			for k, u := range v.Directions {
				for axis, x := range u {
					dst[3*k+axis] = float32(x)
				}
			}
		}},
	{"truth_shares.nii.gz", 3, "1", "share of each bundle in the white matter",
		func(dst []float32, _ *Brain, v *BrainVoxel) {
			for k, share := range v.Shares {
				dst[k] = float32(share)
			}
		}},
	{"truth_diffusivities.nii.gz", 6, "mm2/s", "axial and radial diffusivity of each bundle",
		func(dst []float32, _ *Brain, v *BrainVoxel) {
			for k := range v.Fibres {
				dst[2*k], dst[2*k+1] = float32(v.Axial[k]), float32(v.Radial[k])
			}
		}},
	{"truth_fwf.nii.gz", 1, "1", "share of CSF in the signal at b = 0",
		func(dst []float32, b *Brain, v *BrainVoxel) {
			only := BrainVoxel{Water: v.Water, Bias: v.Bias}
			dst[0] = float32(b.unweighted(&only) / b.unweighted(v))
		}},
	{"truth_bias.nii.gz", 1, "1", "the receiver's sensitivity, which all signals are multiplied by",
		func(dst []float32, _ *Brain, v *BrainVoxel) { dst[0] = float32(v.Bias) }},
	{"truth_s0.nii.gz", 1, "arbitrary", "noiseless signal at b = 0",
		func(dst []float32, b *Brain, v *BrainVoxel) { dst[0] = float32(b.unweighted(v)) }},
}

// Tissue returns the tissue with the largest share of the voxel.
func (v *BrainVoxel) Tissue() Tissue {
	switch {
	case v.White >= v.Grey && v.White >= v.Water:
		return WhiteMatter
	case v.Grey >= v.Water:
		return GreyMatter
	}
	return CSF
}

// truthJSON holds nothing of the machine that made the brain, the number of workers included.
func (b *Brain) truthJSON() string {
	o := b.Options
	return indented(struct {
		Description string     `json:"description"`
		Seed        uint64     `json:"seed"`
		SNR         float64    `json:"snr"`
		SNRMeaning  string     `json:"snr_meaning"`
		Sigma       float64    `json:"sigma"`
		S0          float64    `json:"s0"`
		Background  bool       `json:"background"`
		Voxels      int        `json:"voxels"`
		Volumes     int        `json:"volumes"`
		Shape       [3]int     `json:"shape"`
		Grey        float64    `json:"grey_matter_diffusivity"`
		FreeWater   float64    `json:"free_water_diffusivity"`
		GreyS0      float64    `json:"grey_matter_s0"`
		WaterS0     float64    `json:"csf_s0"`
		Units       string     `json:"units"`
		Maps        []brainMap `json:"maps"`
	}{
		Description: "synthetic acquisition of a brain, made by voxfit (package phantom); its truth is in the maps below",
		Seed:        o.Seed,
		SNR:         o.SNR,
		SNRMeaning:  "s0/sigma, sigma being that of each of two Gaussian channels before the magnitude; 0 means no noise",
		Sigma:       b.sigma(),
		S0:          o.S0,
		Background:  o.Background,
		Voxels:      len(b.Index),
		Volumes:     b.Gradients.Len(),
		Shape:       o.Shape,
		Grey:        brainGrey,
		FreeWater:   FreeWaterDiffusivity,
		GreyS0:      o.S0 * brainGreySignal,
		WaterS0:     o.S0 * brainWaterSignal,
		Units:       "diffusivities mm2/s, b-values s/mm2, distances mm, signal arbitrary; signals of tissues are before the bias field",
		Maps:        brainMaps,
	})
}

package phantom

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/nifti"
)

// zoom is the side of a voxel in mm, the HCP's.
const zoom = 1.25

// Write writes the phantom into the directory dir, which it makes if needed. It replaces files of the same names.
// The images are float32 NIfTI of the phantom's shape, zero outside the mask:
//
//	dwi.nii.gz                  the signal, one volume to each gradient
//	bvals, bvecs                FSL's text format, 3 x N, numbers in full precision
//	mask.nii.gz                 1 in the voxels of Index
//	truth_tissue.nii.gz         1 white matter, 2 grey matter, 3 CSF
//	truth_fibres.nii.gz         number of fibre populations, 0 to 3
//	truth_directions.nii.gz     x y z of each of three fibres (9 volumes), zero where there is none
//	truth_fractions.nii.gz      share of each of three compartments in the signal at b = 0
//	truth_diffusivities.nii.gz  axial and radial of each of three compartments (6 volumes), mm2/s
//	truth_fwf.nii.gz            free-water fraction
//	truth_s0.nii.gz             signal at b = 0
//	truth.json                  seed, SNR, options, units and the meaning of every file
//
// Voxels are 1.25 mm wide, with the middle one at the origin of the scanner's frame. The affine has
// a negative determinant (x runs right to left, as in the HCP's own files), so bvecs, which are in
// the image frame, need no flip under FSL's rule, and the truth's directions share their frame.
//
// It stops when ctx ends, and removes the file that it was writing. After any error, the files that were written before
// stay, each whole.
//
// Equal phantoms give equal files, byte for byte, with one version of the gzip library. Another version may compress the
// same contents to other bytes.
func (p *Phantom) Write(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("phantom: %w", err)
	}
	n := p.Gradients.Len()
	if err := p.writeMap(ctx, dir, "dwi.nii.gz", n, p.Signal); err != nil {
		return err
	}
	for _, m := range truthMaps {
		if err := p.writeMap(ctx, dir, m.File, m.Components, m.values(p.Truth)); err != nil {
			return err
		}
	}
	return writeTexts(dir, p.Gradients, p.truthJSON())
}

// writeTexts writes the gradient table, and truth.json, which says how the phantom was made.
func writeTexts(dir string, g *acq.GradientTable, truth string) error {
	for _, file := range []struct{ name, text string }{
		{"bvals", bvalsText(g)}, {"bvecs", bvecsText(g)}, {"truth.json", truth},
	} {
		if err := disk.Replace(filepath.Join(dir, file.name), []byte(file.text)); err != nil {
			return fmt.Errorf("phantom: %w", err)
		}
	}
	return nil
}

// Files are the names of the files that Write makes.
func Files() []string {
	names := []string{"dwi.nii.gz", "bvals", "bvecs", "truth.json"}
	for _, m := range truthMaps {
		names = append(names, m.File)
	}
	return names
}

func (p *Phantom) writeMap(ctx context.Context, dir, name string, components int, values []float32) error {
	return nifti.WriteMap(filepath.Join(dir, name), p.header(), p.Index, components, values, nifti.WriteOptions{Context: ctx})
}

// header describes the image of the signal.
func (p *Phantom) header() *nifti.Header { return imageHeader(p.Shape, p.Gradients.Len(), zoom) }

// imageHeader makes the header of an image whose voxels are zoom mm wide and whose middle voxel is at the origin of
// the scanner's frame.
func imageHeader(shape [3]int, volumes int, zoom float64) *nifti.Header {
	c := centre(shape)
	affine := [4][4]float64{
		{-zoom, 0, 0, zoom * float64(c[0])},
		{0, zoom, 0, -zoom * float64(c[1])},
		{0, 0, zoom, -zoom * float64(c[2])},
		{0, 0, 0, 1},
	}
	return nifti.NewHeader([]int{shape[0], shape[1], shape[2], volumes}, []float64{zoom, zoom, zoom, 1}, affine)
}

// A truthMap is one image of the truth and how to read it off a voxel.
type truthMap struct {
	File        string                        `json:"file"`
	Components  int                           `json:"components"`
	Unit        string                        `json:"unit"`
	Description string                        `json:"description"`
	put         func(dst []float32, v *Voxel) // dst holds Components zeros
}

var truthMaps = []truthMap{
	{"mask.nii.gz", 1, "", "1 inside the mask",
		func(dst []float32, _ *Voxel) { dst[0] = 1 }},
	{"truth_tissue.nii.gz", 1, "", "1 white matter, 2 grey matter, 3 CSF, 0 outside the mask",
		func(dst []float32, v *Voxel) { dst[0] = float32(v.Tissue) }},
	{"truth_fibres.nii.gz", 1, "", "number of fibre populations",
		func(dst []float32, v *Voxel) { dst[0] = float32(v.Fibres) }},
	{"truth_directions.nii.gz", 9, "", "unit vectors x y z of three fibres, largest fraction first, in the frame of bvecs; zero where there is no fibre",
		func(dst []float32, v *Voxel) {
			for k := range v.Fibres {
				for axis, x := range v.Compartments[k].Direction {
					dst[3*k+axis] = float32(x)
				}
			}
		}},
	{"truth_fractions.nii.gz", 3, "1", "share of each compartment in the signal at b = 0: the fibres, or the grey matter in the first",
		func(dst []float32, v *Voxel) {
			for k, c := range v.Compartments {
				dst[k] = float32(c.Fraction)
			}
		}},
	{"truth_diffusivities.nii.gz", 6, "mm2/s", "axial and radial diffusivity of each compartment",
		func(dst []float32, v *Voxel) {
			for k, c := range v.Compartments {
				dst[2*k], dst[2*k+1] = float32(c.Axial), float32(c.Radial)
			}
		}},
	{"truth_fwf.nii.gz", 1, "1", "share of free water in the signal at b = 0",
		func(dst []float32, v *Voxel) { dst[0] = float32(v.FreeWater) }},
	{"truth_s0.nii.gz", 1, "arbitrary", "noiseless signal at b = 0",
		func(dst []float32, v *Voxel) { dst[0] = float32(v.S0) }},
}

func (m truthMap) values(truth []Voxel) []float32 {
	values := make([]float32, len(truth)*m.Components)
	for row := range truth {
		m.put(values[row*m.Components:][:m.Components], &truth[row])
	}
	return values
}

// bvalsText is the b-values in FSL's format: one line.
func bvalsText(g *acq.GradientTable) string {
	return joined(g.Len(), func(i int) float64 { return g.Bvals[i] })
}

// bvecsText is the b-vectors in FSL's format: a line of x, one of y and one of z.
func bvecsText(g *acq.GradientTable) string {
	var text strings.Builder
	for axis := range 3 {
		text.WriteString(joined(g.Len(), func(i int) float64 { return g.Bvecs[i][axis] }))
	}
	return text.String()
}

// joined writes each number with as many digits as it takes to read the same number back.
func joined(n int, at func(int) float64) string {
	words := make([]string, n)
	for i := range words {
		words[i] = strconv.FormatFloat(at(i), 'g', -1, 64)
	}
	return strings.Join(words, " ") + "\n"
}

// truthJSON holds nothing of the machine that made the phantom, the number of workers included.
func (p *Phantom) truthJSON() string {
	o := p.Options
	r := Response()
	return indented(struct {
		Description string     `json:"description"`
		Seed        uint64     `json:"seed"`
		SNR         float64    `json:"snr"`
		SNRMeaning  string     `json:"snr_meaning"`
		Sigma       float64    `json:"sigma"`
		S0          float64    `json:"s0"`
		Voxels      int        `json:"voxels"`
		Volumes     int        `json:"volumes"`
		Shape       [3]int     `json:"shape"`
		Mix         Mix        `json:"mix"`
		FreeWater   float64    `json:"free_water_diffusivity"`
		Response    [4]float64 `json:"response"`
		Units       string     `json:"units"`
		Maps        []truthMap `json:"maps"`
	}{
		Description: "synthetic diffusion acquisition made by voxfit (package phantom); its truth is in the maps below",
		Seed:        o.Seed,
		SNR:         o.SNR,
		SNRMeaning:  "s0/sigma, sigma being that of each of two Gaussian channels before the magnitude; 0 means no noise",
		Sigma:       o.sigma(),
		S0:          o.S0,
		Voxels:      o.Voxels,
		Volumes:     p.Gradients.Len(),
		Shape:       p.Shape,
		Mix:         o.Mix,
		FreeWater:   FreeWaterDiffusivity,
		Response:    [4]float64{r.Evals[0], r.Evals[1], r.Evals[2], o.S0},
		Units:       "diffusivities mm2/s, b-values s/mm2, distances mm, signal arbitrary; shares of mix are outside the core of single fibres in the middle",
		Maps:        truthMaps,
	})
}

// indented is a value as JSON.
func indented(value any) string {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		panic("phantom: " + err.Error()) // only numbers and text that JSON can hold
	}
	return string(text) + "\n"
}

package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/phantom"
)

const (
	fibreHelp  = `auto (from anisotropic voxels in the centre, as DIPY does), e1,e2,e3,S0 (mm2/s), or a file (MRtrix3's or DIPY's form)`
	tissueHelp = `auto (from the data of the mask), MRtrix3's files WM.txt,GM.txt,CSF.txt, or numbers as for a fibre for each tissue, "WM;GM;CSF"`
	// responseHelp is the help of --response for several models.
	responseHelp = `response of a single fibre: ` + fibreHelp + `. Or responses of several tissues: ` + tissueHelp + `. Then the first is also that of a fibre`
)

// responseHelpFor returns the help of --response for one model, or for all (nil). It is empty for a model that needs no
// response.
func responseHelpFor(k *model.Kind) string {
	switch {
	case k == nil:
		return responseHelp
	case k.Needs.Response:
		return "response of a single fibre: " + fibreHelp
	case k.Needs.Tissues:
		return "response of each tissue: " + tissueHelp
	}
	return ""
}

// readSignal reads the voxels of index into signal, voxel-major, with a progress bar.
func readSignal(ctx context.Context, signal []float32, image *nifti.Image, index []int, o nifti.ReadOptions, stderr io.Writer) error {
	bar := newProgress(stderr, "read", "volumes", image.Header.Volumes())
	defer bar.finish()
	o.Progress = func(done, _ int) { bar.set(done) }
	return image.ReadMasked(ctx, signal, index, o)
}

// checkMemory refuses a block of voxels if several copies of it (times) do not fit in free memory.
func checkMemory(what string, voxels, measurements, times int) error {
	need, free := float64(voxels)*float64(measurements)*4*float64(times), float64(availableMemory())
	if free > 0 && need > free {
		return fmt.Errorf("%s: to hold the signal of %s takes %.1f GiB, expected at most the %.1f GiB that are free", what, plural.Count(voxels, "voxel"), need/(1<<30), free/(1<<30))
	}
	return nil
}

// findResponse returns the response that the flag --response gives. auto estimates it from the voxels of index.
func findResponse(flag string, signal []float32, shape [3]int, index []int, g *acq.GradientTable, o acq.AutoOptions) (acq.Response, error) {
	if err := checkResponse(flag); err != nil {
		return acq.Response{}, err
	}
	if flag == "auto" {
		return acq.AutoResponse(signal, shape, index, g, o)
	}
	if model.IsNumbers(flag) {
		fibre, _, _ := strings.Cut(flag, ";")
		return acq.ParseResponse(fibre)
	}
	return acq.ReadResponse(fibreFile(flag))
}

// load reads the data of a study, or makes its phantom.
func (o *runOptions) load(ctx context.Context, stderr io.Writer) (studyBlock, error) {
	source, err := o.source(ctx, stderr)
	if err != nil {
		return studyBlock{}, err
	}
	return o.blockOf(ctx, source, 1)
}

// source opens the data of a study, or makes its phantom.
func (o *runOptions) source(ctx context.Context, stderr io.Writer) (studySource, error) {
	if o.data.dwi == "" {
		return o.makePhantom(ctx)
	}
	a, err := o.data.open(acq.WithSpelling(spellForStudy))
	if err != nil {
		return studySource{}, err
	}
	for _, w := range a.warnings {
		fmt.Fprintln(stderr, "kbench: warning:", w)
	}
	return studySource{
		block: studyBlock{gradients: a.gradients, shape: a.image.Header.Shape, inputs: a.inputs}, name: o.data.dwi, mask: a.mask.Index,
		rows: func(ctx context.Context, dst []float32, index []int) error {
			return readSignal(ctx, dst, a.image, index, nifti.ReadOptions{}, stderr)
		},
	}, nil
}

// blockOf makes the block of a scale, with the responses for its models.
func (o *runOptions) blockOf(ctx context.Context, source studySource, scale int) (studyBlock, error) {
	block, index, err := source.at(ctx, o, scale)
	if err != nil {
		return block, err
	}
	if o.data.dwi == "" {
		return block, o.phantomResponses(&block)
	}
	err = o.findResponses(&block, index, func(dst []float32, wanted []int) error {
		copyRows(dst, wanted, block.signal(), index, block.gradients.Len())
		return nil
	})
	return block, err
}

// spellForStudy spells options in messages about a table and its responses as flags of kbench run and compare.
func spellForStudy(option string) string {
	if option == "response" {
		return "--response"
	}
	return ""
}

// findResponses sets the responses for the models of a study, as the flag --response says. rows reads the signal of
// voxels of the mask. It is called only for automatic responses, and only for the voxels that they are estimated from.
func (o *runOptions) findResponses(block *studyBlock, mask []int, rows func(dst []float32, index []int) error) (err error) {
	signalOf := func(index []int) ([]float32, error) {
		if o.response != "auto" {
			return nil, nil
		}
		if err := checkMemory("--response auto", len(index), block.gradients.Len(), 1); err != nil {
			return nil, err
		}
		signal := make([]float32, len(index)*block.gradients.Len())
		return signal, rows(signal, index)
	}
	defer func() { err = fromImage(err, o.response, o.data.dwi) }()
	if needsResponse(o.models) {
		shape := [3]int(block.shape[:3])
		index, err := acq.AutoRegion(shape, mask, acq.AutoOptions{})
		if err != nil {
			return err
		}
		signal, err := signalOf(index)
		if err != nil {
			return err
		}
		if block.response, err = findResponse(o.response, signal, shape, index, block.gradients, acq.AutoOptions{}); err != nil {
			return err
		}
	}
	if needsTissues(o.models) {
		signal, err := signalOf(acq.Spread(mask, 1, tissueSample))
		if err != nil {
			return err
		}
		block.tissues, err = findTissues(o.response, signal, block.gradients)
		return err
	}
	return nil
}

// fromImage adds to an error the image from which automatic responses could not be estimated, unless the error names it
// already.
func fromImage(err error, response, image string) error {
	if err == nil || response != "auto" || strings.HasPrefix(err.Error(), image+": ") {
		return err
	}
	return fmt.Errorf("%s: %w", image, err)
}

func (o *runOptions) makePhantom(ctx context.Context) (studySource, error) {
	g := phantom.HCP()
	if err := checkMemory("--voxels", o.voxels, g.Len(), 2); err != nil {
		return studySource{}, err
	}
	p, err := phantom.MakeContext(ctx, g, phantom.Options{Voxels: o.voxels, SNR: o.snr, Seed: o.seed})
	if err != nil {
		return studySource{}, err
	}
	return studySource{
		block: studyBlock{gradients: g, shape: append(p.Shape[:], g.Len())}, name: "--voxels", mask: p.Index,
		rows: func(_ context.Context, dst []float32, index []int) error {
			copyRows(dst, index, p.Signal, p.Index, p.Gradients.Len()) // a phantom is zero outside of its mask
			return nil
		},
	}, nil
}

// copyRows copies rows of n numbers each: those of the voxels in wanted, out of rows, which has those of the voxels in
// index. Both lists are ascending. The row of a wanted voxel that is not in index is not changed.
func copyRows(dst []float32, wanted []int, rows []float32, index []int, n int) {
	row := 0
	for i, v := range wanted {
		for row < len(index) && index[row] < v {
			row++
		}
		if row < len(index) && index[row] == v {
			copy(dst[i*n:], rows[row*n:(row+1)*n])
		}
	}
}

// phantomResponses sets the responses to those that the phantom was made with, or to those that were given.
func (o *runOptions) phantomResponses(block *studyBlock) (err error) {
	block.response = phantom.Response()
	if o.response != "auto" {
		block.response, err = findResponse(o.response, nil, [3]int(block.shape[:3]), nil, block.gradients, acq.AutoOptions{})
	}
	if needsTissues(o.models) {
		block.tissues = phantomTissues()
		if err == nil && o.response != "auto" {
			block.tissues, err = findTissues(o.response, nil, block.gradients)
		}
	}
	return err
}

// estimateResponse sets the response of a fit, as the flag --response says. For auto it reads the signal of the box in
// the centre.
func (j *fitJob) estimateResponse(ctx context.Context) error {
	header := j.image.Header
	if j.fitOptions.response != "auto" {
		err := checkResponse(j.fitOptions.response)
		if err == nil {
			err = j.watch(fibreFile(j.fitOptions.response))
		}
		if err != nil {
			return err
		}
		j.response, err = findResponse(j.fitOptions.response, nil, header.SpatialShape(), nil, j.gradients, acq.AutoOptions{})
		return err
	}
	index, err := acq.AutoRegion(header.SpatialShape(), j.mask.Index, j.auto())
	if err != nil {
		return err
	}
	signal, err := j.signalOf(ctx, index)
	if err != nil {
		return err
	}
	if j.response, err = findResponse("auto", signal, header.SpatialShape(), index, j.gradients, j.auto()); err != nil {
		return fromImage(err, "auto", j.image.Path)
	}
	if n := j.response.Raised; n > 0 {
		j.warnings = append(j.warnings, fmt.Sprintf("%s: %d of the %s of the automatic response have signals below 1e-4, which were raised to it: is the image scaled to tiny values?",
			j.image.Path, n, plural.Count(j.response.Voxels, "voxel")))
	}
	return nil
}

// auto returns the options of an automatic response.
func (o *fitOptions) auto() acq.AutoOptions {
	return acq.AutoOptions{FAThreshold: o.responseFA, Radii: [3]int{o.responseRadius, o.responseRadius, o.responseRadius}}
}

// signalOf reads voxels of the mask before the model is known. If there is enough memory, the volumes are kept for the
// fit.
func (j *fitJob) signalOf(ctx context.Context, index []int) ([]float32, error) {
	signal := make([]float32, len(index)*j.image.Header.Volumes())
	if !j.keepsVolumes() {
		return signal, readSignal(ctx, signal, j.image, index, j.readOptions(), j.stderr)
	}
	if err := j.readVolumes(ctx, j.index); err != nil {
		return nil, err
	}
	return signal, j.volumes.Rows(ctx, signal, index)
}

// describeResponse describes a response for sidecars.
func describeResponse(r acq.Response) map[string]any {
	d := map[string]any{"Eigenvalues": r.Evals, "S0": r.S0}
	if r.IsZonal() {
		d = map[string]any{"ZonalCoefficients": r.Zonal, "Bvals": r.Bvals}
	}
	if r.Voxels > 0 {
		d["EstimatedFromVoxels"] = r.Voxels
	}
	return d
}

// fitters makes the models of a study for each of its blocks, and returns those of the first block by name.
func (o *runOptions) fitters(blocks []studyBlock, stderr io.Writer) (map[string]model.Model, error) {
	for i := range blocks {
		b := &blocks[i]
		b.models = map[string]model.Model{}
		for _, name := range o.models {
			m, err := standardModel(name, "", o.isa, model.Inputs{Gradients: b.gradients, Response: b.response, Tissues: b.tissues})
			if err != nil {
				return nil, o.data.nameIn(err, o.response)
			}
			b.models[name] = m
			for _, w := range m.Warnings() {
				if i == 0 {
					fmt.Fprintln(stderr, "kbench: warning:", w)
				}
			}
		}
	}
	return blocks[0].models, nil
}

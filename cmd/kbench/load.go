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
	// responseHelp is for several models at a time.
	responseHelp = `response of a single fibre: ` + fibreHelp + `. Or responses of several tissues: ` + tissueHelp + `. Then the first is also that of a fibre`
)

// responseHelpFor is for one model, or for all (nil); it is empty for one that needs no response.
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

// checkMemory refuses a block of voxels that would not fit, so many times over, in the memory that is
// free.
func checkMemory(what string, voxels, measurements, times int) error {
	need, free := float64(voxels)*float64(measurements)*4*float64(times), float64(availableMemory())
	if free > 0 && need > free {
		return fmt.Errorf("%s: to hold the signal of %s takes %.1f GiB, expected at most the %.1f GiB that are free", what, plural.Count(voxels, "voxel"), need/(1<<30), free/(1<<30))
	}
	return nil
}

// findResponse interprets the --response flag; auto estimates it from the voxels of index.
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
	if o.data.dwi == "" {
		return o.makePhantom(ctx)
	}
	a, err := o.data.open(acq.WithSpelling(func(string) string { return "" })) // these commands have no such options
	if err != nil {
		return studyBlock{}, err
	}
	block, err := o.newBlock(o.data.dwi, len(a.mask.Index), a.gradients, 0)
	if err != nil {
		return block, err
	}
	block.shape, block.inputs = a.image.Header.Shape, a.inputs
	if err = readSignal(ctx, block.signal(), a.image, a.mask.Index, nifti.ReadOptions{}, stderr); err != nil {
		return block, err
	}
	if needsResponse(o.models) {
		block.response, err = findResponse(o.response, block.signal(), a.image.Header.SpatialShape(), a.mask.Index, a.gradients, acq.AutoOptions{})
	}
	if err == nil && needsTissues(o.models) {
		block.tissues, err = findTissues(o.response, acq.Spread(block.signal(), a.gradients.Len(), tissueSample), a.gradients)
	}
	if err == nil {
		for _, w := range a.warnings {
			fmt.Fprintln(stderr, "kbench: warning:", w)
		}
	}
	return block, fromImage(err, o.response, o.data.dwi)
}

// fromImage names the image that automatic responses could not be estimated from, unless the error does so by itself.
func fromImage(err error, response, image string) error {
	if err == nil || response != "auto" || strings.HasPrefix(err.Error(), image+": ") {
		return err
	}
	return fmt.Errorf("%s: %w", image, err)
}

func (o *runOptions) makePhantom(ctx context.Context) (studyBlock, error) {
	g := phantom.HCP()
	block, err := o.newBlock("--voxels", o.voxels, g, 1)
	if err != nil {
		return block, err
	}
	p, err := phantom.MakeContext(ctx, g, phantom.Options{Voxels: o.voxels, SNR: o.snr, Seed: o.seed})
	if err != nil {
		return block, err
	}
	copy(block.signal(), p.Signal)
	block.response, block.shape = phantom.Response(), append(p.Shape[:], g.Len())
	if o.response != "auto" {
		block.response, err = findResponse(o.response, nil, p.Shape, nil, p.Gradients, acq.AutoOptions{})
	}
	if needsTissues(o.models) {
		block.tissues = phantomTissues()
		if err == nil && o.response != "auto" {
			block.tissues, err = findTissues(o.response, nil, p.Gradients)
		}
	}
	return block, err
}

// estimateResponse interprets the --response flag of a fit. For auto it reads the signal of the box that is looked at.
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
		return fmt.Errorf("%w; the flags are --response-fa, --response-radius and --response", fromImage(err, "auto", j.image.Path))
	}
	if n := j.response.Raised; n > 0 {
		j.warnings = append(j.warnings, fmt.Sprintf("%s: %d of the %s of the automatic response have signals below 1e-4, which were raised to it: is the image scaled to tiny values?",
			j.image.Path, n, plural.Count(j.response.Voxels, "voxel")))
	}
	return nil
}

// auto are the choices of an automatic response.
func (o *fitOptions) auto() acq.AutoOptions {
	return acq.AutoOptions{FAThreshold: o.responseFA, Radii: [3]int{o.responseRadius, o.responseRadius, o.responseRadius}}
}

// signalOf reads voxels of the mask before the model is known. Where that is well spent memory, the volumes are kept for the
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

// describeResponse is the response in sidecars.
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

// fitters makes the models of a study, by name.
func (o *runOptions) fitters(b studyBlock, stderr io.Writer) (map[string]model.Model, error) {
	models := map[string]model.Model{}
	for _, name := range o.models {
		m, err := standardModel(name, "", o.isa, model.Inputs{Gradients: b.gradients, Response: b.response, Tissues: b.tissues})
		if err != nil {
			return nil, o.data.nameIn(err, o.response)
		}
		for _, w := range m.Warnings() {
			fmt.Fprintln(stderr, "kbench: warning:", w)
		}
		models[name] = m
	}
	return models, nil
}

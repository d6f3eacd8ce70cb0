package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
)

// inputs has the files of one acquisition, as the user names them.
type inputs struct {
	dwi, bvals, bvecs, mask string

	budget memoryBudget // the memory for the index; its zero value is no limit
}

func (in *inputs) addFlags(f *pflag.FlagSet) {
	f.StringVar(&in.bvals, "bvals", "", "b-values in s/mm2 (default: DWI.bval, DWI.bvals or bvals beside the image)")
	f.StringVar(&in.bvecs, "bvecs", "", "b-vectors, 3xN or Nx3, FSL convention (default: DWI.bvec, DWI.bvecs or bvecs beside the image)")
	f.StringVar(&in.mask, "mask", "", "3D mask of the voxels to fit (default: all)")
}

// An acquisition is the opened inputs: headers and tables, but not yet the signal.
type acquisition struct {
	image     *nifti.Image
	mask      *nifti.Mask
	gradients *acq.GradientTable
	warnings  []string
	inputs    []input // the files that were read, the image first
}

// open reads the headers and tables and checks that they belong together.
func (in *inputs) open(options ...acq.GradientOption) (*acquisition, error) {
	image, err := openImage(in.dwi)
	if err != nil {
		return nil, err
	}
	if in.bvals, err = beside(in.dwi, in.bvals, "--bvals", ".bval", ".bvals", "bvals"); err != nil {
		return nil, err
	}
	if in.bvecs, err = beside(in.dwi, in.bvecs, "--bvecs", ".bvec", ".bvecs", "bvecs"); err != nil {
		return nil, err
	}
	a := &acquisition{image: image.Image, inputs: []input{image}}
	for _, path := range []string{in.bvals, in.bvecs} {
		text, err := watch(path)
		if err != nil {
			return nil, err
		}
		a.inputs = append(a.inputs, text)
	}
	if a.gradients, a.warnings, err = acq.ReadGradients(in.bvals, in.bvecs, options...); err != nil {
		return nil, err
	}
	// With --bvalue-scaling dipy, reading the table has not checked the units.
	if err := a.gradients.CheckUnits(); err != nil {
		return nil, err
	}
	if err := a.gradients.CheckVolumes(image.Header.Volumes()); err != nil {
		return nil, fmt.Errorf("%s: %w", in.dwi, err)
	}
	if in.mask == "" {
		if err := in.checkIndex(in.dwi, image.Header.Voxels()); err != nil {
			return nil, err
		}
		a.mask = nifti.FullMask(image.Header)
		a.warnings = append(a.warnings, fmt.Sprintf("%s: there is no --mask, so that the whole image is fitted, with its background (%s)", in.dwi, plural.Count(len(a.mask.Index), "voxel")))
		return a, nil
	}
	mask, err := openImage(in.mask)
	if err != nil {
		return nil, err
	}
	a.inputs = append(a.inputs, mask)
	if err := (&nifti.Mask{Header: mask.Header}).CheckAgainst(image.Header); err != nil {
		return nil, err
	}
	inside, err := mask.CountMask()
	if err != nil {
		return nil, err
	}
	if err := in.checkIndex(in.mask, inside); err != nil {
		return nil, err
	}
	if a.mask, err = mask.Mask(); err != nil {
		return nil, err
	}
	if doubt := a.mask.Doubt(); doubt != "" {
		a.warnings = append(a.warnings, doubt)
	}
	return a, nil
}

// checkIndex refuses more voxels than fit into memory. Their numbers alone may take a quarter of it, because their maps
// take more than the rest.
func (in *inputs) checkIndex(path string, voxels int) error {
	const each = 8
	if most := in.budget.bytes / 4; most > 0 && int64(voxels) > most/each {
		return fmt.Errorf("%s: found %s to fit, whose numbers alone take %s; %s is %s, too little for their maps: allow more, or name a mask of fewer voxels with --mask",
			path, plural.Count(voxels, "voxel"), sizeText(int64(voxels)*each), in.budget.limit, sizeText(in.budget.bytes))
	}
	return nil
}

// nameIn adds to a model's error the files that the model was made from: the table, and the response if the error is
// about it.
func (in *inputs) nameIn(err error, response string) error {
	var sources []string
	if in.bvals != "" && !strings.Contains(err.Error(), in.bvals) { // a phantom has no files
		sources = append(sources, in.bvals)
	}
	if about := (*model.OptionError)(nil); errors.As(err, &about) && about.Option == "response" {
		sources = append(sources, "--response "+response)
	}
	if len(sources) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, strings.Join(sources, ", "))
}

// beside finds a file that belongs to the image. It is the named file, or one with the image's stem and one of the
// endings in names, or the file in the image's folder with the last of names, which is a whole name.
func beside(image, named, flag string, names ...string) (string, error) {
	if named != "" {
		return named, nil
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(image, ".gz"), ".nii")
	var tried []string
	for _, name := range names {
		path := filepath.Join(filepath.Dir(image), name)
		if strings.HasPrefix(name, ".") {
			path = stem + name
		}
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		tried = append(tried, path)
	}
	return "", fmt.Errorf("%s: no %s file found beside it (looked for %s); name it with %s",
		image, strings.TrimPrefix(flag, "--"), strings.Join(tried, ", "), flag)
}

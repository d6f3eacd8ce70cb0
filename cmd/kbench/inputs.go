package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/nifti"
)

// inputs are the files of one acquisition, as the user names them.
type inputs struct {
	dwi, bvals, bvecs, mask string
}

func (in *inputs) addFlags(f *pflag.FlagSet) {
	f.StringVar(&in.bvals, "bvals", "", "b-values in s/mm2 (default: DWI.bval, DWI.bvals or bvals beside the image)")
	f.StringVar(&in.bvecs, "bvecs", "", "b-vectors, 3xN or Nx3, FSL convention (default: DWI.bvec, DWI.bvecs or bvecs beside the image)")
	f.StringVar(&in.mask, "mask", "", "3D mask of the voxels to fit (default: all)")
}

// An acquisition is the opened inputs: headers and tables, not yet the signal.
type acquisition struct {
	image     *nifti.Image
	mask      *nifti.Mask
	gradients *acq.GradientTable
	warnings  []string
	files     []string // what was read, the image first
}

// open reads the headers and tables and checks that they belong together.
func (in *inputs) open(options ...acq.GradientOption) (*acquisition, error) {
	image, err := nifti.Open(in.dwi)
	if err != nil {
		return nil, err
	}
	if in.bvals, err = beside(in.dwi, in.bvals, "--bvals", ".bval", ".bvals", "bvals"); err != nil {
		return nil, err
	}
	if in.bvecs, err = beside(in.dwi, in.bvecs, "--bvecs", ".bvec", ".bvecs", "bvecs"); err != nil {
		return nil, err
	}
	a := &acquisition{image: image, files: []string{in.dwi, in.bvals, in.bvecs}}
	if a.gradients, a.warnings, err = acq.ReadGradients(in.bvals, in.bvecs, options...); err != nil {
		return nil, err
	}
	if err := a.gradients.CheckVolumes(image.Header.Volumes()); err != nil {
		return nil, fmt.Errorf("%s: %w", in.dwi, err)
	}
	if in.mask == "" {
		a.mask = nifti.FullMask(image.Header)
		a.warnings = append(a.warnings, fmt.Sprintf("%s: there is no --mask, so that all %d voxels are fitted, the background too", in.dwi, len(a.mask.Index)))
		return a, nil
	}
	a.files = append(a.files, in.mask)
	if a.mask, err = nifti.ReadMask(in.mask); err != nil {
		return nil, err
	}
	if doubt := a.mask.Doubt(); doubt != "" {
		a.warnings = append(a.warnings, doubt)
	}
	return a, a.mask.CheckAgainst(image.Header)
}

// nameIn adds to a model's error what the model was made from, unless the error says which flag is wrong.
func (in *inputs) nameIn(err error, model, response string) error {
	if strings.HasPrefix(err.Error(), "--") {
		return err
	}
	var sources []string
	if in.bvals != "" && !strings.Contains(err.Error(), in.bvals) { // a phantom has no files
		sources = append(sources, in.bvals)
	}
	if names := []string{model}; needsResponse(names) || needsTissues(names) {
		sources = append(sources, "--response "+response)
	}
	if len(sources) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, strings.Join(sources, ", "))
}

// beside finds a companion of the image: the named file, or one that shares the image's stem with one
// of the endings, or a file in the image's folder with the last (whole) name.
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

// An inputFile records which file was read, for the sidecars.
type inputFile struct {
	Path   string `json:"Path"`
	Bytes  int64  `json:"Bytes"`
	SHA256 string `json:"SHA256"`
}

// hashFiles describes files by size and SHA-256.
func hashFiles(paths []string) ([]inputFile, error) {
	var out []inputFile
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		h := sha256.New()
		n, err := io.Copy(h, f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, inputFile{Path: path, Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))})
	}
	return out, nil
}

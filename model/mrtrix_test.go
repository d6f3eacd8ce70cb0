package model_test

import (
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
)

// These tests hold the tensor fit to MRtrix3's dwi2tensor on mrtrix_csd_b3000: to the output that
// MRtrix3's own test suite stores, and to a live run. MRtrix3 fits in the frame of the scanner, in
// which grad_scanner.b is given.

// dwi2tensor's default is two reweighted fits after the first.
var dwi2tensorVariants = []struct {
	name    string
	options model.TensorOptions
	stored  []string // files in mrtrix_csd_b3000/expected
	flags   []string // of the live run; nil for none: 3.0.3 takes -iter 1 for -iter 0
}{
	{"default", model.TensorOptions{Method: kernel.IWLS, Iterations: 2},
		[]string{"dwi2tensor_out.nii.gz", "dwi2tensor_out_it2.nii.gz", "dwi2tensor_out_mask.nii.gz"}, []string{}},
	{"iter 0", model.TensorOptions{Method: kernel.IWLS, Iterations: model.NoReweighting}, []string{"dwi2tensor_out_it0.nii.gz"}, []string{"-iter", "0"}},
	{"iter 1", model.TensorOptions{Method: kernel.IWLS, Iterations: 1}, []string{"dwi2tensor_out_it1.nii.gz"}, nil},
	{"ols iter 0", model.TensorOptions{Method: kernel.IWLS, UniformStart: true, Iterations: model.NoReweighting},
		[]string{"dwi2tensor_out_ols_it0.nii.gz"}, []string{"-ols", "-iter", "0"}},
	{"ols iter 2", model.TensorOptions{Method: kernel.IWLS, UniformStart: true, Iterations: 2}, nil, []string{"-ols", "-iter", "2"}},
}

// Two voxels of the one stored output that has no mask lie outside the head, with values of zero
// among the signals. There MRtrix3's own live run is as far from its stored output as we are (1e-3).
const illConditionedOutsideTheHead = 2

func TestTensorsAreThoseThatMRtrixStored(t *testing.T) {
	a := scannerAcquisition(t, "mrtrix_csd_b3000")
	for _, variant := range dwi2tensorVariants {
		for _, file := range variant.stored {
			t.Run(file, func(t *testing.T) {
				stored := readImage(t, peer.Data(t, "mrtrix_csd_b3000", "expected", file))
				tensors := compareTensors(t, a, variant.options, stored)
				allowed := 0
				if file == "dwi2tensor_out.nii.gz" {
					allowed = illConditionedOutsideTheHead
				}
				if len(tensors.exceptions) <= allowed {
					tensors.want(t, 0.99, "tensors within 1e-5 of the largest element")
				} else {
					tensors.want(t, 1, "tensors within 1e-5 of the largest element")
				}
			})
		}
	}
}

func TestTensorsAreThoseOfALiveRunOfMRtrix(t *testing.T) {
	peer.Slow(t)
	a, dir := scannerAcquisition(t, "mrtrix_csd_b3000"), peer.Data(t, "mrtrix_csd_b3000")
	for _, variant := range dwi2tensorVariants {
		if variant.flags == nil {
			continue
		}
		t.Run(variant.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "tensor.nii")
			peer.MRtrix(t, "dwi2tensor", append(variant.flags, filepath.Join(dir, "dwi.nii.gz"), out,
				"-grad", filepath.Join(dir, "grad_scanner.b"))...)
			tensors := compareTensors(t, a, variant.options, readImage(t, out))
			tensors.want(t, 1, "tensors within 1e-5 of the largest element")
		})
	}
}

// compareTensors fits and compares with theirs, voxels x 6 in MRtrix3's order (D11 D22 D33 D12 D13
// D23), wherever they hold a tensor.
func compareTensors(t *testing.T, a acquisition, options model.TensorOptions, theirs []float32) *tally {
	t.Helper()
	m, err := model.NewTensor(a.gradients, options)
	if err != nil {
		t.Fatal(err)
	}
	ours, tensors := fit(m, a), &tally{}
	for i := range a.voxels() {
		want := make([]float64, 6)
		for j := range want {
			want[j] = float64(theirs[6*i+j])
		}
		if empty(want) {
			continue // outside their mask
		}
		d := ours.row(i)
		xx, xy, yy, xz, yz, zz := d[0], d[1], d[2], d[3], d[4], d[5]
		difference := relativeToLargest([]float64{xx, yy, zz, xy, xz, yz}, want)
		tensors.note(difference <= 1e-5, difference, "voxel %d: %v, tensor differs by %.3g of its largest element", i, ours.status[i].Code, difference)
	}
	return tensors
}

// scannerAcquisition is one of MRtrix3's data sets with its gradients in the scanner's frame.
func scannerAcquisition(t *testing.T, name string) acquisition {
	t.Helper()
	dir := peer.Data(t, name)
	image, err := nifti.Open(filepath.Join(dir, "dwi.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	affine := image.Header.Affine()
	inImage, _, err := acq.ReadMRtrixGradients(filepath.Join(dir, "grad_scanner.b"), affine)
	if err != nil {
		t.Fatal(err)
	}
	inScanner, _, err := acq.NewGradientTable(inImage.Bvals, inImage.WorldBvecs(affine))
	if err != nil {
		t.Fatal(err)
	}
	return acquisition{inScanner, readImage(t, image.Path)}
}

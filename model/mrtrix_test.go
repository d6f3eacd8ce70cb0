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

// These tests compare the tensor fit with MRtrix3's dwi2tensor on mrtrix_csd_b3000: with the output that MRtrix3's own
// test suite stores, and with a live run. MRtrix3 fits in the frame of the scanner, which is also the frame of
// grad_scanner.b.

// dwi2tensor makes two reweighted fits after the first by default.
var dwi2tensorVariants = []struct {
	name    string
	options model.TensorOptions
	stored  []string // files in mrtrix_csd_b3000/expected
	flags   []string // the flags of the live run, nil for none; 3.0.3 treats -iter 0 as -iter 1
}{
	{"default", model.TensorOptions{Method: kernel.IWLS, Iterations: 2},
		[]string{"dwi2tensor_out.nii.gz", "dwi2tensor_out_it2.nii.gz", "dwi2tensor_out_mask.nii.gz"}, []string{}},
	{"iter 0", model.TensorOptions{Method: kernel.IWLS, Iterations: model.NoReweighting}, []string{"dwi2tensor_out_it0.nii.gz"}, []string{"-iter", "0"}},
	{"iter 1", model.TensorOptions{Method: kernel.IWLS, Iterations: 1}, []string{"dwi2tensor_out_it1.nii.gz"}, nil},
	{"ols iter 0", model.TensorOptions{Method: kernel.IWLS, UniformStart: true, Iterations: model.NoReweighting},
		[]string{"dwi2tensor_out_ols_it0.nii.gz"}, []string{"-ols", "-iter", "0"}},
	{"ols iter 2", model.TensorOptions{Method: kernel.IWLS, UniformStart: true, Iterations: 2}, nil, []string{"-ols", "-iter", "2"}},
}

// One stored output has no mask. Two of its voxels lie outside the head and have zeros among the signals. There
// MRtrix3's live run is as far from its stored output as voxfit is (1e-3).
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

// In air most values are zero, and dwi2tensor raises them to a millionth of the largest. Where voxfit's status is OK,
// the tensor must be dwi2tensor's. Elsewhere the status gives the reason why it may differ.
func TestTensorsOfVoxelsWithZerosAreMRtrixsOrTheStatusSaysWhyNot(t *testing.T) {
	peer.Slow(t)
	dir := peer.Data(t, "autodmri_water_phantom")
	path := filepath.Join(dir, "dwi.nii.gz")
	a := sharedAcquisition(t, "autodmri_water_phantom", "dwi.nii.gz")
	image, err := nifti.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	a.gradients, _, err = acq.NewGradientTable(a.gradients.Bvals, a.gradients.WorldBvecs(image.Header.Affine()))
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "tensor.nii")
	peer.MRtrix(t, "dwi2tensor", path, out, "-fslgrad", filepath.Join(dir, "bvecs"), filepath.Join(dir, "bvals"))
	theirs := readImage(t, out)
	m, err := model.NewTensor(a.gradients, model.TensorOptions{Method: kernel.IWLS, Iterations: 2})
	if err != nil {
		t.Fatal(err)
	}
	ours, codes, fitted := fit(m, a), map[kernel.Code]int{}, tally{}
	for i := range a.voxels() {
		codes[ours.status[i].Code]++
		if ours.status[i].Code != kernel.OK {
			continue
		}
		d, want := ours.row(i), make([]float64, 6)
		for j := range want {
			want[j] = float64(theirs[6*i+j])
		}
		difference := relativeToLargest([]float64{d[0], d[2], d[5], d[1], d[3], d[4]}, want)
		fitted.note(difference <= 1e-5, difference, "voxel %d: %d values are not zero, tensor differs by %.3g of its largest element", i, nonzero(a.voxel(i)), difference)
	}
	t.Logf("parity: %s: %v", t.Name(), codes)
	fitted.want(t, 1, "where the status is OK, tensors within 1e-5 of the largest element")
}

// compareTensors fits, and compares the result with theirs, voxels x 6 in MRtrix3's order (D11 D22 D33 D12 D13 D23), in
// the voxels in which theirs has a tensor.
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

// scannerAcquisition returns one of MRtrix3's data sets, with its gradients in the scanner's frame.
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

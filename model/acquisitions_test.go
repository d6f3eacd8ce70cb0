package model_test

import (
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/cases"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
)

// An acquisition is the signal of some voxels, with its gradient table.
type acquisition struct {
	gradients *acq.GradientTable
	signal    []float32 // voxel-major
}

func (a acquisition) voxels() int { return len(a.signal) / a.gradients.Len() }

func (a acquisition) voxel(i int) []float32 {
	n := a.gradients.Len()
	return a.signal[i*n : (i+1)*n]
}

// only keeps the voxels whose numbers are listed.
func (a acquisition) only(voxels []int) acquisition {
	kept := acquisition{gradients: a.gradients}
	for _, v := range voxels {
		kept.signal = append(kept.signal, a.voxel(v)...)
	}
	return kept
}

// where keeps the voxels for which keep holds.
func (a acquisition) where(keep func(voxel int) bool) acquisition {
	var voxels []int
	for i := range a.voxels() {
		if keep(i) {
			voxels = append(voxels, i)
		}
	}
	return a.only(voxels)
}

// some keeps at most n voxels, evenly spread.
func (a acquisition) some(n int) acquisition {
	all := a.voxels()
	if all <= n {
		return a
	}
	voxels := make([]int, n)
	for i := range voxels {
		voxels[i] = i * all / n
	}
	return a.only(voxels)
}

// shell keeps the volumes of the b0s and of one b-value.
func (a acquisition) shell(bval float64) acquisition {
	volumes := a.gradients.B0s()
	for _, v := range a.gradients.DWIs() {
		if b := a.gradients.Bvals[v]; b > bval-100 && b < bval+100 {
			volumes = append(volumes, v)
		}
	}
	kept := acquisition{gradients: a.gradients.Subset(volumes)}
	for i := range a.voxels() {
		for _, v := range volumes {
			kept.signal = append(kept.signal, a.voxel(i)[v])
		}
	}
	return kept
}

// meanB0 returns the mean of all b0 values of one voxel.
func (a acquisition) meanB0(i int) float64 {
	sum, b0s := 0.0, a.gradients.B0s()
	for _, b := range b0s {
		sum += float64(a.voxel(i)[b])
	}
	return sum / float64(len(b0s))
}

// response returns a plausible single-fibre response. Its S0 is the mean b0 signal of all voxels, because CSD is not
// normalised.
func (a acquisition) response() acq.Response {
	sum := 0.0
	for i := range a.voxels() {
		sum += a.meanB0(i)
	}
	return acq.Response{Evals: [3]float64{1.7e-3, 0.3e-3, 0.3e-3}, S0: sum / float64(a.voxels())}
}

// forDIPY returns the parts of the acquisition by their names in parity.py.
func (a acquisition) forDIPY() peer.Arrays {
	n := a.gradients.Len()
	return peer.Arrays{
		"signal": peer.Matrix32(a.signal, n),
		"bvals":  {Shape: []int{n}, Data: a.gradients.Bvals},
		"bvecs":  peer.Vectors(a.gradients.Bvecs),
	}
}

// A multiShellSet is one acquisition of the shared data.
type multiShellSet struct {
	name, folder, file string
	lmax               int                                 // the SH degree that its directions determine
	share              float64                             // the share of voxels in which free-water fits must agree
	keep               func(a acquisition, voxel int) bool // which voxels; nil for all but empty ones
}

// In the air of the water phantom, signals are one or two quantisation steps, and most are zero. A fit of tensor and
// water has a singular linear start there and many minima, and each program ends below the other in some voxels. The
// water is some hundred times brighter, and is a set of its own. The phantom's 40 directions do not determine the 45
// coefficients of degree 8, with which DIPY's iterations would depend on rounding.
var multiShellSets = []multiShellSet{
	{"mrtrix_msmt", "mrtrix_msmt", "dwi.nii.gz", 8, 0.999, nil},
	{"hcp_osmosis_27vox", "hcp_osmosis_27vox", "dwi.nii.gz", 8, 0.999, nil},
	{"dipy_b1k_b2k_64vox", "dipy_b1k_b2k_64vox", "dwi.nii.gz", 8, 0.999, nil},
	{"autodmri_water_phantom", "autodmri_water_phantom", "dwi.nii.gz", 6, 0.999, func(a acquisition, i int) bool { return a.meanB0(i) > 1e5 }},
	{"autodmri_air", "autodmri_water_phantom", "dwi.nii.gz", 6, 0.99, func(a acquisition, i int) bool { return a.meanB0(i) < 1e4 }},
	{"isbi2012_phantom", "isbi2012_phantom", "hcp_rician_snr30.nii.gz", 8, 0.999, nil},
}

// onEveryMultiShellSet runs a test on the phantom and on each multi-shell acquisition of the shared
// data, with at most n voxels of each.
func onEveryMultiShellSet(t *testing.T, n int, test func(t *testing.T, a acquisition, set multiShellSet)) {
	t.Run("phantom", func(t *testing.T) {
		test(t, phantomAcquisition(t, n), multiShellSet{name: "phantom", lmax: 8, share: 0.999})
	})
	for _, set := range multiShellSets {
		t.Run(set.name, func(t *testing.T) {
			a := sharedAcquisition(t, set.folder, set.file)
			a = a.where(func(i int) bool { return !empty(a.voxel(i)) && (set.keep == nil || set.keep(a, i)) })
			test(t, a.some(n), set)
		})
	}
}

func phantomAcquisition(t *testing.T, n int) acquisition {
	t.Helper()
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: n, SNR: 30, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	return acquisition{p.Gradients, p.Signal}
}

// sharedAcquisition reads an image of the shared data whole, with the bvals and bvecs beside it.
func sharedAcquisition(t *testing.T, folder, file string) acquisition {
	t.Helper()
	g, signal := cases.Shared(t, folder, file)
	return acquisition{g, signal}
}

// readImage reads all voxels of a NIfTI file, voxel-major, x fastest.
func readImage(t *testing.T, path string) []float32 {
	t.Helper()
	_, values := cases.Volumes(t, path)
	return values
}

// A fitted block has the results of a model for an acquisition.
type fitted struct {
	parameters int
	params     []float64
	status     []kernel.Status
	maps       map[string][]float32 // by name, as Derive writes them
	components map[string]int
}

// fit fits all voxels in one call and derives all maps.
func fit(m model.Model, a acquisition) fitted {
	n, f := a.voxels(), m.Fitter()
	r := fitted{
		parameters: f.Parameters(),
		params:     make([]float64, n*f.Parameters()),
		status:     make([]kernel.Status, n),
		maps:       map[string][]float32{},
		components: map[string]int{},
	}
	f.NewWorker().Fit(r.params, r.status, a.signal)
	var out [][]float32
	for _, description := range m.Maps() {
		values := make([]float32, n*description.Components)
		r.maps[description.Name], r.components[description.Name] = values, description.Components
		out = append(out, values)
	}
	m.NewDeriver().Derive(out, r.params, r.status)
	return r
}

// row returns the parameters of one voxel.
func (r fitted) row(i int) []float64 { return r.params[i*r.parameters : (i+1)*r.parameters] }

// vectors returns a map's unit vectors in one voxel, without the zeros at the end.
func (r fitted) vectors(name string, i int) [][3]float64 {
	n := r.components[name]
	return vectors(r.maps[name][i*n : (i+1)*n])
}

func vectors(values []float32) [][3]float64 {
	var found [][3]float64
	for ; len(values) >= 3; values = values[3:] {
		if v := [3]float64{float64(values[0]), float64(values[1]), float64(values[2])}; dot(v, v) > 0 {
			found = append(found, v)
		}
	}
	return found
}

// empty says whether all values are zero.
func empty[T float32 | float64](values []T) bool {
	for _, v := range values {
		if v != 0 {
			return false
		}
	}
	return true
}

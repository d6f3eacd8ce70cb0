package cases

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/nifti"
)

// Measured is MRtrix3's test data for multi-tissue deconvolution (mrtrix_msmt of the shared data, b = 0, 700, 1200 and
// 2800), with a gradient table that was made odd.
type Measured struct {
	Header *nifti.Header
	Bvals  []float64
	Bvecs  [][3]float64 // in FSL's convention
	World  [][3]float64 // the same in the axes of the scanner, in which MRtrix3's distributions are
	Signal []float32    // voxels x volumes
}

// Tissues are the names of the tissues, in the order of their parameters.
var Tissues = []string{"WM", "GM", "CSF"}

// StrayVolume keeps one volume of b = 700, which is no shell.
func StrayVolume(t testing.TB) Measured {
	seen := false
	return measured(t, func(b float64) (float64, bool) {
		first := is700(b) && !seen
		seen = seen || first
		return b, !is700(b) || first
	})
}

// WithoutStray is StrayVolume without that volume.
func WithoutStray(t testing.TB) Measured {
	return measured(t, func(b float64) (float64, bool) { return b, !is700(b) })
}

// JitteredShell has b-values of 605 to 830 instead of 700. MRtrix3 takes them for one shell.
func JitteredShell(t testing.TB) Measured {
	next := -1
	return measured(t, func(b float64) (float64, bool) {
		if is700(b) {
			next++
			return []float64{605, 680, 755, 830}[next%4], true
		}
		return b, true
	})
}

func is700(b float64) bool { return math.Abs(b-700) < 50 }

// measured reads the data. change returns a volume's new b-value, and whether the volume is kept.
func measured(t testing.TB, change func(bval float64) (float64, bool)) (m Measured) {
	t.Helper()
	dir := peer.Data(t, "mrtrix_msmt")
	g, _, err := acq.ReadGradients(filepath.Join(dir, "bvals"), filepath.Join(dir, "bvecs"))
	if err != nil {
		t.Fatal(err)
	}
	image, all := Volumes(t, filepath.Join(dir, "dwi.nii.gz"))
	world := g.WorldBvecs(image.Affine())
	var kept []int
	for i, b := range g.Bvals {
		if changed, keep := change(b); keep {
			kept, m.Bvals = append(kept, i), append(m.Bvals, changed)
			m.Bvecs, m.World = append(m.Bvecs, g.Bvecs[i]), append(m.World, world[i])
		}
	}
	for voxel := range image.Voxels() {
		for _, volume := range kept {
			m.Signal = append(m.Signal, all[voxel*g.Len()+volume])
		}
	}
	m.Header = image
	m.Header.Shape = append(m.Header.Shape[:3:3], len(kept))
	return m
}

// Shared reads a whole image, voxel-major, from a folder of the shared data, and the bvals and bvecs beside it.
func Shared(t testing.TB, folder, file string) (*acq.GradientTable, []float32) {
	t.Helper()
	dir := peer.Data(t, folder)
	g, _, err := acq.ReadGradients(filepath.Join(dir, "bvals"), filepath.Join(dir, "bvecs"))
	if err != nil {
		t.Fatal(err)
	}
	_, signal := Volumes(t, filepath.Join(dir, file))
	return g, signal
}

// Volumes reads all voxels of an image: all values of a voxel are together, and x runs fastest over voxels.
func Volumes(t testing.TB, path string) (*nifti.Header, []float32) {
	t.Helper()
	image, err := nifti.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	index := nifti.FullMask(image.Header).Index
	values := make([]float32, len(index)*image.Header.Volumes())
	if err := image.ReadMasked(t.Context(), values, index, nifti.ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	return image.Header, values
}

// Responses returns, by tissue, the zonal coefficients that MRtrix3 estimated from these data: the rows of these
// shells, counted from 0.
func Responses(t testing.TB, shells ...int) map[string][][]float64 {
	t.Helper()
	found := map[string][][]float64{}
	for _, tissue := range Tissues {
		r, err := acq.ReadResponse(peer.Data(t, "mrtrix_msmt", "response_"+strings.ToLower(tissue)+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, shell := range shells {
			found[tissue] = append(found[tissue], r.Zonal[shell])
		}
	}
	return found
}

// Distributions returns, by tissue, what MRtrix3's dwi2fod msmt_csd found with its defaults and these responses in the
// original data. It holds for JitteredShell, too, since no equation has a shell's b-value in it. The tests of kbench
// run dwi2fod on the jittered shell itself.
func Distributions(t testing.TB) map[string][]float32 {
	t.Helper()
	found := map[string][]float32{}
	for _, tissue := range Tissues {
		_, found[tissue] = Volumes(t, peer.Data(t, "mrtrix_msmt", "expected", strings.ToLower(tissue)+".nii.gz"))
	}
	return found
}

// FurthestApart returns the largest difference of two sets of distributions in a voxel, relative to the norm of all of
// its coefficients.
func FurthestApart(got, want map[string][]float32, voxels int) float64 {
	squares, norms := make([]float64, voxels), make([]float64, voxels)
	for tissue, values := range want {
		n := len(values) / voxels
		for i, x := range values {
			d := float64(got[tissue][i]) - float64(x)
			squares[i/n] += d * d
			norms[i/n] += float64(x) * float64(x)
		}
	}
	largest := 0.0
	for v := range norms {
		if norms[v] > 0 {
			largest = max(largest, math.Sqrt(squares[v]/norms[v]))
		}
	}
	return largest
}

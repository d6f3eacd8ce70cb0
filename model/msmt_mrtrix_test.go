package model_test

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
)

// msmtAcquisition is mrtrix_msmt with its gradients in the scanner's frame.
func msmtAcquisition(t *testing.T) acquisition {
	t.Helper()
	dir := peer.Data(t, "mrtrix_msmt")
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

// msmtTissues are the responses that came with mrtrix_msmt.
func msmtTissues(t *testing.T) []model.Tissue {
	t.Helper()
	var responses []acq.Response
	for _, tissue := range []string{"wm", "gm", "csf"} {
		r, err := acq.ReadResponse(peer.Data(t, "mrtrix_msmt", "response_"+tissue+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		responses = append(responses, r)
	}
	return model.NameTissues(responses)
}

// mrtrixDirections are MRtrix3's own constraint directions.
func mrtrixDirections(t *testing.T) [][3]float64 {
	t.Helper()
	file, err := os.Open(peer.Data(t, "gradient_tables", "mrtrix3_300_directions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var angles [][2]float64
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var a [2]float64
		if _, err := fmt.Sscan(lines.Text(), &a[0], &a[1]); err != nil {
			t.Fatal(err)
		}
		angles = append(angles, a)
	}
	directions, err := model.MRtrixDirections(angles)
	if err != nil {
		t.Fatal(err)
	}
	return directions
}

func TestX(t *testing.T) {
	a, tissues := msmtAcquisition(t), msmtTissues(t)
	stored := readImage(t, peer.Data(t, "mrtrix_msmt", "expected", "wm.nii.gz"))
	for _, isa := range []string{"avx512"} {
		m, err := model.NewMSMT(a.gradients, tissues, model.MSMTOptions{Directions: mrtrixDirections(t), ISA: isa})
		if err != nil {
			t.Fatal(err)
		}
		r := fit(m, a)
		codes := map[kernel.Code]int{}
		far, rel, kkt, it := 0.0, 0, [3]float64{}, 0
		for i := range a.voxels() {
			codes[r.status[i].Code]++
			it += int(r.status[i].Iterations)
			p := r.row(i)
			norm, diff := 0.0, 0.0
			for k := range 45 {
				w := float64(stored[i*45+k])
				far = max(far, math.Abs(p[k]-w))
				norm += w * w
				diff += (p[k] - w) * (p[k] - w)
			}
			if diff > 1e-8*norm {
				rel++
			}
			for k := range 3 {
				kkt[k] = max(kkt[k], p[48+k])
			}
		}
		t.Log(isa, codes, "far", far, "rel>1e-4", rel, "kkt", kkt, "it", float64(it)/float64(a.voxels()))
	}
}

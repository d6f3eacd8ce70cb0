package main

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// Both programs read the same files, of two slices, with their defaults; kbench gets only --convention. In one voxel of
// a hundred MRtrix3's solver of msmt stops a little before the minimum, and voxfit's does not (docs/architecture.md).
func TestWhatFollowsMRtrixGivesByDefaultWhatMRtrixGives(t *testing.T) {
	peer.Slow(t)
	for _, c := range []struct {
		data, algorithm string
		responses       []string
		fit             []string // of kbench
		names           []string // of kbench's maps
		worst           float64
	}{
		{"mrtrix_csd_b3000", "csd", []string{"response"}, []string{"csdm", "--convention", "mrtrix"}, []string{"model-csd_param-fod_dwimap.nii.gz"}, 1e-7},
		{"mrtrix_msmt", "msmt_csd", []string{"response_wm", "response_gm", "response_csf"}, []string{"msmt"}, []string{
			"model-msmtcsd_param-fod_label-WM_dwimap.nii.gz", "model-msmtcsd_param-fod_label-GM_dwimap.nii.gz", "model-msmtcsd_param-fod_label-CSF_dwimap.nii.gz"}, 1e-4},
	} {
		dir, ours, theirs := peer.Data(t, c.data), t.TempDir(), t.TempDir()
		in := func(name string) string {
			if !strings.HasSuffix(name, ".nii.gz") {
				return filepath.Join(dir, name)
			}
			return filepath.Join(theirs, strings.TrimSuffix(name, ".gz"))
		}
		for _, image := range []string{"dwi.nii.gz", "mask.nii.gz"} {
			peer.MRtrix(t, "mrconvert", filepath.Join(dir, image), in(image), "-coord", "2", "4:5")
		}
		arguments := []string{c.algorithm, in("dwi.nii.gz"), "-mask", in("mask.nii.gz"), "-fslgrad", in("bvecs"), in("bvals")}
		var responses, results []string
		for _, r := range c.responses {
			responses = append(responses, in(r+".txt"))
			results = append(results, filepath.Join(theirs, r+".nii"))
			arguments = append(arguments, in(r+".txt"), filepath.Join(theirs, r+".nii"))
		}
		peer.MRtrix(t, "dwi2fod", arguments...)
		succeed(t, append([]string{"fit", c.fit[0], in("dwi.nii.gz"), "--mask", in("mask.nii.gz"), "--bvals", in("bvals"), "--bvecs", in("bvecs"),
			"--response", strings.Join(responses, ","), "-o", ours}, c.fit[1:]...)...)
		var got, want [][]float32
		for i, name := range c.names {
			got = append(got, values(t, filepath.Join(ours, name)))
			want = append(want, values(t, results[i]))
		}
		far := differences(got, want, len(values(t, in("mask.nii.gz"))))
		slices.Sort(far)
		most, worst := far[len(far)*95/100], far[len(far)-1]
		t.Logf("parity: kbench fit %s: %d voxels of dwi2fod %s, 95%% within %.2g of the largest coefficient, worst %.2g",
			strings.Join(c.fit, " "), len(far), c.algorithm, most, worst)
		if most > 1e-6 || worst > c.worst {
			t.Errorf("kbench fit %v differs from dwi2fod %s: by more than %.3g of the largest coefficient in a twentieth of the voxels, by %.3g in the worst",
				c.fit, c.algorithm, most, worst)
		}
	}
}

// differences returns the largest difference in each fitted voxel, divided by the largest coefficient of all its
// tissues.
func differences(got, want [][]float32, voxels int) (far []float64) {
	for v := range voxels {
		largest, difference := 0.0, 0.0
		for i := range want {
			n := len(want[i]) / voxels
			for k, x := range want[i][v*n:][:n] {
				largest = max(largest, math.Abs(float64(x)))
				difference = max(difference, math.Abs(float64(got[i][v*n+k])-float64(x)))
			}
		}
		if largest > 0 || difference > 0 {
			far = append(far, difference/largest)
		}
	}
	return far
}

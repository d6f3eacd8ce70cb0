package commands

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/nifti"
)

// Times of different fits could not be compared. In lines where both programs have the same convention, the maps
// must be the same in every voxel, up to a share of the largest value.
func TestTheProgramsOfALineMakeTheSameMaps(t *testing.T) {
	peer.Slow(t)
	peer.MRtrix(t, "dwi2fod", "-version")
	o := options(t, 16, "dti", "csdm", "msmt", "fwdtim")
	o.Python, o.DIPYVoxels = peer.Python(t), 6
	o.Kbench = filepath.Join(t.TempDir(), "kbench")
	if text, err := exec.Command("go", "build", "-o", o.Kbench, "../../cmd/kbench").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	s := &setup{Options: o, folder: t.TempDir(), report: &Report{}}
	if err := s.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !s.mrtrix || s.python == "" {
		t.Fatalf("the peers are not found: %v", s.report.Notes)
	}
	for _, c := range []struct {
		line, peer, ours, theirs string
		most                     float64
	}{
		{"dti iwls", mrtrix, "*param-fa_*.nii.gz", "fa.nii", 1e-5},
		{"dti iwls", mrtrix, "*param-rd_*.nii.gz", "rd.nii", 1e-5},
		{"csdm mrtrix", mrtrix, "*param-fod_*.nii.gz", "fod.nii", 1e-5},
		{"msmt", mrtrix, "*param-fod_label-WM*.nii.gz", "WM.nii", 1e-4},
		{"dti wls", dipy, "*param-fa_*.nii.gz", "fa.nii.gz", 1e-5},
		{"csdm", dipy, "*param-fod_*.nii.gz", "fod.nii.gz", 1e-5},
		{"csdm", dipy, "*param-peakvalues_*.nii.gz", "peakvalues.nii.gz", 1e-5},
		{"fwdtim nls", dipy, "*param-fwf_*.nii.gz", "fwf.nii.gz", 1e-3},
	} {
		t.Run(fmt.Sprint(c.line, " ", c.peer, " ", c.theirs), func(t *testing.T) {
			ours, theirs := s.made(t, c.line, voxfit, c.peer, c.ours), s.made(t, c.line, c.peer, c.peer, c.theirs)
			if len(ours) != len(theirs) {
				t.Fatalf("found %d values and %d", len(ours), len(theirs))
			}
			worst, largest := 0.0, 0.0
			for i := range ours {
				worst = max(worst, math.Abs(float64(ours[i]-theirs[i])))
				largest = max(largest, math.Abs(float64(theirs[i])))
			}
			t.Logf("parity: %.2g", worst/largest)
			if !(worst <= c.most*largest) || largest == 0 {
				t.Errorf("they differ by %.2g of the largest value, %.3g", worst/largest, largest)
			}
		})
	}
}

// made runs a program once, in the line that it shares with a peer, and returns the values of one of its maps.
func (s *setup) made(t *testing.T, name, engine, beside, pattern string) []float32 {
	t.Helper()
	for _, l := range s.lines() {
		if l.model != name || len(l.programs) != 2 || l.programs[1].engine != beside {
			continue
		}
		p := l.programs[0]
		if engine == beside {
			p = l.programs[1]
		}
		if _, err := os.Stat(p.folder); err != nil {
			r := &runner{ctx: t.Context(), setup: s}
			if _, err := r.measure(p); err != nil {
				t.Fatal(err)
			}
			if err := p.checkMaps(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		found, err := filepath.Glob(filepath.Join(p.folder, pattern))
		if err != nil || len(found) != 1 {
			t.Fatalf("found %v as %s, %v", found, pattern, err)
		}
		image, err := nifti.Open(found[0])
		if err != nil {
			t.Fatal(err)
		}
		index := s.inside(p.mask)
		values := make([]float32, len(index)*image.Header.Volumes())
		if err := image.ReadMasked(t.Context(), values, index, nifti.ReadOptions{}); err != nil {
			t.Fatal(err)
		}
		return values
	}
	t.Fatalf("there is no line %s with %s", name, beside)
	return nil
}

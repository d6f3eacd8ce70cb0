package acq_test

import (
	"math"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/phantom"
)

// The middle of the ranges that package phantom draws from: fibres of 1.7e-3 along and 0.325e-3 across,
// grey matter of 0.9e-3, water of 3e-3 mm2/s. The fibres that the method chooses are the most anisotropic
// ones; noise lifts the CSF's signal at high b-values.
func TestTissueResponsesOfThePhantomAreThoseOfItsTissues(t *testing.T) {
	g := phantom.HCP()
	p, err := phantom.Make(g, phantom.Options{Voxels: 6000, SNR: 50})
	if err != nil {
		t.Fatal(err)
	}
	found, err := acq.AutoTissues(p.Signal, g)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range []float64{0, 1000, 2000, 3000} {
		noise := 1000 / 50 * math.Sqrt(math.Pi/2) // of a magnitude image without signal
		for _, c := range []struct {
			name      string
			got       float64
			want      float64
			tolerance float64
		}{
			{"WM", found.WM.Zonal[i][0], fibreMean(b, 1.8e-3, 0.25e-3), 0.15},
			{"GM", found.GM.Zonal[i][0], 1000 * math.Exp(-b*0.9e-3), 0.15},
			{"CSF", found.CSF.Zonal[i][0], math.Hypot(1000*math.Exp(-b*3e-3), noise), 0.3},
		} {
			got := c.got / math.Sqrt(4*math.Pi)
			if math.Abs(got-c.want) > c.tolerance*c.want {
				t.Errorf("%s at b = %v: mean signal %.1f, want %.1f", c.name, b, got, c.want)
			}
		}
	}
	// The signal of a fibre along z is least along z: the second coefficient is negative, the third positive.
	if z := found.WM.Zonal[3]; !(z[1] < -0.4*z[0]) || !(z[2] > 0.1*z[0]) {
		t.Errorf("WM at b = 3000 is %v, want a fibre along z", z)
	}
}

// fibreMean is the mean signal of a fibre over all directions.
func fibreMean(b, along, across float64) float64 {
	sum := 0.0
	for i := range 1000 {
		z := (float64(i) + 0.5) / 1000
		sum += math.Exp(-b * (across + (along-across)*z*z))
	}
	return sum
}

func TestTissueResponsesNeedShellsAndTissues(t *testing.T) {
	g := phantom.HCP()
	if _, err := acq.AutoTissues(make([]float32, 10*g.Len()), g); err == nil || !strings.Contains(err.Error(), "0 voxels like white matter") {
		t.Errorf("of zeros: %v", err)
	}
	shells, _, err := g.ClusterShells()
	if err != nil {
		t.Fatal(err)
	}
	oneShell := g.Subset(shells[1].Volumes)
	if _, err := acq.AutoTissues(make([]float32, oneShell.Len()), oneShell); err == nil || !strings.Contains(err.Error(), "shells") {
		t.Errorf("of one shell: %v", err)
	}
	if _, err := acq.AutoTissues(make([]float32, 7), g); err == nil {
		t.Error("a signal of no whole voxels was taken")
	}
}

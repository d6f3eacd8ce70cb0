package acq

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// tableOf makes a table of these b-values, with some directions.
func tableOf(bvals ...float64) *GradientTable {
	g := &GradientTable{Bvals: bvals, Bvecs: make([][3]float64, len(bvals)), B0Threshold: DefaultB0Threshold}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range bvals {
		g.Bvecs[i] = unit([3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()})
	}
	return g
}

func times(n int, bvals ...float64) []float64 { return slices.Repeat(bvals, n) }

func TestNeighboursLinkToOneShell(t *testing.T) {
	g := tableOf(0, 605, 680, 755, 830, 2000, 2000, 2000, 2079.9, 2400)
	shells, left, err := g.ClusterShells()
	if err != nil {
		t.Fatal(err)
	}
	if ListShells(shells) != "b = 0, 718, 2020" || !slices.Equal(left, []int{9}) {
		t.Errorf("shells %v, left out %v", shells, left)
	}
	// 2080 is 80 from its neighbours: not less.
	if _, left, _ := tableOf(slices.Concat(times(6, 0), times(3, 2000), []float64{2080})...).ClusterShells(); !slices.Equal(left, []int{9}) {
		t.Errorf("left out %v, expected the volume that is 80 away", left)
	}
}

func TestTablesWithoutShellsAreRefused(t *testing.T) {
	var spread []float64
	for i := range 100 {
		spread = append(spread, 100+90*float64(i))
	}
	var dsi []float64
	for i := range 258 {
		dsi = append(dsi, 23*float64(i))
	}
	for _, g := range []*GradientTable{tableOf(spread...), tableOf(dsi...), tableOf(0, 1000, 2000), tableOf(times(3, 0, 700, 1400)...).Subset([]int{0, 1, 2, 4, 5, 7, 8})} {
		_, _, err := g.ClusterShells()
		says(t, err, "shell", "expected")
	}
	_, _, err := tableOf(0, 0, 0).ClusterShells()
	says(t, err, "gradient table: found no diffusion-weighted volume, expected at least one")
}

func TestVolumesOfNoShellAreNamed(t *testing.T) {
	g := tableOf(slices.Concat([]float64{0, 700}, times(10, 1200))...)
	shells, warnings, err := g.ChooseShells(nil)
	if err != nil || len(shells) != 2 || len(warnings) != 1 || !strings.Contains(warnings[0], "2 (b = 700)") {
		t.Errorf("%v %q %v", shells, warnings, err)
	}
}

func TestShellsAreChosenByTheirBValues(t *testing.T) {
	g := tableOf(slices.Concat([]float64{0, 5}, times(8, 995, 1005, 2000), times(10, 3000))...)
	for wanted, expected := range map[string][]float64{
		"b = 2, 1000":             {0, 1000},
		"b = 2000":                {1950},
		"b = 2, 1000, 2000, 3000": {3000, 2000, 1000, 50},
	} {
		shells, warnings, err := g.ChooseShells(expected)
		if err != nil || len(warnings) > 0 || ListShells(shells) != wanted {
			t.Errorf("%v: %v %q %v", expected, shells, warnings, err)
		}
	}
	_, _, err := g.ChooseShells([]float64{1500})
	says(t, err, "no shell of b = 1500", "2000")
	_, _, err = g.ChooseShells([]float64{1000, 1001})
	says(t, err, "twice")
}

func TestShellsOfFewDirectionsAreRefused(t *testing.T) {
	g := tableOf(times(8, 1000)...)
	shells, _, err := g.ClusterShells()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.CheckShell(shells[0]); err != nil {
		t.Error(err)
	}
	for i := 5; i < 8; i++ {
		v := g.Bvecs[i-5]
		g.Bvecs[i] = [3]float64{-v[0], -v[1], -v[2]}
	}
	for spelled, advice := range map[string]string{"--shells": "choose the other shells with --shells", "": "leave its volumes out"} {
		g.spelling = func(string) string { return spelled }
		says(t, g.CheckShell(shells[0]), "b = 1000", "5 directions in 8 volumes", "at least 6; "+advice)
	}
}

// The limit of b0s is 10 for mrinfo and 50 here, so the tables have no b-values between these.
func TestClustersAreMRtrix3sLive(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	image := peer.Data(t, "mrtrix_msmt/dwi.nii.gz") // of 102 volumes
	refused := 0
	for range 12 {
		var table strings.Builder
		g := tableOf(make([]float64, 102)...)
		centres := 1 + random.IntN(16)
		for i := range g.Bvals {
			if g.Bvals[i] = 500 + 300*float64(random.IntN(centres)) + random.NormFloat64()*50; i%17 == 0 {
				g.Bvals[i] = 5
			}
			fmt.Fprintln(&table, g.Bvecs[i][0], g.Bvecs[i][1], g.Bvecs[i][2], g.Bvals[i])
		}
		path := filepath.Join(t.TempDir(), "grad.b")
		if err := os.WriteFile(path, []byte(table.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		theirs, refusal := peer.TryMRtrix(t, "mrinfo", image, "-grad", path, "-shell_indices")
		shells, _, err := g.ClusterShells()
		if err != nil && strings.Contains(err.Error(), "without gaps") { // MRtrix3 takes these for a shell
			shells, _ = g.clusters()
			err = nil
		}
		if (err == nil) != (refusal == nil) {
			t.Errorf("%v, but MRtrix3 says %v", err, refusal)
		}
		if err != nil {
			refused++
		}
		if text := listIndices(shells); text != strings.TrimSpace(theirs) {
			t.Errorf("shells\n%s (%v)\nMRtrix3's are\n%s", text, err, theirs)
		}
	}
	t.Logf("%d of 12 tables refused", refused)
}

// listIndices writes volumes as mrinfo -shell_indices does.
func listIndices(shells []Shell) string {
	var words []string
	for _, s := range shells {
		words = append(words, strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Volumes), " ", ","), "[]"))
	}
	return strings.Join(words, " ")
}

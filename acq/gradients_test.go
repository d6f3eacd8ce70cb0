package acq

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"pgregory.net/rapid"
)

// fslTables are all the pairs of FSL files in the reference data.
var fslTables = []string{
	"autodmri_water_phantom/", "dipy_b1k_b2k_64vox/", "hcp_osmosis_27vox/", "isbi2012_phantom/",
	"mrtrix_csd_b3000/", "mrtrix_msmt/", "fwdti_reference/scheme.", "gradient_tables/abcd.",
	"gradient_tables/cenir_le1000.", "gradient_tables/hcp3t_nominal.", "gradient_tables/hcp3t_raw.",
	"gradient_tables/sherbrooke3shell.",
}

func readShared(t *testing.T, prefix string) (g *GradientTable, bvals, bvecs string) {
	t.Helper()
	bvals, bvecs = peer.Data(t, prefix+"bvals"), peer.Data(t, prefix+"bvecs")
	g, warnings, err := ReadGradients(bvals, bvecs)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range warnings {
		t.Log(w)
	}
	return g, bvals, bvecs
}

func TestEveryTableIsReadAsDIPYReadsItLive(t *testing.T) {
	var tables []*GradientTable
	var files [][2]string
	for _, name := range fslTables {
		g, bvals, bvecs := readShared(t, name)
		tables, files = append(tables, g), append(files, [2]string{bvals, bvecs})
	}
	var want []dipyTable
	peer.Script(t, files, &want, describeTable+`
from dipy.io import read_bvals_bvecs
result = [describe(*read_bvals_bvecs(*pair)) for pair in data]`)
	for i, g := range tables {
		t.Run(strings.ReplaceAll(fslTables[i], "/", " "), func(t *testing.T) { sameAsDIPY(t, g, want[i]) })
	}
}

// These two files have vectors of b-value times direction, which DIPY's GradientTable keeps internally.
func TestScaledDirectionsOfTheReferenceDataMakeTables(t *testing.T) {
	for name, want := range map[string][]int{"gtab_3shell.txt": {1, 64, 64, 64}, "gtab_isbi2013_2shell.txt": {1, 27, 36}} {
		scaled, _, err := readBvecs(peer.Data(t, "gradient_tables/"+name))
		if err != nil {
			t.Fatal(err)
		}
		var bvals []float64
		for i, v := range scaled {
			bvals = append(bvals, length(v))
			if bvals[i] > 0 {
				scaled[i] = unit(v)
			}
		}
		g, warnings, err := NewGradientTable(bvals, scaled)
		if err != nil || len(warnings) > 0 {
			t.Fatal(err, warnings)
		}
		var sizes []int
		for _, s := range g.DIPYShells(DIPYShellTolerance) {
			sizes = append(sizes, len(s.Volumes))
		}
		if !slices.Equal(sizes, want) {
			t.Errorf("%s: shells of %v volumes, expected %v", name, sizes, want)
		}
	}
}

// dipyTable is what a script with describeTable prints of a table.
type dipyTable struct {
	Bvals  []float64
	Bvecs  [][3]float64
	B0s    []int
	Design []float64
	Shells []float64
}

const describeTable = `
from dipy.core.gradients import gradient_table, unique_bvals_tolerance
from dipy.reconst.dti import design_matrix
def describe(b, v):
    g = gradient_table(b, bvecs=v)
    return {"Bvals": g.bvals.tolist(), "Bvecs": g.bvecs.tolist(), "B0s": np.nonzero(g.b0s_mask)[0].tolist(),
            "Design": design_matrix(g).ravel().tolist(),
            "Shells": unique_bvals_tolerance(g.bvals[~g.b0s_mask]).tolist()}
`

func sameAsDIPY(t *testing.T, g *GradientTable, want dipyTable) {
	t.Helper()
	if !slices.Equal(g.Bvals, want.Bvals) {
		t.Errorf("b-values %v, DIPY's are %v", g.Bvals, want.Bvals)
	}
	if !slices.Equal(g.Bvecs, want.Bvecs) {
		t.Errorf("b-vectors %v, DIPY's are %v", g.Bvecs, want.Bvecs)
	}
	if !slices.Equal(g.B0s(), want.B0s) {
		t.Errorf("b0s %v, DIPY's are %v", g.B0s(), want.B0s)
	}
	design := g.DesignMatrix()
	if len(design) != len(want.Design) {
		t.Fatalf("design matrix of %d values, DIPY's has %d", len(design), len(want.Design))
	}
	for i := range design {
		if math.Abs(design[i]-want.Design[i]) > 1e-12*math.Abs(want.Design[i]) {
			t.Fatalf("design matrix row %d column %d is %v, DIPY's is %v", i/7, i%7, design[i], want.Design[i])
		}
	}
	shells := g.DIPYShells(DIPYShellTolerance)
	if len(g.B0s()) > 0 {
		shells = shells[1:]
	}
	if len(shells) != len(want.Shells) {
		t.Fatalf("%d shells, DIPY finds %v", len(shells), want.Shells)
	}
	for i, s := range shells {
		if math.Abs(s.Bval-want.Shells[i]) > DIPYShellTolerance {
			t.Errorf("shell %d is at %v, DIPY's at %v", i, s.Bval, want.Shells[i])
		}
	}
}

// The odd cases: b0s with and without vectors, NaN, small b-values, lengths within the tolerance.
func TestOddTablesAreTakenAsDIPYTakesThemLive(t *testing.T) {
	nan := math.NaN()
	bvals := []float64{0, 0, 5, 5, 50, 50.5, 1000, 1000, 0, 5, 30, 2000}
	bvecs := [][3]float64{{}, {1, 0, 0}, {0, 1, 0}, {}, {0, 0.6, 0.8}, {0, 0.6, 0.8}, {1.0099, 0, 0}, {0, 0, -0.9901},
		{nan, nan, nan}, {nan, 0.6, 0.8}, {0, 0.5, 0}, {0.6, 0, 0.8}}
	g, _, err := NewGradientTable(bvals, bvecs, WithScaling(ScaleDIPY))
	if err != nil {
		t.Fatal(err)
	}
	text := make([][3]string, len(bvecs)) // JSON has no NaN
	for i, v := range bvecs {
		for k := range v {
			text[i][k] = fmt.Sprint(v[k])
		}
	}
	var want dipyTable
	peer.Script(t, map[string]any{"b": bvals, "v": text}, &want, describeTable+`
result = describe(np.array(data["b"]), np.array([[float(x) for x in v] for v in data["v"]]))`)
	sameAsDIPY(t, g, want)
}

func TestTableDoesNotShareMemoryWithTheCaller(t *testing.T) {
	bvals, bvecs := []float64{1000}, [][3]float64{{1, 0, 0}}
	g, _, err := NewGradientTable(bvals, bvecs)
	if err != nil {
		t.Fatal(err)
	}
	bvals[0], bvecs[0][0] = 7, 7
	if g.Bvals[0] != 1000 || g.Bvecs[0][0] != 1 {
		t.Error("the table changed with the caller's slices")
	}
}

func TestVectorsOfOtherLengthsAreRescaledWithOneWarning(t *testing.T) {
	n := 9
	bvals, bvecs := make([]float64, n), make([][3]float64, n)
	for i := range n {
		bvals[i], bvecs[i] = 1000, [3]float64{0, 3, 4}
	}
	for name, option := range map[string]GradientOption{"DIPY": WithScaling(ScaleDIPY), "no scaling": WithScaling(ScaleNo)} {
		g, warnings, err := NewGradientTable(bvals, bvecs, option)
		if err != nil {
			t.Fatal(err)
		}
		if g.Bvecs[8] != [3]float64{0, 0.6, 0.8} || g.Bvals[8] != 1000 {
			t.Errorf("%s: b-vector %v of b-value %v, expected it at unit length and 1000", name, g.Bvecs[8], g.Bvals[8])
		}
		if len(warnings) != 1 || !strings.Contains(warnings[0], "not of unit length") {
			t.Errorf("%s: warnings %q", name, warnings)
		}
	}
}

func TestB0WithoutVectorBecomesZeroWithAWarning(t *testing.T) {
	g, warnings, err := NewGradientTable([]float64{5, 0, 1000}, [][3]float64{{}, {}, {1, 0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if g.Bvals[0] != 0 || len(warnings) != 1 || !strings.Contains(warnings[0], "volumes 1, counted") {
		t.Errorf("b-values %v, warnings %q", g.Bvals, warnings)
	}
}

func TestUnfitTablesAreErrorsThatSayWhatWasFound(t *testing.T) {
	x := [3]float64{1, 0, 0}
	for reason, table := range map[string]struct {
		bvals []float64
		bvecs [][3]float64
	}{
		"found 2 b-values and 1 b-vectors":              {[]float64{0, 1000}, [][3]float64{x}},
		"found no volume":                               {nil, nil},
		"b-value 2 (counted from 1) is -1":              {[]float64{0, -1}, [][3]float64{x, x}},
		"b-value 1 (counted from 1) is NaN":             {[]float64{math.NaN()}, [][3]float64{x}},
		"b-value 1 (counted from 1) is +Inf":            {[]float64{math.Inf(1)}, [][3]float64{x}},
		"b-vector 2 (counted from 1) is zero with b-va": {[]float64{0, 1000}, [][3]float64{x, {}}},
		"b-vector 1 (counted from 1) is [NaN 0 1]":      {[]float64{1000}, [][3]float64{{math.NaN(), 0, 1}}},
		"b-vector 1 (counted from 1) is [+Inf 0 1]":     {[]float64{1000}, [][3]float64{{math.Inf(1), 0, 1}}},
	} {
		if _, _, err := NewGradientTable(table.bvals, table.bvecs); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("error %v does not say %q", err, reason)
		}
	}
}

func TestImageOfAnotherLengthNamesTheFilesAndBothCounts(t *testing.T) {
	bvals, bvecs := write(t, "dwi.bval", "0 1000"), write(t, "dwi.bvec", "0 1\n0 0\n0 0\n")
	g, _, err := ReadGradients(bvals, bvecs)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.CheckVolumes(2); err != nil {
		t.Error(err)
	}
	says(t, g.CheckVolumes(3), bvals, bvecs, "2 gradients", "3 volumes")
	says(t, (&GradientTable{}).CheckVolumes(1), "gradient table", "0 gradients")
	says(t, g.Subset([]int{1}).CheckVolumes(2), bvals, "1 volume of", "1 gradient for")
}

func TestSubsetKeepsTheOrderAsked(t *testing.T) {
	g, _, err := NewGradientTable([]float64{0, 1000, 2000}, [][3]float64{{}, {1, 0, 0}, {0, 1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	g.B0Threshold = 60
	s := g.Subset([]int{2, 0})
	if !slices.Equal(s.Bvals, []float64{2000, 0}) || s.Bvecs[0] != [3]float64{0, 1, 0} || s.B0Threshold != 60 {
		t.Errorf("subset %+v", s)
	}
}

func TestEveryVolumeIsEitherB0OrWeightedAndInOneShell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bvals := rapid.SliceOfN(rapid.Float64Range(0, 4000), 1, 60).Draw(t, "bvals")
		g := &GradientTable{Bvals: bvals, Bvecs: make([][3]float64, len(bvals)), B0Threshold: DefaultB0Threshold}
		if all := slices.Sorted(slices.Values(slices.Concat(g.B0s(), g.DWIs()))); !slices.Equal(all, upTo(len(bvals))) {
			t.Fatalf("b0s and weighted volumes are %v", all)
		}
		tolerance := rapid.Float64Range(-1, 200).Draw(t, "tolerance")
		var all []int
		last := math.Inf(-1)
		for i, s := range g.DIPYShells(tolerance) {
			if !slices.IsSorted(s.Volumes) || s.Bval <= last {
				t.Fatalf("shell %+v is out of order", s)
			}
			last = s.Bval
			low, high := math.Inf(1), math.Inf(-1)
			for _, v := range s.Volumes {
				low, high = min(low, bvals[v]), max(high, bvals[v])
			}
			if (i > 0 || len(g.B0s()) == 0) && high-low > 2*max(tolerance, 0) {
				t.Fatalf("shell %+v is wider than twice the tolerance", s)
			}
			all = append(all, s.Volumes...)
		}
		if slices.Sort(all); !slices.Equal(all, upTo(len(bvals))) {
			t.Fatalf("the shells hold %v", all)
		}
	})
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// The protocols are those of the data's own descriptions (../shared/README.md).
func TestShellsAreThoseOfTheProtocol(t *testing.T) {
	for name, want := range map[string]string{
		"hcp_osmosis_27vox/":             "0:18 1000:90 2000:90 3000:90",
		"gradient_tables/hcp3t_raw.":     "0:18 1000:90 2000:90 3000:90",
		"mrtrix_msmt/":                   "0:6 700:16 1200:30 2800:50",
		"mrtrix_csd_b3000/":              "0:8 3000:60",
		"dipy_b1k_b2k_64vox/":            "0:9 1000:20 2000:80",
		"fwdti_reference/scheme.":        "0:6 500:32 1500:32",
		"autodmri_water_phantom/":        "0:5 500:10 1000:10 2000:10 3000:10",
		"gradient_tables/hcp3t_nominal.": "0:18 1000:90 2000:90 3000:90",
	} {
		g, _, _ := readShared(t, name)
		clusters, left, err := g.ClusterShells()
		if err != nil || len(left) > 0 {
			t.Errorf("%s: %v, left out %v", name, err, left)
		}
		for rule, shells := range map[string][]Shell{"DIPY's": g.DIPYShells(DIPYShellTolerance), "MRtrix3's": clusters} {
			var got []string
			for _, s := range shells {
				got = append(got, fmt.Sprintf("%v:%d", 100*math.Round(s.Bval/100), len(s.Volumes)))
			}
			// b 2950 is a volume of the b 3000 shell for MRtrix3 and one of its own for DIPY.
			if name == "mrtrix_csd_b3000/" && rule == "DIPY's" {
				continue
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s by %s rule: %v, expected %s", name, rule, got, want)
			}
		}
	}
}

func TestShellsAreMRtrix3sLive(t *testing.T) {
	for _, name := range []string{"mrtrix_msmt/", "mrtrix_csd_b3000/", "hcp_osmosis_27vox/"} {
		g, bvals, bvecs := readShared(t, name)
		var bs, sizes []string
		shells, _, err := g.ClusterShells()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range shells {
			bs = append(bs, fmt.Sprintf("%.6g", s.Bval)) // as mrinfo prints them
			sizes = append(sizes, fmt.Sprint(len(s.Volumes)))
		}
		text := peer.MRtrix(t, "mrinfo", peer.Data(t, name+"dwi.nii.gz"), "-fslgrad", bvecs, bvals, "-shell_bvalues", "-shell_sizes", "-bvalue_scaling", "false")
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if len(lines) != 2 {
			t.Fatalf("mrinfo printed %q", text)
		}
		if !slices.Equal(bs, strings.Fields(lines[0])) || !slices.Equal(sizes, strings.Fields(lines[1])) {
			t.Errorf("%s: shells %v of %v, MRtrix3 finds %q", name, bs, sizes, lines)
		}
	}
}

// write puts a text into a file of a new directory.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// says checks that there is an error, on one line, and what is in it.
func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, expected one that says %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has more than one line", err)
	}
}

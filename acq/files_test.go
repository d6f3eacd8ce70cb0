package acq

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

func TestEveryLayoutOfTheSameTableReadsTheSame(t *testing.T) {
	want, _, err := NewGradientTable([]float64{0, 1000, 1000, 2000}, [][3]float64{{}, {1, 0, 0}, {0, 0.6, 0.8}, {0, -1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string][2]string{
		"FSL":              {"0 1000 1000 2000\n", "0 1 0 0\n0 0 0.6 -1\n0 0 0.8 0\n"},
		"columns":          {"0\n1000\n1000\n2000\n", "0 0 0\n1 0 0\n0 0.6 0.8\n0 -1 0\n"},
		"commas and tabs":  {"0,1000,\t1000, 2000", "0,1,0,0\n0\t0\t0.6\t-1\n0, 0, 0.8, 0"},
		"DOS, BOM, spaces": {"\ufeff0  1000 1000 2000  \r\n\r\n", "\ufeff 0 1 0 0 \r\n 0 0 6e-1 -1\r\n0 0 .8 -0\r\n\r\n"},
		"old Mac":          {"0 1000 1000 2000\r", "0 1 0 0\r0 0 0.6 -1\r0 0 0.8 0\r"},
		"comments":         {"# b\n0 1000 1000 2000 # s/mm2", "# x\n0 1 0 0\n# y\n0 0 0.6 -1\n0 0 0.8 0"},
		"NaN at b0":        {"0 1000 1000 2000\n", "nan 1 0 0\nNaN 0 0.6 -1\nNAN 0 0.8 0\n"},
	} {
		got, warnings, err := ReadGradients(write(t, "a.bval", files[0]), write(t, "a.bvec", files[1]))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %v", name, err, warnings)
			continue
		}
		if !slices.Equal(got.Bvals, want.Bvals) || !slices.Equal(got.Bvecs, want.Bvecs) {
			t.Errorf("%s: read %v %v", name, got.Bvals, got.Bvecs)
		}
	}
}

func TestThreeByThreeIsReadInFSLsLayoutWithAWarning(t *testing.T) {
	g, warnings, err := ReadGradients(write(t, "a.bval", "0 1000 1000"), write(t, "a.bvec", "0 1 0\n0 0 0.6\n0 0 0.8"))
	if err != nil {
		t.Fatal(err)
	}
	if g.Bvecs[2] != [3]float64{0, 0.6, 0.8} {
		t.Errorf("b-vectors %v", g.Bvecs)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "a.bvec: three rows of three") {
		t.Errorf("warnings %q", warnings)
	}
}

func TestCountsThatDifferNameBothFilesAndBothCounts(t *testing.T) {
	ones := func(n int) string { return strings.Repeat("1 ", n) + "\n" }
	zeros := func(n int) string { return strings.Repeat("0 ", n) + "\n" }
	bvals, bvecs := write(t, "dwi.bval", zeros(64)), write(t, "dwi.bvec", ones(65)+zeros(65)+zeros(65))
	_, _, err := ReadGradients(bvals, bvecs)
	says(t, err, bvals, bvecs, "64 b-values", "65 b-vectors")
}

func TestUnfitFilesAreErrorsThatNameTheFile(t *testing.T) {
	good := [2]string{"0 1000 1000 2000", "0 1 0 0\n0 0 1 0\n0 0 0 1"}
	for reason, files := range map[string][2]string{
		`a.bval: line 1: found "10OO", expected a number`:                         {"0 10OO 1000 2000", good[1]},
		"a.bval: line 1: found \"1e999\", expected a number":                      {"0 1e999 1000 2000", good[1]},
		"a.bval: found no numbers":                                                {" \n# nothing\n", good[1]},
		"a.bval: found 3 rows of 4 numbers, expected b-values in one row":         {good[1], good[1]},
		"a.bvec: line 3: found 3 numbers, expected 4 as on line 1":                {good[0], "0 1 0 0\n0 0 1 0\n0 0 0"},
		"a.bvec: found 4 rows of 4 numbers, expected b-vectors in three rows":     {good[0], strings.Repeat("1 0 0 0\n", 4)},
		"a.bvec: b-vector 2 (counted from 1) is zero with b-value 1000":           {good[0], "0 0 0 0\n0 0 1 0\n0 0 0 1"},
		"a.bvec: b-value 2 (counted from 1) is -1000, expected a number of at le": {"0 -1000 1000 2000", good[1]},
		"a.bvec: b-value 3 (counted from 1) is NaN":                               {"0 1000 nan 2000", good[1]},
		`a.bvec: line 1: found "\x1f\u008b\b\x00\xff`:                             {good[0], "\x1f\xc2\x8b\b\x00\xff" + strings.Repeat("\x01", 400)},
	} {
		_, _, err := ReadGradients(write(t, "a.bval", files[0]), write(t, "a.bvec", files[1]))
		says(t, err, reason)
	}
}

func TestMissingAndOversizedFilesAreErrorsThatNameTheFile(t *testing.T) {
	bvecs := write(t, "a.bvec", "0 1 0 0\n0 0 1 0\n0 0 0 1")
	missing := filepath.Join(t.TempDir(), "none.bval")
	_, _, err := ReadGradients(missing, bvecs)
	says(t, err, missing)
	_, _, err = ReadGradients(bvecs, missing)
	says(t, err, bvecs)
	_, _, err = ReadGradients(write(t, "huge.bval", strings.Repeat("0 ", maxTextBytes/2+1)), bvecs)
	says(t, err, "huge.bval: found more than")
	_, _, err = ReadMRtrixGradients(missing, identity)
	says(t, err, missing)
	_, err = ReadResponse(missing)
	says(t, err, missing)
}

var identity = [4][4]float64{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}

func TestMRtrixTableOfOtherShapeIsAnError(t *testing.T) {
	_, _, err := ReadMRtrixGradients(write(t, "grad.b", "0 0 0\n1 0 0\n"), identity)
	says(t, err, "grad.b", "rows of 3 numbers, expected 4")
	_, _, err = ReadMRtrixGradients(write(t, "grad.b", "0 0 0 0\n1 0 0\n"), identity)
	says(t, err, "grad.b: line 2: found 3 numbers, expected 4")
	_, _, err = ReadMRtrixGradients(write(t, "grad.b", "1 0 0 1000\n"), [4][4]float64{})
	says(t, err, "grad.b", "do not span space")
	_, _, err = ReadMRtrixGradients(write(t, "grad.b", "0 0 0 1000\n"), identity)
	says(t, err, "grad.b: b-vector 1 (counted from 1) is zero")
}

// affines of the reference data: those of the two MRtrix3 images, and one with det < 0.
var affines = map[string][4][4]float64{
	"mrtrix_csd_b3000/": {{2.4967575073242188, 1.0381599935271879e-07, 0.12727800011634827, 33.12160110473633},
		{0.007538625039160252, 2.495609998703003, -0.14788399636745453, 43.344600677490234},
		{-0.12705475091934204, 0.14807599782943726, 2.492374897003174, 26.896799087524414}, {0, 0, 0, 1}},
	"mrtrix_msmt/": {{2.4963126182556152, 0.107487753033638, 0.08289650082588196, 4.016226768493652},
		{-0.07166574895381927, 2.3402600288391113, -0.8763825297355652, -70.1838150024414},
		{-0.11528000235557556, 0.8727124929428101, 2.3398900032043457, -52.152565002441406}, {0, 0, 0, 1}},
	"hcp_osmosis_27vox/": {{-1.25, 0, 0, 0}, {0, 1.25, 0, 0}, {0, 0, 1.25, 0}, {0, 0, 0, 1}},
}

// grad_scanner.b was exported by MRtrix3 from the same acquisition.
func TestWorldBvecsAreMRtrix3sStoredTable(t *testing.T) {
	for _, name := range []string{"mrtrix_csd_b3000/", "mrtrix_msmt/"} {
		fsl, _, _ := readShared(t, name)
		scanner, err := readNumbers(peer.Data(t, name+"grad_scanner.b"))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range fsl.WorldBvecs(affines[name]) {
			for k := range 3 {
				if math.Abs(v[k]-scanner.rows[i][k]) > 1e-6 {
					t.Fatalf("%s: vector %d is %v, MRtrix3's is %v", name, i, v, scanner.rows[i])
				}
			}
		}
	}
}

func TestWorldBvecsAreMRtrix3sLive(t *testing.T) {
	for name, affine := range affines {
		g, bvals, bvecs := readShared(t, name)
		text := peer.MRtrix(t, "mrinfo", peer.Data(t, name+"dwi.nii.gz"), "-fslgrad", bvecs, bvals, "-dwgrad", "-bvalue_scaling", "false")
		table, err := parseNumbers(text)
		if err != nil {
			t.Fatal(err)
		}
		most := 0.0
		for i, v := range g.WorldBvecs(affine) {
			norm := length(v) // MRtrix3 prints unit vectors
			for k := range 3 {
				if norm > 0 {
					most = max(most, math.Abs(v[k]/norm-table.rows[i][k]))
				}
			}
		}
		t.Logf("%s largest difference %.2g", name, most)
		if most > 1e-6 {
			t.Errorf("%s: differs from MRtrix3 by %g", name, most)
		}
	}
}

func TestMRtrixTableAndFSLFilesOfOneAcquisitionGiveOneTable(t *testing.T) {
	for _, name := range []string{"mrtrix_csd_b3000/", "mrtrix_msmt/"} {
		fsl, _, _ := readShared(t, name)
		mrtrix, warnings, err := ReadMRtrixGradients(peer.Data(t, name+"grad_scanner.b"), affines[name])
		if err != nil || len(warnings) > 0 {
			t.Fatal(err, warnings)
		}
		if !slices.Equal(fsl.B0s(), mrtrix.B0s()) {
			t.Errorf("%s: b0s %v and %v", name, fsl.B0s(), mrtrix.B0s())
		}
		for i := range fsl.Bvals {
			d := [3]float64{}
			for k := range d {
				d[k] = fsl.Bvecs[i][k] - mrtrix.Bvecs[i][k]
			}
			if length(d) > 1e-6 || math.Abs(fsl.Bvals[i]-mrtrix.Bvals[i]) > 1e-3 {
				t.Fatalf("%s: volume %d is %v %v from FSL's and %v %v from MRtrix3's file", name, i,
					fsl.Bvals[i], fsl.Bvecs[i], mrtrix.Bvals[i], mrtrix.Bvecs[i])
			}
		}
	}
}

func TestWorldBvecsFlipXOnlyForAPositiveDeterminant(t *testing.T) {
	g, _, err := NewGradientTable([]float64{0, 1000}, [][3]float64{{}, {0.6, 0.64, 0.48}})
	if err != nil {
		t.Fatal(err)
	}
	positive := [4][4]float64{{2, 0, 0, 5}, {0, 3, 0, 6}, {0, 0, 4, 7}, {0, 0, 0, 1}}
	if got := g.WorldBvecs(positive); got[1] != [3]float64{-0.6, 0.64, 0.48} || got[0] != [3]float64{} {
		t.Errorf("det > 0: %v", got)
	}
	negative := positive
	negative[0][0] = -2
	if got := g.WorldBvecs(negative); got[1] != [3]float64{-0.6, 0.64, 0.48} {
		t.Errorf("det < 0: %v, expected x along the axis that points to -x", got)
	}
	if got := g.WorldBvecs([4][4]float64{}); !math.IsNaN(got[1][0]) {
		t.Errorf("no axes: %v, expected NaN", got)
	}
}

// The scaled row was put through mrinfo -grad ... -dwgrad, which printed b 749.9996 for b 2999.998.
func TestLongAndShortMRtrixVectorsScaleTheirBValue(t *testing.T) {
	g, warnings, err := ReadMRtrixGradients(write(t, "grad.b", "0 0 0 0\n0 0.3 0.4 3000\n0 0 1 3000\n"), identity)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(g.Bvals[1]-750) > 1e-9 || g.Bvals[2] != 3000 || math.Abs(length(g.Bvecs[1])-1) > 1e-15 {
		t.Errorf("table %v %v", g.Bvals, g.Bvecs)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "b = 0 (1), 3000 (2) became b = 0 (1), 750 (1), 3000 (1)") {
		t.Errorf("warnings %q", warnings)
	}
}

func FuzzGradientFilesAreReadOrRefused(f *testing.F) {
	f.Add("0 1000 1000 2000", "0 1 0 0\n0 0 1 0\n0 0 0 1")
	f.Add("0\n5\n", "nan nan nan\n1,0,0")
	f.Add("# x\r\n0\t3000", "0 0.5\n0 0\n0 0.1\n")
	f.Add("\ufeff-1", "1 1 1")
	f.Add("0x1p3 inf", "1e400 2\n\n3 4\n5 6")
	f.Add("100 100", "1e-170 1e200\n0 1e200\n5e-324 0")
	f.Fuzz(func(t *testing.T, bvalsText, bvecsText string) {
		b, err := parseNumbers(bvalsText)
		if err != nil {
			return
		}
		v, err := parseNumbers(bvecsText)
		if err != nil {
			return
		}
		bvals, err := bvalsOf(b)
		if err != nil {
			return
		}
		bvecs, _, err := bvecsOf(v)
		if err != nil {
			return
		}
		g, _, err := NewGradientTable(bvals, bvecs)
		if err != nil {
			return
		}
		checkSound(t, g)
	})
}

func FuzzMRtrixTablesAreReadOrRefused(f *testing.F) {
	f.Add("0 0 0 0\n0 0.6 0.8 3000\n")
	f.Add("1e300 0 0 1e300\n")
	f.Add("nan 0 0 0\n0 1e-300 0 1000")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parseNumbers(text)
		if err != nil {
			return
		}
		bvals, bvecs, err := mrtrixTable(table)
		if err != nil {
			return
		}
		if g, _, err := NewGradientTable(bvals, bvecs); err == nil {
			checkSound(t, g)
		}
	})
}

// checkSound states what every table promises, whatever it was read from.
func checkSound(t *testing.T, g *GradientTable) {
	t.Helper()
	for i, b := range g.Bvals {
		norm := length(g.Bvecs[i])
		zero := g.Bvecs[i] == [3]float64{}
		if !(b >= 0) || math.IsInf(b, 1) || !(math.Abs(norm-1) <= normTolerance || zero && b == 0) {
			t.Fatalf("volume %d has b-value %v and b-vector %v", i, b, g.Bvecs[i])
		}
	}
	for i, x := range g.DesignMatrix() {
		if math.IsNaN(x) || math.IsInf(x, 0) && g.Bvals[i/7] < math.MaxFloat64/4 {
			t.Fatalf("design matrix row %d has %v", i/7, x)
		}
	}
}

package acq

import (
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// scaled are the b-values of vectors along x of the given lengths.
func scaled(t *testing.T, bval float64, lengths []float64, options ...GradientOption) (*GradientTable, []string) {
	t.Helper()
	bvals, bvecs := []float64{0}, [][3]float64{{}}
	for _, x := range lengths {
		bvals, bvecs = append(bvals, bval), append(bvecs, [3]float64{x, 0, 0})
	}
	g, warnings, err := NewGradientTable(bvals, bvecs, options...)
	if err != nil {
		t.Fatal(err)
	}
	return g, warnings
}

func TestLengthsBeyondMRtrix3sLimitScaleBValues(t *testing.T) {
	inside, outside := math.Exp(-0.00499), math.Exp(-0.00501) // ln(length^2) of -0.00998 and -0.01002
	for name, c := range map[string]struct {
		lengths []float64
		options []GradientOption
		scaled  bool
		unit    bool // of length 1 afterwards
	}{
		"within the limit":             {[]float64{1, inside}, nil, false, false},
		"one beyond it":                {[]float64{1, inside, outside}, nil, true, true},
		"one too long":                 {[]float64{1, 1 / outside}, nil, true, true},
		"no scaling":                   {[]float64{1, outside}, []GradientOption{WithScaling(ScaleNo)}, false, true},
		"no scaling within the limit":  {[]float64{1, inside}, []GradientOption{WithScaling(ScaleNo)}, false, false},
		"always, within the limit too": {[]float64{1, inside}, []GradientOption{WithScaling(ScaleYes)}, true, true},
		"DIPY's table":                 {[]float64{1, outside}, []GradientOption{WithScaling(ScaleDIPY)}, false, false},
	} {
		g, warnings := scaled(t, 2000, c.lengths, c.options...)
		for i, x := range c.lengths {
			wantB, wantX := 2000.0, x
			if c.scaled {
				wantB = 2000 * (x * x)
			}
			if c.unit {
				wantX = 1
			}
			if g.Bvals[i+1] != wantB || g.Bvecs[i+1] != [3]float64{wantX, 0, 0} {
				t.Errorf("%s: length %v became b = %v, vector %v; expected b = %v, length %v", name, x, g.Bvals[i+1], g.Bvecs[i+1], wantB, wantX)
			}
		}
		if beyond := c.unit && len(c.options) == 0; beyond != (len(warnings) == 1 && strings.Contains(warnings[0], "b-value was multiplied")) && len(c.options) == 0 {
			t.Errorf("%s: warnings %q", name, warnings)
		}
	}
}

// Two shells from one nominal b-value, as scanners make them.
func TestWarningListsTheScaledBValues(t *testing.T) {
	_, warnings := scaled(t, 2000, []float64{1, 1, math.Sqrt(0.5), math.Sqrt(0.5), math.Sqrt(0.5)})
	if len(warnings) != 1 || !strings.Contains(warnings[0], "b = 0 (1), 2000 (5) became b = 0 (1), 1000 (3), 2000 (2)") {
		t.Errorf("warnings %q", warnings)
	}
}

// MRtrix3's rule also looks at the vectors of b0s, although their b-values stay 0.
func TestVectorsOfB0sCountButChangeNoBValue(t *testing.T) {
	g, warnings, err := NewGradientTable([]float64{0, 1000}, [][3]float64{{0.5, 0, 0}, {0, 1, 0}})
	if err != nil || g.Bvals[0] != 0 || g.Bvals[1] != 1000 || len(warnings) != 1 || !strings.Contains(warnings[0], "stay as they were") {
		t.Errorf("%v %q %v", g, warnings, err)
	}
}

func TestRealTablesStayAsGivenToTheBit(t *testing.T) {
	shared := filepath.Dir(filepath.Dir(peer.Data(t, "mrtrix_msmt/bvecs")))
	for _, pattern := range []string{"*/bvecs", "*/*.bvecs"} {
		files, _ := filepath.Glob(filepath.Join(shared, pattern))
		for _, bvecs := range files {
			bvals := strings.TrimSuffix(bvecs, "bvecs") + "bvals"
			auto, warnings, err := ReadGradients(bvals, bvecs)
			dipy, _, dipyErr := ReadGradients(bvals, bvecs, WithScaling(ScaleDIPY))
			if err != nil || dipyErr != nil || len(warnings) > 0 || !reflect.DeepEqual(auto.Bvals, dipy.Bvals) || !reflect.DeepEqual(auto.Bvecs, dipy.Bvecs) {
				t.Errorf("%s differs from the table as given: %v %v %q", bvecs, err, dipyErr, warnings)
			}
		}
	}
}

func TestOtherUnitsAreNamed(t *testing.T) {
	x := [3]float64{1, 0, 0}
	for _, c := range []struct {
		largest float64
		parts   []string
	}{
		{2, []string{"largest b-value is 2", "ms/um2", "s/mm2", "by 1000"}},
		{49.9, []string{"ms/um2", "s/mm2"}},
		{100001, []string{"s/m2", "s/mm2", "by 1000000"}},
		{2e9, []string{"s/m2", "s/mm2"}},
	} {
		_, _, err := NewGradientTable([]float64{0, c.largest}, [][3]float64{{}, x})
		says(t, err, c.parts...)
		if _, _, err := NewGradientTable([]float64{0, c.largest}, [][3]float64{{}, x}, WithScaling(ScaleDIPY)); err != nil {
			t.Errorf("a table of DIPY with b = %v: %v", c.largest, err)
		}
	}
	for _, largest := range []float64{0, 50, 100000} {
		if _, _, err := NewGradientTable([]float64{0, largest}, [][3]float64{x, x}); err != nil {
			t.Errorf("largest b-value %v: %v", largest, err)
		}
	}
}

func TestMessageBlamesVectorsOfWrongLengthAndNotTheUnits(t *testing.T) {
	for _, c := range []struct {
		first, second float64
		parts         []string
	}{
		{10, 10, []string{"lengths of about 10, expected 1", "from b = 0 (1), 1000 (1), 2000 (1) to b = 0 (1), 100000 (1), 200000 (1)", "use bvalue_scaling no"}},
		{0.01, 0.01, []string{"lengths of about 0.01, expected 1", "to b = 0 (3)", "use bvalue_scaling no"}},
		{1, 40, []string{"lengths from 1 to 40, expected 1", "use bvalue_scaling no"}},
	} {
		bvecs := [][3]float64{{}, {c.first, 0, 0}, {0, c.second, 0}}
		_, _, err := NewGradientTable([]float64{0, 1000, 2000}, bvecs)
		says(t, err, c.parts...)
		for _, wrong := range []string{"divide", "multiply", "s/m2"} {
			if strings.Contains(err.Error(), wrong) {
				t.Errorf("%v: the units of b-values are right, but the message says %q", err, wrong)
			}
		}
		g, _, err := NewGradientTable([]float64{0, 1000, 2000}, bvecs, WithScaling(ScaleNo))
		if err != nil || g.Bvals[1] != 1000 || g.Bvals[2] != 2000 {
			t.Errorf("the advice does not help: %v %v", g, err)
		}
	}
	for spelled, advice := range map[string]string{"--bvalue-scaling": "use --bvalue-scaling no", "": ": correct the b-vectors"} {
		_, _, err := NewGradientTable([]float64{0, 1000}, [][3]float64{{}, {40, 0, 0}}, WithSpelling(func(string) string { return spelled }))
		says(t, err, advice)
	}
}

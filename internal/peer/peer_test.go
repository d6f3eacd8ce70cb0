package peer

import (
	"bufio"
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestArraysSurviveTheWireBitForBit(t *testing.T) {
	want := Arrays{
		"signal": Matrix([]float64{1, math.Inf(-1), math.Copysign(0, -1), 5e-324, 1.0 / 3, 2}, 3),
		"none":   {Shape: []int{0, 4}, Data: []float64{}},
	}
	var wire bytes.Buffer
	if err := send(&wire, header{Call: "echo"}, want); err != nil {
		t.Fatal(err)
	}
	got, err := receive(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		sameBits := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
		if !slices.Equal(got[name].Shape, want[name].Shape) || !slices.EqualFunc(got[name].Data, want[name].Data, sameBits) {
			t.Errorf("%s: sent %v, received %v", name, want[name], got[name])
		}
	}
}

func TestBrokenAnswersAreErrors(t *testing.T) {
	for answer, want := range map[string]string{
		"":        "no answer",
		"hello\n": "not a JSON header",
		`{"arrays":[],"error":"ValueError: x"}` + "\n":        "ValueError: x",
		`{"arrays":[{"name":"fa","shape":[2,3]}]}` + "\nabcd": "array fa broke off, 6 values expected",
	} {
		_, err := receive(bufio.NewReader(strings.NewReader(answer)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("answer %q: error %v, want one that says %q", answer, err, want)
		}
	}
}

// DIPY must find the known tensor of a voxel. This is the smallest proof that both sides mean the same order of arrays.
func TestDIPYAnswersOnArraysFromGo(t *testing.T) {
	Slow(t)
	bvals, bvecs := sixDirections()
	evals := DIPY(t, "tensor", Arrays{
		"signal": Matrix(decay(bvals, bvecs, [3]float64{1.7e-3, 0.4e-3, 0.3e-3}), len(bvals)),
		"bvals":  {Shape: []int{len(bvals)}, Data: bvals},
		"bvecs":  Vectors(bvecs),
	}, nil)["evals"].Row(0)
	for i, want := range []float64{1.7e-3, 0.4e-3, 0.3e-3} {
		if math.Abs(evals[i]-want) > 1e-12 {
			t.Errorf("eigenvalue %d is %g, want %g", i, evals[i], want)
		}
	}
}

func TestMRtrixReadsTheSharedData(t *testing.T) {
	Slow(t)
	if out := MRtrix(t, "mrinfo", "-size", Data(t, "mrtrix_csd_b3000", "dwi.nii.gz")); strings.TrimSpace(out) != "6 8 9 68" {
		t.Errorf("mrinfo -size of mrtrix_csd_b3000 printed %q, want 6 8 9 68", out)
	}
}

func sixDirections() (bvals []float64, bvecs [][3]float64) {
	r := math.Sqrt(0.5)
	bvecs = [][3]float64{{}, {r, r, 0}, {r, -r, 0}, {r, 0, r}, {r, 0, -r}, {0, r, r}, {0, r, -r}}
	return []float64{0, 1000, 1000, 1000, 1000, 1000, 1000}, bvecs
}

// decay is 100 exp(-b g'Dg) of a tensor along the axes.
func decay(bvals []float64, bvecs [][3]float64, diffusivity [3]float64) []float64 {
	signal := make([]float64, len(bvals))
	for i, b := range bvals {
		adc := 0.0
		for axis, d := range diffusivity {
			adc += d * bvecs[i][axis] * bvecs[i][axis]
		}
		signal[i] = 100 * math.Exp(-b*adc)
	}
	return signal
}

package acq_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/acq"
)

func TestDirectionsAreReadAsMRtrixWritesThem(t *testing.T) {
	for text, want := range map[string][][3]float64{
		"0 0\n": {{0, 0, 1}},
		"# a comment\n1.5707963267948966 1.5707963267948966\n0 1.5707963267948966\n": {{0, 1, 0}, {1, 0, 0}},
		"0 0.6 0.8\n": {{0, 0.6, 0.8}},
	} {
		got, err := acq.ReadMRtrixDirections(writeText(t, text))
		if err != nil || len(got) != len(want) {
			t.Errorf("%q: %v, %v", text, got, err)
			continue
		}
		for i := range want {
			for k := range 3 {
				if math.Abs(got[i][k]-want[i][k]) > 1e-15 {
					t.Errorf("%q: direction %d is %v, want %v", text, i, got[i], want[i])
				}
			}
		}
	}
	for _, text := range []string{"", "1 2 3 4\n", "1 2\n1 2 3\n", "1 2 3\n", "nan 1\n"} {
		if got, err := acq.ReadMRtrixDirections(writeText(t, text)); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func writeText(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

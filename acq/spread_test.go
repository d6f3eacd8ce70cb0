package acq_test

import (
	"testing"

	"github.com/voxfit/voxfit/acq"
)

func TestVoxelsAreSpreadOverTheMask(t *testing.T) {
	signal := []float32{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}
	got := acq.Spread(signal, 2, 3)
	for i, want := range []float32{0, 0, 2, 2, 4, 4} {
		if got[i] != want {
			t.Fatalf("Spread picked %v, want voxels 0, 2 and 4", got)
		}
	}
	if whole := acq.Spread(signal, 2, 100); len(whole) != len(signal) {
		t.Errorf("Spread cut %d values to %d without need", len(signal), len(whole))
	}
}

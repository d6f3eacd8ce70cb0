package drawing

import (
	"testing"

	"github.com/voxfit/voxfit/study/internal/words"
)

// 5e-6 as 5 x 10^-6 is 0.0000049999999999999996 in binary.
func TestTicksAreRound(t *testing.T) {
	for _, tick := range (DecadeTicks{words.Plain}).Ticks(1e-7, 1e-3) {
		if len(tick.Label) > len("0.0000005") {
			t.Errorf("a tick is labelled %s", tick.Label)
		}
	}
	labels := map[string]bool{}
	for _, tick := range (DecadeTicks{words.Plain}).Ticks(1e-6, 1e-5) {
		labels[tick.Label] = true
	}
	if !labels["0.000005"] || !labels["0.000002"] {
		t.Errorf("ticks are %v, want 0.000005 among them", labels)
	}
}

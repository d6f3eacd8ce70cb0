package kernel_test

import (
	"math"
	"testing"
	"time"

	"github.com/voxfit/voxfit/kernel"
)

func TestEverySetHasAPeak(t *testing.T) {
	for _, isa := range kernel.ISAs() {
		peak, err := kernel.MeasureThroughput(isa, time.Millisecond)
		if err != nil {
			t.Errorf("%s: %v", isa, err)
		}
		for _, rate := range []float64{peak.Float64, peak.Float32} {
			if !(rate > 0) || math.IsInf(rate, 0) {
				t.Errorf("%s: %+v", isa, peak)
			}
		}
	}
}

func TestASetThatIsNotThereHasNoPeak(t *testing.T) {
	if peak, err := kernel.MeasureThroughput("mmx", time.Millisecond); err == nil {
		t.Errorf("mmx: %+v", peak)
	}
}

package arm64_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/arm64"
)

func TestPeakLoopsCountTheLanesOfTheirVectors(t *testing.T) {
	loops, ok := arm64.FindPeakLoops("neon")
	if !ok {
		t.Skip("this is another architecture, or assembly was left out")
	}
	loops.Float64(1)
	loops.Float32(3)
	if loops.Operations64 != 2*16*2 || loops.Operations32 != 2*loops.Operations64 {
		t.Errorf("%d operations fp64, %d fp32 a turn, want %d and twice that", loops.Operations64, loops.Operations32, 2*16*2)
	}
}

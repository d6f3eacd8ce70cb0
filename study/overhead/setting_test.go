package overhead

import (
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/study"
)

func TestADrawnMedianIsThatOfTheDrawnTimes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	counts := make([]int32, 40)
	for range 500 {
		times := make([]float64, 1+random.IntN(len(counts)))
		for i := range times {
			times[i] = float64(1 + random.IntN(20)) // some of them equal
		}
		seed := random.Uint64()
		got := newRunTimes(times).drawnMedian(rand.New(rand.NewPCG(seed, 5)), counts)
		again := rand.New(rand.NewPCG(seed, 5))
		drawn := make([]float64, len(times))
		for i := range drawn {
			drawn[i] = times[again.IntN(len(times))]
		}
		if want := study.Median(drawn); got != want {
			t.Fatalf("of the times %v %g was drawn, want %g", times, got, want)
		}
	}
}

package sched

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEachDurationIsInTheClassAroundIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, 1<<39).Draw(t, "ns"))
		var h Histogram
		h.Count(d, 3)
		h.each(func(low, high time.Duration, n int) {
			if d < low || d >= high || n != 3 || high-low > max(1, d/8+1) {
				t.Fatalf("%d ns is in class %d to %d (%d times)", d, low, high, n)
			}
		})
		if h.Total() != 3 || h.Quantile(0.5) <= d {
			t.Fatalf("total %d, median %v of three times %v", h.Total(), h.Quantile(0.5), d)
		}
	})
}

func TestQuantilesOfManyDurations(t *testing.T) {
	var h, second Histogram
	for i := range 1000 {
		h.Count(time.Duration(i)*time.Microsecond, 1)
	}
	second.Count(math.MaxInt64, 1000) // beyond the last class, and so counted in it
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond} {
		if got := h.Quantile(q); got < want-time.Microsecond || got > want*9/8 {
			t.Errorf("quantile %v is %v, want %v or up to an eighth more", q, got, want)
		}
	}
	h.Add(second)
	if h.Total() != 2000 || h.Quantile(0.75) < time.Minute || (Histogram{}).Quantile(0.5) != 0 {
		t.Errorf("total %d, third quartile %v after adding a thousand of the longest", h.Total(), h.Quantile(0.75))
	}
}

// each calls f for each class that is not empty, in ascending order. The class has n durations from low to below high.
func (h Histogram) each(f func(low, high time.Duration, n int)) {
	for i, n := range h.counts {
		if n > 0 {
			low := time.Duration(0)
			if i > 0 {
				low = upper(i - 1)
			}
			f(low, upper(i), n)
		}
	}
}

package sched

import (
	"math/bits"
	"time"
)

// A Histogram counts durations in classes that are an eighth of their octave wide, so that a quantile is
// right to 12%. Its zero value is empty.
type Histogram struct{ counts [histogramClasses]int }

// Eight classes for each octave from 8 ns to 2^40 ns (18 minutes), one for each ns below.
const histogramClasses = 38 * 8

// class is the place of a duration: its three bits below the leading one, and the leading one's.
func class(d time.Duration) int {
	if d < 8 {
		return max(0, int(d))
	}
	shift := bits.Len64(uint64(d)) - 4
	return min(histogramClasses-1, 8*shift+int(uint64(d)>>shift))
}

// upper is the least duration above a class.
func upper(class int) time.Duration {
	if class < 8 {
		return time.Duration(class + 1)
	}
	shift := class/8 - 1
	return time.Duration(class%8+9) << shift
}

// Count adds n durations of d.
func (h *Histogram) Count(d time.Duration, n int) { h.counts[class(d)] += n }

// Add adds another histogram.
func (h *Histogram) Add(other Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
}

// Total is how many durations were counted.
func (h Histogram) Total() int {
	total := 0
	for _, n := range h.counts {
		total += n
	}
	return total
}

// Quantile is the duration that the share q of all durations does not exceed (0.5: the median), rounded up to the end
// of its class. It is 0 for an empty histogram.
func (h Histogram) Quantile(q float64) time.Duration {
	want := q * float64(h.Total())
	sum := 0
	for i, n := range h.counts {
		if sum += n; n > 0 && float64(sum) >= want {
			return upper(i)
		}
	}
	return 0
}

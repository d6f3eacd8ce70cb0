package drawing

import "testing"

// A figure with a mark and a colour for each CPU count can have seven counts and more: 1, 2, 4 ... 64.
func TestNoTwoCurvesHaveTheSameColourAndMark(t *testing.T) {
	for i := range 30 {
		for j := range i {
			if Colour(i) == Colour(j) && Mark(i) == Mark(j) {
				t.Errorf("curves %d and %d look the same", j, i)
			}
		}
	}
}

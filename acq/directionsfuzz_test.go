package acq

import (
	"math"
	"testing"
)

func FuzzDirectionFilesAreReadOrRefused(f *testing.F) {
	f.Add("0.1 0.2\n3 -1\n")
	f.Add("1 0 0\n0 0 1")
	f.Add("# dirgen\n1e300 inf\n")
	f.Add("0.6 0.8 0.02\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parseNumbers(text)
		if err != nil {
			return
		}
		directions, err := directionsFrom(table)
		if err != nil {
			return
		}
		for _, d := range directions {
			if math.Abs(length(d)-1) > 1e-12 {
				t.Fatalf("%q was read as %v, of length %v", text, d, length(d))
			}
		}
	})
}

//go:build !amd64 || purego

package amd64

// FindPeakLoops finds none here: this is another architecture, or assembly was left out.
func FindPeakLoops(string) (loops PeakLoops, ok bool) { return PeakLoops{}, false }

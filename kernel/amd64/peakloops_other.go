//go:build !amd64 || purego

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

// FindPeakLoops finds none here: this is another architecture, or assembly was left out.
func FindPeakLoops(string) (loops ops.PeakLoops, ok bool) { return ops.PeakLoops{}, false }

package acq

import (
	"cmp"
	"slices"
)

// Tolerances in s/mm2 for Shells: those within which DIPY and MRtrix3 take b-values for one shell.
const (
	DIPYShellTolerance   = 20
	MRtrixShellTolerance = 80
)

// A Shell is the volumes that share a b-value.
type Shell struct {
	Bval    float64 // the mean over its volumes, s/mm2 (as MRtrix3 reports it)
	Volumes []int   // ascending, counted from 0
}

// Shells groups the volumes by b-value: first the b0s, when there are any, as one shell, and then the
// diffusion-weighted shells in ascending order. Every volume is in one shell.
//
// The rule is that of DIPY's unique_bvals_tolerance: from the lowest b-value not yet in a shell, take
// the largest within the tolerance above it as the pivot; the shell is all up to the tolerance above the
// pivot. No shell is thus wider than twice the tolerance, so that b-values spread evenly (Cartesian
// sampling) do not run together into one. A negative tolerance counts as 0.
func (g *GradientTable) Shells(tolerance float64) []Shell {
	tolerance = max(tolerance, 0)
	var shells []Shell
	if b0s := g.B0s(); len(b0s) > 0 {
		shells = append(shells, g.shell(b0s))
	}
	rest := g.DWIs()
	slices.SortStableFunc(rest, func(i, j int) int { return cmp.Compare(g.Bvals[i], g.Bvals[j]) })
	for len(rest) > 0 {
		pivot := g.countUpTo(rest, g.Bvals[rest[0]]+tolerance)
		n := g.countUpTo(rest, g.Bvals[rest[pivot-1]]+tolerance)
		shells = append(shells, g.shell(slices.Sorted(slices.Values(rest[:n]))))
		rest = rest[n:]
	}
	return shells
}

// countUpTo is how many of the volumes, sorted by b-value, have one up to a limit.
func (g *GradientTable) countUpTo(sorted []int, limit float64) int {
	n := 0
	for n < len(sorted) && g.Bvals[sorted[n]] <= limit {
		n++
	}
	return n
}

func (g *GradientTable) shell(volumes []int) Shell {
	sum := 0.0
	for _, v := range volumes {
		sum += g.Bvals[v]
	}
	return Shell{Bval: sum / float64(len(volumes)), Volumes: volumes}
}

package acq

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/internal/plural"
)

// DIPYShellTolerance, in s/mm2, is the tolerance within which DIPY counts b-values as one shell.
const DIPYShellTolerance = 20

// A Shell is the volumes that share a b-value.
type Shell struct {
	Bval    float64 // the mean over its volumes, s/mm2 (as MRtrix3 reports it)
	Volumes []int   // ascending, counted from 0
}

// DIPYShells groups the volumes by b-value as DIPY does: first the b0s, when there are any, as one shell, and then the
// diffusion-weighted shells in ascending order. Every volume is in one shell. Models use it for tables that are taken
// as DIPY takes them (ScaleDIPY), and ClusterShells for all others.
//
// The rule is that of DIPY's unique_bvals_tolerance. From the lowest b-value not yet in a shell, the largest b-value
// within the tolerance above it is the pivot. The shell is all b-values up to the tolerance above the pivot. No shell
// is thus wider than twice the tolerance, so that b-values spread evenly (Cartesian sampling) do not run together into
// one shell. A negative tolerance counts as 0.
func (g *GradientTable) DIPYShells(tolerance float64) []Shell {
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

// ShellTolerance, in s/mm2, is MRtrix3's tolerance for one shell. A row of a response stands for a shell if their
// b-values differ by no more than this.
const ShellTolerance = 80

// MRtrix3's numbers (core/dwi/shells.h): b-values less than 80 s/mm2 apart are neighbours, a volume with two
// neighbours or more makes a shell with them, and a shell of fewer than six directions is too small for any model.
const (
	neighbourDistance = ShellTolerance
	fewestNeighbours  = 3 // with the volume itself
	fewestDirections  = 6
)

// ClusterShells groups the volumes by b-value as MRtrix3 does: first the b0s, when there are any, as one shell, and
// then the diffusion-weighted shells in ascending order. left lists the volumes that are in no shell, ascending.
//
// B-values less than 80 s/mm2 apart are neighbours. A volume that has two neighbours or more is in one shell with all
// of them, and so on from each of these, so that a shell can be wider than 80. A volume with fewer neighbours, none of
// which has two, is in no shell. (This is DBSCAN, Ester 1996, in one dimension.) MRtrix3 counts volumes up to 10 s/mm2
// as b0s. A GradientTable has its own limit for b0s, 50 by default.
//
// There are three errors. The first is that there is no shell. The second is that there are more shells, that of b0s
// counted, than the root of the number of volumes; MRtrix3 refuses these two cases as well. The third is that more than
// half of the diffusion-weighted volumes are in no shell, or in shells that are wider than 400 s/mm2 and wider than a
// fifth of their mean. In Cartesian sampling (DSI) neighbours run together into such shells. MRtrix3 accepts them, but
// no single response describes the signal of such a shell.
func (g *GradientTable) ClusterShells() (shells []Shell, left []int, err error) {
	if err := g.CheckWeighted(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", g.name(), err)
	}
	shells, left = g.clusters()
	weighted := len(shells)
	if weighted > 0 && shells[0].Bval <= g.B0Threshold {
		weighted--
	}
	switch most := math.Floor(math.Sqrt(float64(g.Len()))); {
	case weighted == 0:
		return nil, nil, fmt.Errorf("%s: the b-values (%s) form no shell, expected three or more volumes less than %d s/mm2 apart", g.name(), listBvals(g.Bvals), neighbourDistance)
	case float64(len(shells)) > most:
		return nil, nil, fmt.Errorf("%s: the b-values (%s) of %s form %s, too many to be shells: expected at most %.0f, the root of the number of volumes, as MRtrix3 does",
			g.name(), listBvals(g.Bvals), plural.Count(g.Len(), "volume"), plural.Count(len(shells), "shell"), most)
	}
	wide := len(left)
	for _, s := range shells {
		if g.isWide(s) {
			wide += len(s.Volumes)
		}
	}
	if all := len(g.DWIs()); 2*wide > all {
		return nil, nil, fmt.Errorf("%s: %d of %d b-values (%s) follow each other without gaps and form no shells, expected b-values that lie together, as 995 to 1005",
			g.name(), wide, all, listBvals(g.Bvals))
	}
	return shells, left, nil
}

// isWide says whether a shell is so wide that it should be several shells, or none.
func (g *GradientTable) isWide(s Shell) bool {
	low, high := g.extent(s)
	return high-low > max(widestShell, widestShare*s.Bval)
}

// How wide a shell may be: in s/mm2, and as a share of its mean b-value.
const (
	widestShell = 400
	widestShare = 0.2
)

// extent is the lowest and the highest b-value of a shell.
func (g *GradientTable) extent(s Shell) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range s.Volumes {
		low, high = min(low, g.Bvals[v]), max(high, g.Bvals[v])
	}
	return low, high
}

// clusters applies MRtrix3's rule and checks nothing. It returns the shells, ascending, and the volumes that are in
// none.
func (g *GradientTable) clusters() (shells []Shell, left []int) {
	members := [][]int{g.B0s()}
	dwis := g.DWIs()
	neighbours := make([][]int, g.Len())
	for _, i := range dwis {
		for _, j := range dwis {
			if math.Abs(g.Bvals[i]-g.Bvals[j]) < neighbourDistance {
				neighbours[i] = append(neighbours[i], j)
			}
		}
	}
	taken := make([]bool, g.Len())
	for _, i := range dwis {
		if !taken[i] && len(neighbours[i]) >= fewestNeighbours {
			members = append(members, spreadFrom(i, neighbours, taken))
		}
	}
	for _, m := range members {
		if len(m) > 0 {
			shells = append(shells, g.shell(slices.Sorted(slices.Values(m))))
		}
	}
	slices.SortFunc(shells, func(a, b Shell) int { return cmp.Compare(a.Bval, b.Bval) })
	for _, i := range dwis {
		if !taken[i] {
			left = append(left, i)
		}
	}
	return shells, left
}

// spreadFrom makes the shell of a volume that has enough neighbours: the volume, its neighbours, the neighbours of
// those that have enough themselves, and so on.
func spreadFrom(first int, neighbours [][]int, taken []bool) []int {
	taken[first] = true
	shell := []int{first}
	for k := 0; k < len(shell); k++ {
		if len(neighbours[shell[k]]) < fewestNeighbours {
			continue
		}
		for _, j := range neighbours[shell[k]] {
			if !taken[j] {
				taken[j] = true
				shell = append(shell, j)
			}
		}
	}
	return shell
}

// ChooseShells are the shells of ClusterShells that have the given b-values, or all of them where none is given. A
// b-value stands for the shell whose range it is in, or else for the nearest one with a mean less than 80 s/mm2 away.
// A warning lists the volumes that are in no shell. A b-value without a shell is an error, and so is a shell that is
// asked for twice.
func (g *GradientTable) ChooseShells(bvals []float64) (shells []Shell, warnings []string, err error) {
	all, left, err := g.shells()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range all {
		if low, high := g.extent(s); g.isWide(s) && !g.asDIPY {
			warnings = append(warnings, fmt.Sprintf("%s: the b-values of the shell b = %.0f are from %g to %g, and one response stands for all of them", g.name(), s.Bval, low, high))
		}
	}
	if len(bvals) == 0 {
		if len(left) > 0 {
			warnings = append(warnings, fmt.Sprintf("%s: volumes that are in no shell are left out: %s, counted from 1; the shells are %s",
				g.name(), g.listVolumes(left), ListShells(all)))
		}
		return all, warnings, nil
	}
	wanted := make([]bool, len(all))
	for _, b := range bvals {
		i, ok := g.shellOf(all, b)
		if !ok {
			return nil, nil, fmt.Errorf("%s: there is no shell of b = %g, expected some of %s", g.name(), b, ListShells(all))
		}
		if wanted[i] {
			return nil, nil, fmt.Errorf("%s: the shell b = %.0f is chosen twice, by %v, expected each once", g.name(), all[i].Bval, bvals)
		}
		wanted[i] = true
	}
	for i, s := range all {
		if wanted[i] {
			shells = append(shells, s)
		}
	}
	return shells, warnings, nil
}

// shells finds the shells for models, by DIPY's rule or by MRtrix3's.
func (g *GradientTable) shells() (shells []Shell, left []int, err error) {
	if g.asDIPY {
		return g.DIPYShells(ShellTolerance), nil, nil
	}
	return g.ClusterShells()
}

// shellOf finds the shell that a b-value stands for.
func (g *GradientTable) shellOf(shells []Shell, bval float64) (int, bool) {
	nearest, distance := -1, float64(neighbourDistance)
	for i, s := range shells {
		low, high := g.extent(s)
		if bval >= low && bval <= high || bval <= g.B0Threshold && bval >= 0 && s.Bval <= g.B0Threshold {
			return i, true
		}
		if d := math.Abs(bval - s.Bval); d < distance {
			nearest, distance = i, d
		}
	}
	return nearest, nearest >= 0
}

// CheckShell refuses a diffusion-weighted shell of fewer than six directions. Vectors that are the same up to their
// sign count once. Tables that are taken as DIPY takes them are not checked.
func (g *GradientTable) CheckShell(s Shell) error {
	if s.Bval <= g.B0Threshold || g.asDIPY {
		return nil
	}
	var axes [][3]float64
	for _, v := range s.Volumes {
		a := g.Bvecs[v]
		if !slices.ContainsFunc(axes, func(b [3]float64) bool { return sameAxis(a, b) }) {
			axes = append(axes, a)
		}
		if len(axes) == fewestDirections {
			return nil
		}
	}
	remedy := "leave its volumes out"
	if option := g.Spelled("shells"); option != "" {
		remedy = "choose the other shells with " + option
	}
	return fmt.Errorf("%s: the shell b = %.0f has %s in %s, expected at least %d; %s",
		g.name(), s.Bval, plural.Count(len(axes), "direction"), plural.Count(len(s.Volumes), "volume"), fewestDirections, remedy)
}

// sameAxis tells whether two unit vectors are within about half a degree of each other or of their opposites.
func sameAxis(a, b [3]float64) bool {
	return math.Abs(float64(a[0]*b[0])+float64(a[1]*b[1])+float64(a[2]*b[2])) > (1-5e-5)*length(a)*length(b)
}

// ListShells names shells by their b-values, as "b = 0, 700, 1200".
func ListShells(shells []Shell) string {
	words := make([]string, len(shells))
	for i, s := range shells {
		words[i] = fmt.Sprintf("%.0f", s.Bval)
	}
	return "b = " + strings.Join(words, ", ")
}

// listVolumes names the first few volumes, counted from 1, with their b-values.
func (g *GradientTable) listVolumes(volumes []int) string {
	var names []string
	for _, v := range volumes[:min(5, len(volumes))] {
		names = append(names, fmt.Sprintf("%d (b = %g)", v+1, g.Bvals[v]))
	}
	if len(volumes) > 5 {
		names = append(names, "...")
	}
	return strings.Join(names, ", ")
}

package kerneltest

import (
	"testing"

	"github.com/voxfit/voxfit/internal/long"
)

// Short tests are for emulators, in which a fit takes some hundred times as long and a wrong instruction shows at once.
// In short tests, tests over instruction sets take fewer cases, by the rules of this file. The cases that they leave
// out are repetitions, and they run when tests are not short.

// Voxels returns how many of n voxels a test takes: all in long tests, a third in ordinary ones, and a twentieth in
// short ones. Even those are enough for every kind of odd signal, for the lanes of any set several times over, and for
// a tail that does not fill them.
func Voxels(n int) int {
	if testing.Short() {
		return min(n, max(n/20, 61))
	}
	return min(n, max(long.Of(n, n/3), 61))
}

// Crossed returns how many of n voxels a test takes that combines them with many designs. It is like Voxels, but in
// short tests it is no more than what fills the lanes of any set and leaves a tail.
func Crossed(n int) int {
	if testing.Short() {
		return min(n, 21)
	}
	return Voxels(n)
}

// Sizes returns the numbers from first to last, and in short tests only those around the sets' numbers of lanes.
func Sizes(first, last int) (sizes []int) {
	for n := first; n <= last; n++ {
		if !testing.Short() || n <= 17 || n == 31 || n == 33 || n == 64 || n == last {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// Some returns all cases of an ascending list, and in short tests the first, the middle and the last one.
func Some[T any](cases []T) []T {
	if n := len(cases); testing.Short() && n > 3 {
		return []T{cases[0], cases[n/2], cases[n-1]}
	}
	return cases
}

// Portable skips a test of the portable code when tests are short, because no instruction set takes part in it.
func Portable(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("tests portable code alone; not with -short")
	}
}

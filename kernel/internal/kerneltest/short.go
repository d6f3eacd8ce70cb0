package kerneltest

import (
	"testing"

	"github.com/voxfit/voxfit/internal/long"
)

// Short tests are for emulators, under which a fit takes some hundred times as long and in which a wrong instruction shows
// at once. There, tests over instruction sets take fewer cases, by the rules of this file; what they leave out is
// repetition, and they run over all of it wherever they are not short.

// Voxels is how many of n voxels a test takes: all in long tests, a third in others, and in short ones a twentieth. Then,
// too, they are enough for every kind of odd signal, for the lanes of any set several times over, and for a tail that does
// not fill them.
func Voxels(n int) int {
	if testing.Short() {
		return min(n, max(n/20, 61))
	}
	return min(n, max(long.Of(n, n/3), 61))
}

// Crossed is how many of n voxels a test takes that asks for many designs with them: as Voxels, but in short tests no more
// than fill the lanes of any set and leave a tail.
func Crossed(n int) int {
	if testing.Short() {
		return min(n, 21)
	}
	return Voxels(n)
}

// Sizes are the numbers from first to last, and in short tests those around the numbers of lanes that sets have.
func Sizes(first, last int) (sizes []int) {
	for n := first; n <= last; n++ {
		if !testing.Short() || n <= 17 || n == 31 || n == 33 || n == 64 || n == last {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// Some are all cases of a list that rises, and in short tests the first, the one in the middle and the last.
func Some[T any](cases []T) []T {
	if n := len(cases); testing.Short() && n > 3 {
		return []T{cases[0], cases[n/2], cases[n-1]}
	}
	return cases
}

// Portable skips a test of portable code alone when tests are short: no instruction set has a part in it.
func Portable(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("tests portable code alone; not with -short")
	}
}

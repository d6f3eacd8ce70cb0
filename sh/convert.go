package sh

import "fmt"

// Convert rewrites coefficients from one basis in another. src and dst have n voxels x Count(lmax) each, voxel-major.
// dst may be src. It panics when the lengths do not agree or are not a whole number of voxels.
//
// The two bases hold the same functions, with m and -m swapped within each l. No sign and no factor changes, so the
// conversion is exact and its own inverse.
func Convert(dst, src []float64, lmax int, from, to Basis) {
	from.mustBeKnown()
	to.mustBeKnown()
	n := Count(lmax)
	if len(dst) != len(src) || len(src)%n != 0 {
		panic(fmt.Sprintf("sh: converting %d coefficients into %d, expected equal multiples of %d (lmax %d)",
			len(src), len(dst), n, lmax))
	}
	copy(dst, src)
	if from == to {
		return
	}
	for voxel := dst; len(voxel) > 0; voxel = voxel[n:] {
		swapPhases(voxel, lmax)
	}
}

func swapPhases(voxel []float64, lmax int) {
	for l := 2; l <= lmax; l += 2 {
		for m := 1; m <= l; m++ {
			i, j := index(l, m), index(l, -m)
			voxel[i], voxel[j] = voxel[j], voxel[i]
		}
	}
}

package phantom

// boxFor returns the near-cubic box that holds the given number of voxels: the sides are the
// smallest a with a^3 >= voxels, then the smallest b with a b^2 >= voxels, then the smallest c with
// a b c >= voxels. Whole numbers only, so that rounding cannot choose another box.
func boxFor(voxels int) [3]int {
	side := func(enough func(uint64) bool) int {
		n := uint64(1)
		for !enough(n) {
			n++
		}
		return int(n)
	}
	need := uint64(voxels)
	a := side(func(n uint64) bool { return n*n*n >= need })
	b := side(func(n uint64) bool { return uint64(a)*n*n >= need })
	c := side(func(n uint64) bool { return uint64(a)*uint64(b)*n >= need })
	return [3]int{a, b, c}
}

// centre is the middle voxel, as DIPY places the region that it takes the response from.
func centre(shape [3]int) [3]int {
	return [3]int{shape[0] / 2, shape[1] / 2, shape[2] / 2}
}

// maskOf returns the linear numbers (x fastest, ascending) of the voxels nearest the centre, as
// many as asked for; of voxels as near as one another, those of smaller number. So the mask is the
// box without some of its corners and edges, and its rows are not simply the box's.
func maskOf(shape [3]int, voxels int) []int {
	count := make([]int, 0, 64)
	eachCell(shape, func(_, d2 int) {
		for d2 >= len(count) {
			count = append(count, 0)
		}
		count[d2]++
	})
	limit, room := 0, voxels
	for room > count[limit] {
		room -= count[limit]
		limit++
	}
	index := make([]int, 0, voxels)
	eachCell(shape, func(cell, d2 int) {
		if d2 == limit && room > 0 {
			room--
			index = append(index, cell)
		} else if d2 < limit {
			index = append(index, cell)
		}
	})
	return index
}

// eachCell calls f with the number of each cell and its squared distance from the centre.
func eachCell(shape [3]int, f func(cell, d2 int)) {
	c := centre(shape)
	cell := 0
	for z := range shape[2] {
		for y := range shape[1] {
			base := (z-c[2])*(z-c[2]) + (y-c[1])*(y-c[1])
			for x := range shape[0] {
				f(cell, base+(x-c[0])*(x-c[0]))
				cell++
			}
		}
	}
}

// A coreBox is the cube in the middle of the image that holds single fibres only.
type coreBox struct {
	shape, centre [3]int
	half          int // -1 when there is none
}

// maxCoreHalf makes the core of a large image 7 x 7 x 7 voxels: 343 single fibres in the 20 x 20 x 20
// region of an automatic response, and less than 0.1% of a whole brain.
const maxCoreHalf = 3

// coreOf places the core. Its half-width is an eighth of the shortest side, so that small phantoms
// keep their mix; a mix without single fibres has no core.
func coreOf(shape [3]int, m Mix) coreBox {
	half := -1
	if m.OneFibre > 0 {
		half = min(maxCoreHalf, min(shape[0], shape[1], shape[2])/8)
	}
	return coreBox{shape: shape, centre: centre(shape), half: half}
}

// holds says whether the voxel of this linear number is in the core.
func (c coreBox) holds(cell int) bool {
	x := cell % c.shape[0]
	y := cell / c.shape[0] % c.shape[1]
	z := cell / c.shape[0] / c.shape[1]
	return abs(x-c.centre[0]) <= c.half && abs(y-c.centre[1]) <= c.half && abs(z-c.centre[2]) <= c.half
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

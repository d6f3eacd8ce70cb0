package csd

import (
	"math"
	"math/bits"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
)

// groupSize is how many directions share one table of sums.
const groupSize = 4

// groupPatterns is how many sets there are of the directions of a group.
const groupPatterns = 1 << groupSize

// groupDirections orders the directions so that each four in a row are neighbours on the sphere. Neighbours mostly
// enter and leave the set of active directions together, and then one row of a table takes the place of four. Two
// directions are near if the product of their rows of B, cut to the smooth start coefficients, is large: it falls with
// the angle between them.
//
// A group begins with the direction that has the fewest near directions among those that are left, and takes the
// nearest three. So no single direction is left far from all others.
func groupDirections(d *Design) []int {
	n := d.directions()
	likeness := func(a, b int) float64 {
		sum := 0.0
		u, v := d.B[a*d.Coefficients:][:d.StartCoefficients], d.B[b*d.Coefficients:][:d.StartCoefficients]
		for i := range u {
			sum += float64(u[i] * v[i])
		}
		return sum
	}
	left := make([]int, n)
	company, toGroup := make([]float64, n), make([]float64, n)
	for a := range n {
		left[a] = a
		for b := range n {
			company[a] += likeness(a, b)
		}
	}
	order := make([]int, 0, n)
	take := func(k int) {
		chosen := left[k]
		order = append(order, chosen)
		left = append(left[:k], left[k+1:]...)
		for _, a := range left {
			l := likeness(a, chosen)
			company[a] -= l
			toGroup[a] += l
		}
	}
	for len(left) > 0 {
		clear(toGroup)
		take(best(left, func(a int) float64 { return -company[a] }))
		for range min(groupSize-1, len(left)) {
			take(best(left, func(a int) float64 { return toGroup[a] }))
		}
	}
	return order
}

// best returns the element with the highest score, the first one of several.
func best(list []int, score func(int) float64) int {
	place, highest := 0, score(list[0])
	for i, a := range list {
		if s := score(a); s > highest {
			place, highest = i, s
		}
	}
	return place
}

// layMoments makes the table of sums. For each group and each set of its directions, a number from 0 to 15, it has the
// sum of the directions' moments, padded with zeros. The sums are of rounded rows. In fixed point a set therefore has
// one sum, whatever rows it was made of.
func (t *tables[T, S]) layMoments(d *Design, order []int) {
	t.unit = momentUnit[S](d)
	groups := (len(order) + groupSize - 1) / groupSize
	t.table = lanes.Aligned[S](groups * groupPatterns * t.moments)
	t.nothing, t.complete = lanes.Aligned[S](t.moments), lanes.Aligned[S](t.moments)
	moments := d.Gram.Moments
	row := make([]S, t.moments)
	for i, direction := range order {
		for m := range moments {
			row[2*m] = fixed[S](d.Gram.Rows[direction*2*moments+m] / t.unit)
			row[2*m+1] = fixed[S](d.Gram.Rows[(direction*2+1)*moments+m] / t.unit)
		}
		addTo(t.complete, row)
		group, bit := i/groupSize, 1<<(i%groupSize)
		for pattern := range groupPatterns {
			if pattern&bit != 0 {
				addTo(t.table[(group*groupPatterns+pattern)*t.moments:][:t.moments], row)
			}
		}
	}
}

// momentUnit returns the number in the tables that stands for 1. In integers it is the largest with which no sum of
// directions overflows. In floating point it is 1.
func momentUnit[S int32 | float64](d *Design) float64 {
	if S(1)/2 != 0 {
		return 1
	}
	width, largest := 2*d.Gram.Moments, 0.0
	for m := range width {
		sum := 0.0
		for r := range d.directions() {
			sum += math.Abs(d.Gram.Rows[r*width+m])
		}
		largest = max(largest, sum)
	}
	return largest / (math.MaxInt32 - float64(d.directions()))
}

// fixed returns a number as S holds it: rounded to an integer, or unchanged.
func fixed[S int32 | float64](v float64) S {
	if S(1)/2 != 0 {
		return S(v)
	}
	return S(math.RoundToEven(v))
}

func addTo[S int32 | float64](sum, row []S) {
	for i, v := range row {
		sum[i] += v
	}
}

// groupBits has one bit, the lowest, for each group in a word of directions.
const groupBits = 0x1111111111111111

// groupsIn returns how many groups have members in a word of directions.
func groupsIn(word uint64) int {
	return bits.OnesCount64((word | word>>1 | word>>2 | word>>3) & groupBits)
}

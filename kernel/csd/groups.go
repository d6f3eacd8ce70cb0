package csd

import (
	"math"
	"math/bits"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
)

// groupSize is how many directions share a table of sums.
const groupSize = 4

// groupPatterns is how many sets a group has.
const groupPatterns = 1 << groupSize

// groupDirections orders directions so that each four that follow one another are neighbours on the
// sphere: they then mostly enter and leave the set of active directions together, and one row of a
// table takes the place of four. Neighbours are told by the products of their rows of B, cut to the
// smooth start coefficients: these fall with the angle between two directions.
//
// A group begins with the direction that has the least company among those that are left, so that no
// stragglers remain, and takes the nearest three.
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

// best is the place of the element with the highest score, the first of equals.
func best(list []int, score func(int) float64) int {
	place, highest := 0, score(list[0])
	for i, a := range list {
		if s := score(a); s > highest {
			place, highest = i, s
		}
	}
	return place
}

// layMoments makes the table of sums: for each group and each of its sets, as a number from 0 to 15, the sum
// of the directions' moments, padded with zeros. Sums are of rounded rows, so that in fixed
// point each set has one sum, whatever rows made it.
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

// momentUnit is what one stands for in the moments: the smallest that lets no sum of directions leave the
// range of integers. In floating point it is one.
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

// fixed is a number as S has it: rounded to an integer or unchanged.
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

// groupsIn is the number of groups that have members in a word of directions.
func groupsIn(word uint64) int {
	return bits.OnesCount64((word | word>>1 | word>>2 | word>>3) & groupBits)
}

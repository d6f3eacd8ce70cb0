package csd

import (
	"github.com/voxfit/voxfit/kernel/gram"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// tables is what an iteration reads, in one precision and in the layouts of ops.CSDIteration. Directions are in the
// order of groupDirections.
type tables[T float32 | float64, S int32 | float64] struct {
	steps        *ops.CSDIteration[T, S]
	coefficients int
	directions   int
	words        int             // of a set of directions
	amplitudes   lanes.Panels[T] // B

	harmonics int     // of a voxel's moments, those in use: the cosines and the sines
	moments   int     // numbers of a voxel's moments, padded to whole stripes
	unit      float64 // the number that stands for 1 in the moments: 1 in floating point
	table     []S     // sums of the moments of groups of directions
	none, all []uint64
	nothing   []S // the moments of an empty set
	complete  []S // the moments of all directions

	tiles   int // in each row and column of the normal matrix
	weights []T
	twins   []int32
	couples []int32
}

func newTables[T float32 | float64, S int32 | float64](d *Design, portable *ref.CSD, order []int, steps *ops.CSDIteration[T, S]) *tables[T, S] {
	n := d.Coefficients
	t := &tables[T, S]{
		steps: steps, coefficients: n, directions: len(order), words: (len(order) + 63) / 64,
		amplitudes: lanes.NewPanels[T](len(order), n, steps.Panel, func(r, c int) float64 { return d.B[order[r]*n+c] }),
		harmonics:  2 * d.Gram.Moments, moments: lanes.RoundUp(2*d.Gram.Moments, steps.Stripe),
		tiles: lanes.RoundUp(n, steps.Tile) / steps.Tile,
	}
	t.none, t.all = make([]uint64, t.words), make([]uint64, t.words)
	for r := range t.directions {
		t.all[r/64] |= 1 << (r % 64)
	}
	t.layMoments(d, order)
	t.layRecords(&d.Gram, portable.Normal())
	return t
}

// layRecords writes the map from moments to the normal matrix, with P, as the stream that ops.CSDIteration.Assemble
// reads.
func (t *tables[T, S]) layRecords(g *gram.Map, p []float64) {
	_, spare := t.triangle()
	r := gram.Records{Vector: t.vectors(1), Entry: t.entry, Spare: t.vectors(spare), Base: p, Unit: t.unit}
	r.Lay(g)
	t.twins, t.couples = r.Twins, r.Couples
	for _, w := range r.Weights {
		t.weights = append(t.weights, T(w))
	}
}

// vectors returns the size of n vectors in bytes.
func (t *tables[T, S]) vectors(n int) int32 { return int32(n * t.steps.Lanes * lanes.SizeOf[T]()) }

// entry returns the offset of an entry of the normal matrix, which is named by its place in a lower triangle that is
// packed by rows.
func (t *tables[T, S]) entry(packed int) int32 {
	row := 0
	for ref.Triangle(row+1) <= packed {
		row++
	}
	return t.vectors(t.place(row, packed-ref.Triangle(row)))
}

// place returns the number of an entry's vector in the triangle of tiles.
func (t *tables[T, S]) place(row, column int) int {
	edge := t.steps.Tile
	return (ref.Triangle(row/edge)+column/edge)*edge*edge + column%edge*edge + row%edge
}

// triangle returns how many vectors the normal matrix has, and the place of one more, for results that nobody needs.
func (t *tables[T, S]) triangle() (vectors, spare int) {
	vectors = ref.Triangle(t.tiles) * t.steps.Tile * t.steps.Tile
	return vectors + 1, vectors
}

// padded returns the number of unknowns, rounded up to whole tiles.
func (t *tables[T, S]) padded() int { return t.tiles * t.steps.Tile }

// set returns one lane's set of directions.
func (t *tables[T, S]) set(sets []uint64, lane int) []uint64 {
	return sets[lane*t.words:][:t.words]
}

// clearBeyond removes from the sets of all lanes the rows that fill up the last word.
func (t *tables[T, S]) clearBeyond(sets []uint64) {
	if tail := t.directions % 64; tail != 0 {
		for lane := range t.steps.Lanes {
			sets[(lane+1)*t.words-1] &= 1<<tail - 1
		}
	}
}

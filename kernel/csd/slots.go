package csd

import (
	"slices"
	"unsafe"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/gram"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
)

// slots holds the voxels that iterate, one in each lane, in one precision.
type slots[T float32 | float64, S int32 | float64] struct {
	*tables[T, S]
	voxels     []slotState
	active     []uint64 // the set of each slot
	below      []uint64 // the set that the iteration found
	sums       []S      // moments, slot after slot
	c          []T      // moments, in lanes
	q          []T      // the normal matrix, then its factor
	inverse    []T
	z, y       []T
	thresholds []T
	rowMasks   []byte
}

// slotState is the voxel in a lane.
type slotState struct {
	voxel      int // -1 for none
	iterations int
	settled    kernel.Code // the code that it gets if it settles
	record     *record     // with Mixed precision
}

func newSlots[T float32 | float64, S int32 | float64](t *tables[T, S]) slots[T, S] {
	width, padded := t.steps.Lanes, t.padded()
	entries, _ := t.triangle()
	numbers := func(vectors int) []T { return lanes.Aligned[T](vectors * width) }
	s := slots[T, S]{
		tables: t, voxels: make([]slotState, width),
		active: make([]uint64, width*t.words), below: make([]uint64, width*t.words),
		sums: lanes.Aligned[S](t.moments * width), c: numbers(t.moments), q: numbers(entries), inverse: numbers(padded),
		z: numbers(padded), y: numbers(padded + 1), thresholds: numbers(1),
		rowMasks: make([]byte, t.steps.RowBytes(t.amplitudes.Count, t.words)),
	}
	for i := range s.voxels {
		s.voxels[i].voxel = -1
	}
	for i := t.coefficients; i < padded; i++ {
		for lane := range width {
			s.q[t.place(i, i)*width+lane] = 1
		}
	}
	return s
}

// install puts a voxel into a slot: its first set, its right-hand side, whose numbers are stride apart, and its
// threshold, the last two multiplied by scale.
func (s *slots[T, S]) install(slot int, v slotState, z []float64, stride int, threshold, scale float64, first []uint64) {
	s.voxels[slot] = v
	lanes, column := s.steps.Lanes, s.z[slot:]
	for i := range s.coefficients {
		column[i*lanes] = T(z[i*stride] * scale)
	}
	s.thresholds[slot] = T(threshold * scale)
	copy(s.set(s.active, slot), first)
	s.sumMoments(slot)
}

// solveAll solves for the coefficients in all slots.
func (s *slots[T, S]) solveAll() {
	s.steps.Transpose(&s.c[0], &s.sums[0], max(s.harmonics, s.steps.Lanes), s.moments)
	s.assemble()
	s.solve(s.y, s.z)
}

// assemble computes the normal matrix from the moments.
func (s *slots[T, S]) assemble() {
	s.steps.Assemble(&s.q[0], &s.c[0], &s.weights[0],
		unsafe.SliceData(s.twins), len(s.twins)/gram.TwinFields, unsafe.SliceData(s.couples), len(s.couples)/gram.CoupleFields)
}

// solve finds the coefficients f for the right-hand side z.
func (s *slots[T, S]) solve(f, z []T) {
	s.steps.Factorise(&s.q[0], &s.inverse[0], &f[0], &z[0], s.tiles)
	s.steps.BackSolve(&f[0], &s.q[0], &s.inverse[0], s.tiles)
}

// judgement returns what BackSolve says about the coefficients in a slot.
func (s *slots[T, S]) judgement(slot int) T { return s.y[s.padded()*s.steps.Lanes+slot] }

// advance counts an iteration. settled says that the set has stayed the same, and again that another iteration is
// allowed.
func (s *slots[T, S]) advance(slot, limit int) (settled, again bool) {
	v := &s.voxels[slot]
	v.iterations++
	settled = slices.Equal(s.set(s.active, slot), s.set(s.below, slot))
	return settled, !settled && v.iterations < limit
}

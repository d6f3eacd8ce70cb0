package csd

import (
	"math"
	"slices"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// search iterates voxels in single precision, in slots of its own. Double precision, in the slots of the worker,
// decides where single precision cannot, and has the last word:
//
//   - An amplitude may be so near the threshold that its side is in doubt (guard says when). That iteration is then done
//     in double precision, and the voxel comes back with the set that was found. After mostDoubts such iterations it
//     stays in double precision. If the guard has no bound, the voxel begins again, and only double precision is used.
//   - A voxel that has settled is solved once more with its last set, in double precision. If this confirms the set, and
//     the coefficients within the guard's bound, it is done. Otherwise it, too, begins again.
//
// So each set on the way is the one that double precision would have found, and what is written was computed
// from moments that were summed in double precision. Nothing of it depends on other voxels.
type search struct {
	slots[float32, int32]
	kernels   *ops.CSDSingle
	guard     *guard
	nearest   []float32 // squares of the distances of amplitudes to the thresholds
	condition []float32 // what the guard needs
	unused    []*record // a stack, as are the next two
	waiting   []*record // those that wait for double precision
	returning []*record // those that come back from double precision
}

// mostDoubts is a compromise, because a voxel that goes back and forth needs two iterations in place of one.
const mostDoubts = 3

// record is a voxel that is being iterated, wherever it is.
type record struct {
	voxel     int
	settled   kernel.Code // the code that it gets if it settles
	threshold float64
	scale     float64 // by which right-hand side, threshold and coefficients are multiplied in single precision
	z         []float64
	first     []uint64 // the first set of directions

	active     []uint64 // the set with which it changes precision
	iterations int      // before it changed precision
	doubts     int
	found      bool      // single precision has found that it settled
	f          []float32 // the coefficients found
	tolerance  float64   // a bound of the square of the length of their error
}

func newSearch(l *laneFitter) *search {
	width := l.single.steps.Lanes
	s := &search{
		slots: newSlots(l.single), kernels: l.kernels.Single, guard: l.guard,
		nearest: lanes.Aligned[float32](width), condition: lanes.Aligned[float32](width),
	}
	// All slots may send their voxels to double precision at a moment when nearly all slots there are taken.
	n := width + l.double.steps.Lanes
	s.waiting, s.returning = make([]*record, 0, n), make([]*record, 0, n)
	for range n {
		s.unused = append(s.unused, &record{
			z: make([]float64, l.coefficients), f: make([]float32, l.coefficients),
			first: make([]uint64, l.double.words), active: make([]uint64, l.double.words),
		})
	}
	return s
}

func pop(stack *[]*record) *record {
	last := len(*stack) - 1
	r := (*stack)[last]
	*stack = (*stack)[:last]
	return r
}

func (b *block[T]) fitMixed() {
	s := b.search
	for {
		live := 0
		for slot := range s.voxels {
			if s.voxels[slot].voxel >= 0 || b.startSearch(slot) {
				live++
			}
		}
		if live == 0 && !b.decide(1) {
			return
		}
		if live > 0 {
			s.iterate()
			for slot := range s.voxels {
				if s.voxels[slot].voxel >= 0 {
					b.concludeSearch(slot)
				}
			}
			for b.decide(b.kernels.Lanes) {
			}
		}
	}
}

// startSearch gives a slot of single precision the next voxel, if there is one. Voxels that come back are taken first.
func (b *block[T]) startSearch(slot int) bool {
	s := b.search
	var r *record
	if len(s.returning) > 0 {
		r = pop(&s.returning)
	} else if lane, ok := b.next(); ok {
		r = pop(&s.unused)
		b.enter(r, lane)
	} else {
		return false
	}
	s.take(slot, r, r.scale)
	return true
}

// take puts a voxel into a slot in the state that it has, with its right-hand side and threshold multiplied by scale.
func (s *slots[T, S]) take(slot int, r *record, scale float64) {
	v := slotState{voxel: r.voxel, iterations: r.iterations, settled: r.settled, record: r}
	s.install(slot, v, r.z, 1, r.threshold, scale, r.active)
}

// enter fills the record of a voxel that is ready in a lane.
func (b *block[T]) enter(r *record, lane int) {
	w := b.laneWorker
	r.voxel, r.settled, r.threshold = w.first+lane, w.settledCode(lane), w.limits[lane]
	r.scale = unitScale(r.threshold)
	for i := range r.z {
		r.z[i] = w.arrived[i*w.kernels.Lanes+lane]
	}
	copy(r.first, w.double.set(w.firstSets, lane))
	r.found, r.doubts = false, 0
	r.leave(0, r.first)
}

// unitScale returns the factor that makes a threshold 1 or -1. Single precision can then hold the numbers of a signal
// in any unit.
func unitScale(threshold float64) float64 {
	scale := 1 / math.Abs(threshold)
	if math.IsInf(scale, 0) {
		return 1
	}
	return scale
}

// iterate takes all slots through one iteration in single precision.
func (s *search) iterate() {
	s.solveAll()
	s.kernels.Condition(&s.condition[0], &s.inverse[0], &s.guard.scales[0], s.coefficients)
	s.kernels.Below(&s.below[0], &s.nearest[0], &s.rowMasks[0], &s.amplitudes.Data[0], &s.y[0], &s.thresholds[0],
		s.amplitudes.Count, s.coefficients, 0, s.words)
	s.clearBeyond(s.below)
}

// concludeSearch looks at a slot after an iteration in single precision. The voxel goes on, or moves to double
// precision.
func (b *block[T]) concludeSearch(slot int) {
	s := b.search
	v := &s.voxels[slot]
	r := v.record
	bound := s.guard.bound(s.condition[slot])
	squares := float64(s.judgement(slot))
	band := bound * s.guard.length
	switch {
	case math.IsInf(band*band*squares, 0) || squares != squares:
		r.refit()
	case float64(s.nearest[slot]) > band*band*squares:
		settled, again := s.advance(slot, b.maxIterations)
		if again {
			s.exchange(slot)
			return
		}
		if settled {
			r.found, r.tolerance = true, bound*bound*squares
			for i := range r.f {
				r.f[i] = s.y[i*s.steps.Lanes+slot]
			}
		} else {
			v.iterations-- // double precision does the last one
		}
		r.leave(v.iterations, s.set(s.active, slot))
	default:
		r.doubts++
		r.leave(v.iterations, s.set(s.active, slot))
	}
	s.waiting = append(s.waiting, r)
	v.voxel = -1
}

// leave records the state in which a voxel leaves.
func (r *record) leave(iterations int, active []uint64) {
	r.iterations = iterations
	copy(r.active, active)
}

// refit makes a voxel begin again, with double precision only.
func (r *record) refit() {
	r.found, r.doubts = false, mostDoubts+1
	r.leave(0, r.first)
}

// decide does one iteration in double precision if at least this many voxels need it.
func (b *block[T]) decide(least int) bool {
	w, s := b.laneWorker, b.search
	live := 0
	for slot := range w.slots.voxels {
		v := &w.slots.voxels[slot]
		if v.voxel < 0 && len(s.waiting) > 0 {
			w.slots.take(slot, pop(&s.waiting), 1)
		}
		if v.voxel >= 0 {
			live++
		}
	}
	if live < least {
		return false
	}
	w.iterate()
	for slot := range w.slots.voxels {
		if v := &w.slots.voxels[slot]; v.voxel >= 0 && b.conclude(slot) {
			if v.record != nil { // it stays in double precision
				s.unused = append(s.unused, v.record)
			}
			v.voxel = -1
		}
	}
	return true
}

// takeBack lets a voxel return to single precision with a new set, after an iteration in double precision. It returns
// false if the voxel must stay.
func (s *search) takeBack(v *slotState, set []uint64) bool {
	r := v.record
	if r.doubts > mostDoubts {
		return false
	}
	r.leave(v.iterations, set)
	s.returning = append(s.returning, r)
	v.record = nil
	return true
}

// confirm does what conclude does, for a voxel that has settled in single precision.
func (b *block[T]) confirm(slot int) bool {
	s := &b.slots
	v := s.voxels[slot]
	r := v.record
	if slices.Equal(s.set(s.active, slot), s.set(s.below, slot)) && b.agree(r, slot) {
		b.write(v.voxel, s.y, slot, kernel.Status{Code: v.settled, Iterations: uint16(v.iterations)})
		return true
	}
	r.refit()
	s.take(slot, r, 1)
	return false
}

// agree says whether the coefficients in a slot of double precision are those of single precision, within the bound of
// their errors.
func (b *block[T]) agree(r *record, slot int) bool {
	difference := 0.0
	for i, f := range r.f {
		d := b.slots.y[i*b.kernels.Lanes+slot]*r.scale - float64(f)
		difference = math.FMA(d, d, difference)
	}
	return difference <= r.tolerance
}

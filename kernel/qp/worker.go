package qp

import (
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/checks"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// laneWorker fits voxels in three stages, each with one voxel in every lane. unconstrained solves for the next voxels
// without constraints. slots iterate until they know the set of constraints that hold with equality; a voxel whose set
// is known leaves at once and makes room for the next. exact solves for these sets and checks the solutions, once it
// has as many voxels as lanes. The portable code fits what fails, and what no lane can hold.
type laneWorker struct {
	*laneFitter
	scratch *ref.QPScratch

	stagedFloat32 []float32 // for signals that must be copied: fewer than lanes, or shorter than a vector
	stagedFloat64 []float64
	unconstrained unconstrained
	slots         slots
	exact         exact
}

func (l *laneFitter) NewWorker() kernel.Worker {
	lanes := l.csd.Lanes
	return &laneWorker{
		laneFitter: l, scratch: l.ref.NewScratch(),
		stagedFloat32: make([]float32, lanes*l.stride()), stagedFloat64: make([]float64, lanes*l.stride()),
		unconstrained: newUnconstrained(l), slots: newSlots(l), exact: newExact(l),
	}
}

// stride is the length of a staged signal: as long as a signal, but never shorter than a vector.
func (l *laneFitter) stride() int { return max(l.measurements, l.csd.Lanes) }

func (w *laneWorker) Fit(params []float64, status []kernel.Status, signal []float32) {
	fitLanes(block[float32]{w, params, status, signal, w.stagedFloat32, w.csd.PackFloat32})
}

func (w *laneWorker) Fit64(params []float64, status []kernel.Status, signal []float64) {
	fitLanes(block[float64]{w, params, status, signal, w.stagedFloat64, w.csd.PackFloat64})
}

// block is a block of voxels to fit: the arguments of Fit.
type block[T float32 | float64] struct {
	*laneWorker
	params []float64
	status []kernel.Status
	voxels []T // the signals
	staged []T
	pack   func(dst *float64, rows *T, columns, stride int)
}

func fitLanes[T float32 | float64](b block[T]) {
	checks.Lengths("QP", b.laneWorker, len(b.params), len(b.status), len(b.voxels))
	b.unconstrained.first, b.unconstrained.ready, b.unconstrained.taken = 0, 0, 0
	live := 0
	for slot := range b.slots.voxels {
		if b.refill(slot) {
			live++
		}
	}
	for live > 0 {
		b.slots.iterate()
		for slot := range b.slots.voxels {
			if b.slots.voxels[slot].number >= 0 && b.conclude(slot) && !b.refill(slot) {
				live--
			}
		}
	}
	b.finish()
}

// refill gives a slot the next voxel that needs iterations. It returns false where none is left.
func (b *block[T]) refill(slot int) bool {
	a := &b.unconstrained
	for {
		if a.taken == a.ready {
			if a.first+a.ready == len(b.status) {
				b.slots.idle(slot)
				return false
			}
			b.prepare()
		}
		lane := a.taken
		a.taken++
		v := a.voxelIn(lane)
		switch {
		case !a.ordinary(lane):
			b.fitPortably(v)
		case a.free(lane):
			a.load(a.row, lane)
			b.finalise(v, a.row, nil)
		default:
			a.load(b.slots.row(slot), lane)
			b.slots.install(slot, v)
			return true
		}
	}
}

// prepare solves for the next voxels without constraints.
func (b *block[T]) prepare() {
	a, m, lanes, stride := &b.unconstrained, b.measurements, b.csd.Lanes, b.stride()
	a.first += a.ready
	a.ready, a.taken = min(lanes, len(b.status)-a.first), 0
	rows := b.voxels[a.first*m:]
	if a.ready < lanes || m < stride {
		for lane := range a.ready {
			copy(b.staged[lane*stride:], rows[lane*m:][:m])
		}
		rows = b.staged
	}
	for lane := range a.ready {
		a.energies[lane] = energy(b.voxels[(a.first+lane)*m:][:m], b.places)
	}
	b.pack(&a.signal[0], &rows[0], stride, stride)
	a.solveFreely()
}

// conclude looks at a slot after an iteration, and returns true where its voxel leaves it.
func (b *block[T]) conclude(slot int) bool {
	s := &b.slots
	switch s.verdict(slot) {
	case goesOn:
		return false
	case settled:
		b.finalise(s.voxels[slot], s.row(slot), s.held(slot))
	case failed:
		b.fitPortably(s.voxels[slot])
	}
	return true
}

// finalise gives a voxel a lane of exact. When all lanes are taken, it solves for them.
func (b *block[T]) finalise(v voxel, row, held []float64) {
	b.exact.add(v, row, held)
	if b.exact.count == b.csd.Lanes {
		b.finish()
	}
}

// finish solves for the sets in the lanes of exact, and writes the results.
func (b *block[T]) finish() {
	f := &b.exact
	size := b.Parameters()
	for round := 1; f.left > 0; round++ {
		f.solve()
		for lane := range f.count {
			if f.done[lane] {
				continue
			}
			v := f.voxels[lane]
			v.iterations += round
			switch {
			case f.sound(lane):
				f.write(b.params[v.number*size:][:size], lane)
				b.status[v.number] = kernel.Status{Code: v.code, Iterations: uint16(v.iterations)}
			case round < exactRounds:
				continue
			default:
				b.fitPortably(v)
			}
			f.done[lane] = true
			f.left--
		}
	}
	f.count = 0
}

// fitPortably fits a voxel with the portable code.
func (b *block[T]) fitPortably(v voxel) {
	size := b.Parameters()
	s := fitVoxel(b.scratch, b.params[v.number*size:][:size], b.voxels[v.number*b.measurements:][:b.measurements])
	if v.iterations > 0 && (s.Code == kernel.OK || s.Code == kernel.NegativeSignal) {
		s.Code = kernel.Refit
	}
	b.status[v.number] = s
}

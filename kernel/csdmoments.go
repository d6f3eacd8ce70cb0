package kernel

import (
	"math/bits"
	"unsafe"
)

// sumMoments makes the moments of a set, from nothing or by taking the other directions off the
// complete sum, whichever touches fewer groups.
func (w *csdLaneWorker) sumMoments(slot int, active []uint64) {
	w.list = w.list[:0]
	touched, untouched := 0, 0
	for i, word := range active {
		touched += bits.OnesCount64(occupied(word))
		untouched += bits.OnesCount64(occupied(w.others(word, i)))
	}
	sums := w.slotSums(slot)
	if touched <= untouched {
		for i, word := range active {
			w.list = appendGroupRows(w.list, word, i, w.moments*8)
		}
		clear(sums)
		w.accumulate(sums, sums, touched, 0)
		return
	}
	for i, word := range active {
		w.list = appendGroupRows(w.list, w.others(word, i), i, w.moments*8)
	}
	w.accumulate(sums, w.complete, 0, untouched)
}

// others are the directions that are not in a set's word of the given index.
func (l *csdLanes) others(word uint64, index int) uint64 {
	word = ^word
	if left := l.directions - 64*index; left < 64 {
		word &= 1<<left - 1
	}
	return word
}

func (w *csdLaneWorker) slotSums(slot int) []float64 { return w.sums[slot*w.moments:][:w.moments] }

// accumulate writes from with the first rows in the list added and the others removed.
func (w *csdLaneWorker) accumulate(sums, from []float64, added, removed int) {
	w.steps.Accumulate(&sums[0], &from[0], &w.table[0], unsafe.SliceData(w.list), added, removed, w.moments/w.steps.Stripe)
}

// exchange makes a new set the active one of a slot and updates the moments by what changed.
func (w *csdLaneWorker) exchange(slot int, active, below []uint64) {
	w.list = w.list[:0]
	for i, word := range below {
		w.list = appendGroupRows(w.list, word&^active[i], i, w.moments*8)
	}
	added := len(w.list)
	for i, word := range active {
		w.list = appendGroupRows(w.list, word&^below[i], i, w.moments*8)
	}
	sums := w.slotSums(slot)
	w.accumulate(sums, sums, added, len(w.list)-added)
	copy(active, below)
}

package kernel

import (
	"math/bits"
	"unsafe"
)

// sumMoments makes the moments of a set, from nothing or by taking the other directions off the
// complete sum, whichever touches fewer groups.
func (s *csdSlots[T, S]) sumMoments(slot int, active []uint64) {
	s.list = s.list[:0]
	touched, untouched := 0, 0
	for i, word := range active {
		touched += bits.OnesCount64(occupied(word))
		untouched += bits.OnesCount64(occupied(s.others(word, i)))
	}
	sums := s.slotSums(slot)
	if touched <= untouched {
		for i, word := range active {
			s.list = appendGroupRows(s.list, word, i, s.moments*sizeOf[T]())
		}
		clear(sums)
		s.accumulate(sums, sums, touched, 0)
		return
	}
	for i, word := range active {
		s.list = appendGroupRows(s.list, s.others(word, i), i, s.moments*sizeOf[T]())
	}
	s.accumulate(sums, s.complete, 0, untouched)
}

// others are the directions that are not in a set's word of the given index.
func (s *csdSlots[T, S]) others(word uint64, index int) uint64 {
	word = ^word
	if left := s.directions - 64*index; left < 64 {
		word &= 1<<left - 1
	}
	return word
}

func (s *csdSlots[T, S]) slotSums(slot int) []S { return s.sums[slot*s.moments:][:s.moments] }

// accumulate writes from with the first rows in the list added and the others removed.
func (s *csdSlots[T, S]) accumulate(sums, from []S, added, removed int) {
	s.steps.Accumulate(&sums[0], &from[0], &s.table[0], unsafe.SliceData(s.list), added, removed, s.moments/s.steps.Stripe)
}

// exchange makes the set after the iteration the active one of a slot and updates the moments by what changed.
func (s *csdSlots[T, S]) exchange(slot int) {
	active, below := s.set(s.active, slot), s.set(s.below, slot)
	s.list = s.list[:0]
	for i, word := range below {
		s.list = appendGroupRows(s.list, word&^active[i], i, s.moments*sizeOf[T]())
	}
	added := len(s.list)
	for i, word := range active {
		s.list = appendGroupRows(s.list, word&^below[i], i, s.moments*sizeOf[T]())
	}
	sums := s.slotSums(slot)
	s.accumulate(sums, sums, added, len(s.list)-added)
	copy(active, below)
}

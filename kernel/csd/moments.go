package csd

// sumMoments computes the moments of a slot's set: from zero, or from the sum over all directions by subtracting the
// others. It takes the way that touches fewer groups.
func (s *slots[T, S]) sumMoments(slot int) {
	touched, untouched := 0, 0
	active := s.set(s.active, slot)
	for i, word := range active {
		touched += groupsIn(word)
		untouched += groupsIn(s.all[i] &^ word)
	}
	if touched <= untouched {
		s.accumulate(s.slotSums(slot), s.nothing, s.none, active)
	} else {
		s.accumulate(s.slotSums(slot), s.complete, s.all, active)
	}
}

func (s *slots[T, S]) slotSums(slot int) []S { return s.sums[slot*s.moments:][:s.moments] }

// accumulate computes the moments of the set after from those of the set before.
func (s *slots[T, S]) accumulate(sums, from []S, before, after []uint64) {
	s.steps.Accumulate(&sums[0], &from[0], &s.table[0], &before[0], &after[0], s.words, s.moments/s.steps.Stripe)
}

// exchange makes the set that the iteration found the active one of its slot, and updates the moments by the changes.
func (s *slots[T, S]) exchange(slot int) {
	active, below, sums := s.set(s.active, slot), s.set(s.below, slot), s.slotSums(slot)
	s.accumulate(sums, sums, active, below)
	copy(active, below)
}

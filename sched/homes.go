package sched

// A Home is the voxels whose signal and results should lie in the memory of one node. They are the shares of the node's
// workers, which are neighbours.
type Home struct {
	Node  int // numa.Node.ID
	Range Range
}

// Homes says where the plan wants its memory: a part of the voxels for each node that has workers. The parts are in
// ascending order and hold all voxels. A plan whose workers are not pinned has one home, of node -1, which stands for
// any node.
func (p Plan) Homes() ([]Home, error) {
	s, err := p.resolve()
	if err != nil {
		return nil, err
	}
	if s.Policy == Dynamic {
		s.Policy = Static // nothing is dealt out, but the memory has to lie somewhere
	}
	return s.homes(s.queues()), nil
}

// homes joins the shares of each node's workers.
func (s *schedule) homes(q *Queues) []Home {
	var homes []Home
	for _, worker := range q.order() {
		first, end := q.Dealt(worker)
		if first == end {
			continue
		}
		r := Range{s.division.At(first).Begin, s.division.At(end - 1).End}
		node := s.seats[worker].Node
		if last := len(homes) - 1; last >= 0 && homes[last].Node == node {
			homes[last].Range.End = r.End
		} else {
			homes = append(homes, Home{node, r})
		}
	}
	return homes
}

// overlap is the number of voxels that two ranges share.
func overlap(a, b Range) int { return max(0, min(a.End, b.End)-max(a.Begin, b.Begin)) }

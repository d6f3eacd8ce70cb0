package sched

import (
	"fmt"
	"sync"

	"github.com/voxfit/voxfit/numa"
)

// A Pinning says how firmly workers are tied to their places.
type Pinning int

const (
	// PinNone leaves workers to the kernel, within Plan.CPUs where these are set.
	PinNone Pinning = iota
	// PinCore ties each worker to one CPU.
	PinCore
	// PinNode ties each worker to the CPUs of its place's NUMA node, of those the plan may use.
	PinNode
)

var pinningNames = []string{PinNone: "none", PinCore: "core", PinNode: "node"}

// String is the name that ParsePinning reads.
func (p Pinning) String() string { return pinningNames[p] }

// ParsePinning reads "none", "core" or "node".
func ParsePinning(name string) (Pinning, error) {
	for p, known := range pinningNames {
		if name == known {
			return Pinning(p), nil
		}
	}
	return 0, fmt.Errorf("sched: found pinning %q, expected none, core or node", name)
}

// thisMachine is read once: it takes some hundred files.
var thisMachine = sync.OnceValue(func() *numa.Machine { m := numa.Describe(); return &m })

// anywhere is the node of a worker that is not pinned.
const anywhere = -1

// sit fills in where each worker sits and which CPUs its thread may use.
func (s *schedule) sit() {
	s.seats = make([]Seat, s.Workers)
	s.places = make([][]int, s.Workers)
	if s.Pin == PinNone {
		for i := range s.seats {
			s.seats[i] = Seat{Core: i, Node: anywhere}
			s.places[i] = s.CPUs
		}
		return
	}
	if s.Machine == nil {
		s.Machine = thisMachine()
	}
	for i := range s.seats {
		at := i % len(s.CPUs)
		cpu, known := s.Machine.CPU(s.CPUs[at])
		if !known { // Confine says what is wrong with it
			s.seats[i], s.places[i] = Seat{Core: i, Node: anywhere}, s.CPUs[at:at+1]
			continue
		}
		s.seats[i] = Seat{Core: cpu.Core, Complex: cpu.Complex, Node: cpu.Node}
		s.places[i] = s.CPUs[at : at+1]
		if s.Pin == PinNode {
			s.seats[i].Core, s.seats[i].Complex = i, 0 // it may sit in any complex of the node
			s.places[i] = s.cpusOf(cpu.Node)
		}
	}
}

// cpusOf is the CPUs of a node that the plan may use.
func (s *schedule) cpusOf(node int) []int {
	var cpus []int
	for _, id := range s.CPUs {
		if c, known := s.Machine.CPU(id); known && c.Node == node {
			cpus = append(cpus, id)
		}
	}
	return cpus
}

// queues deals out the chunks.
func (s *schedule) queues() *Queues {
	var distance func(from, to int) int
	if s.Machine != nil {
		distance = s.Machine.Distance
	}
	return NewQueues(s.division.Count(), s.Policy, s.seats, distance)
}

// singleNode says whether all memory is local to all workers, pinned or not.
func (s *schedule) singleNode() bool {
	if s.Machine == nil {
		s.Machine = thisMachine()
	}
	return len(s.Machine.Nodes) == 1
}

package sched

import "fmt"

// A Policy is the rule by which chunks find their workers.
type Policy int

const (
	// NUMA deals the chunks out beforehand: each worker gets an equal share of neighbours, so that each node has one
	// part of the voxels and its memory can hold that part. A worker whose share is used up takes from others, the
	// nearest first.
	NUMA Policy = iota
	// Dynamic has one queue for all: the next chunk goes to whoever asks first.
	Dynamic
	// Static deals out as NUMA does, and no worker takes chunks from others.
	Static
)

var policyNames = []string{NUMA: "numa", Dynamic: "dynamic", Static: "static"}

// String is the name that ParsePolicy reads.
func (p Policy) String() string { return policyNames[p] }

// ParsePolicy reads "numa", "dynamic" or "static".
func ParsePolicy(name string) (Policy, error) {
	for p, known := range policyNames {
		if name == known {
			return Policy(p), nil
		}
	}
	return 0, fmt.Errorf("sched: found schedule %q, expected numa, dynamic or static", name)
}

package numa

import (
	"cmp"
	"slices"
)

// A Machine is the hardware as the operating system shows it, whether or not this process may use
// all of it (see Allowed and CPULimit for that). All lists are ascending by ID.
type Machine struct {
	OS, Arch  string    // as Go names them: "linux", "amd64"
	Processor Processor // of the first CPU
	Packages  []Package
	Nodes     []Node
	Cores     []Core
	CPUs      []CPU
	Complexes []Complex
	Caches    []Cache  // by level, then kind, then first CPU
	Memory    int64    // total, in bytes; 0 where unknown
	Features  []string // instruction-set features, named as klauspost/cpuid names them
}

// A Processor says what the CPUs are. On arm64, Family is the implementer's and Model the part's
// number (MIDR_EL1), Stepping the revision.
type Processor struct {
	Name                    string // "AMD EPYC 9354 32-Core Processor"; empty where unknown
	Vendor                  string // "AuthenticAMD", "GenuineIntel", "ARM"
	Family, Model, Stepping int
}

// A Package is one physical chip in one socket.
type Package struct {
	ID   int
	CPUs []int
}

// A Node is a NUMA node: CPUs and the memory nearest to them. A machine without NUMA is one node.
// A node may have memory and no CPUs, or CPUs and no memory.
type Node struct {
	ID     int
	CPUs   []int
	Memory int64 // bytes in all
	Free   int64 // bytes of them that nothing uses, not even the system's cache of files; 0 where unknown
	// Distances is how long its CPUs take to reach the memory of each node (in the order of
	// Machine.Nodes), as the firmware states it: 10 is its own memory, 21 is 2.1 times as long. Nil
	// where the system does not say.
	Distances []int
}

// A Core is one physical core. The CPUs in it are its hardware threads (SMT siblings) and share its
// arithmetic units.
type Core struct {
	Package int // Package.ID
	Node    int // Node.ID
	CPUs    []int
	// Kind is Efficiency for the slower cores of a processor with two kinds, else Performance.
	Kind Kind
}

// A Kind is the kind of a core on a hybrid processor. On other processors every core is of kind Performance.
type Kind string

// The kinds of cores.
const (
	Performance Kind = "performance"
	Efficiency  Kind = "efficiency"
)

// A Complex is the cores around one last-level cache, as far as they are in one node (some
// processors split a package with one cache into several nodes). Where caches are not known, it is
// a node's part of a package.
type Complex struct {
	Package int // Package.ID
	Node    int // Node.ID
	CPUs    []int
}

// A CPU is what the kernel schedules on: a hardware thread.
type CPU struct {
	ID      int
	Package int // Package.ID
	Node    int // Node.ID
	Core    int // index in Machine.Cores
	Complex int // index in Machine.Complexes
}

// A Cache is one cache, with the CPUs that share it.
type Cache struct {
	Level int
	Kind  string // "Data", "Instruction" or "Unified"
	Size  int64  // bytes
	Line  int    // bytes in a line; 0 where unknown
	CPUs  []int
}

// Node returns the node that a CPU is in, and false when the machine has no such CPU.
func (m Machine) Node(cpu int) (Node, bool) {
	for _, c := range m.CPUs {
		if c.ID != cpu {
			continue
		}
		for _, n := range m.Nodes {
			if n.ID == c.Node {
				return n, true
			}
		}
	}
	return Node{}, false
}

// Distance is how long CPUs of one node take to reach memory of another. 10 is the time that they take for memory of
// their own node. Where the system does not say, it is 10 within a node and 20 between two.
func (m Machine) Distance(from, to int) int {
	for _, n := range m.Nodes {
		if n.ID != from {
			continue
		}
		for i, other := range m.Nodes {
			if other.ID == to && i < len(n.Distances) {
				return n.Distances[i]
			}
		}
	}
	if from == to {
		return 10
	}
	return 20
}

// CPU returns the entry of a CPU, and false when the machine has no such CPU.
func (m Machine) CPU(id int) (CPU, bool) {
	i, found := slices.BinarySearchFunc(m.CPUs, id, func(c CPU, id int) int { return cmp.Compare(c.ID, id) })
	if !found {
		return CPU{}, false
	}
	return m.CPUs[i], true
}

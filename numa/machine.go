package numa

// A Machine is the hardware as the operating system shows it, whether or not this process may use
// all of it (see Allowed and CPULimit for that). All lists are ascending by ID.
type Machine struct {
	OS, Arch  string    // as Go names them: "linux", "amd64"
	Processor Processor // of the first CPU
	Packages  []Package
	Nodes     []Node
	Cores     []Core
	CPUs      []CPU
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
	Memory int64 // bytes
}

// A Core is one physical core. The CPUs in it are its hardware threads (SMT siblings) and share its
// arithmetic units.
type Core struct {
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

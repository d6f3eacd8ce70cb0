package numa

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// A server describes the sysfs of a machine with many CPUs by rules, because it has hundreds of files. The facts are
// what lscpu, numactl -H and lstopo show on the named machines.
type server struct {
	cpus      int
	pkg       func(cpu int) int
	siblings  func(cpu int) string
	llc       func(cpu int) string // CPUs around the last-level cache
	llcSize   string
	nodes     []string // CPU lists
	distances []string
	more      string // further files, as lines of tree
}

func (s server) tree() fs.FS {
	var b strings.Builder
	file := func(name, text string) { fmt.Fprintf(&b, "sys/devices/system/%s:%s\n", name, text) }
	file("cpu/online", fmt.Sprintf("0-%d", s.cpus-1))
	for cpu := range s.cpus {
		dir := fmt.Sprintf("cpu/cpu%d/", cpu)
		file(dir+"topology/physical_package_id", fmt.Sprint(s.pkg(cpu)))
		file(dir+"topology/thread_siblings_list", s.siblings(cpu))
		file(dir+"cache/index0/level", "2")
		file(dir+"cache/index0/type", "Unified")
		file(dir+"cache/index0/size", "1024K")
		file(dir+"cache/index0/shared_cpu_list", s.siblings(cpu))
		if s.llc != nil {
			file(dir+"cache/index1/level", "3")
			file(dir+"cache/index1/type", "Unified")
			file(dir+"cache/index1/size", s.llcSize)
			file(dir+"cache/index1/shared_cpu_list", s.llc(cpu))
		}
	}
	file("node/online", fmt.Sprintf("0-%d", len(s.nodes)-1))
	for i, cpus := range s.nodes {
		file(fmt.Sprintf("node/node%d/cpulist", i), cpus)
		file(fmt.Sprintf("node/node%d/distance", i), s.distances[i])
		file(fmt.Sprintf("node/node%d/meminfo", i), fmt.Sprintf("Node %d MemTotal: 1048576 kB", i))
	}
	b.WriteString(s.more)
	return tree(b.String())
}

func alone(cpu int) string { return fmt.Sprint(cpu) }

// c5 is AWS's c5.18xlarge, a machine of the published study: two Xeon Platinum 8124M of 18 cores
// with two threads (lscpu: node 0 has CPUs 0-17,36-53; numactl -H: distances 10 and 21).
var c5 = server{
	cpus:     72,
	pkg:      func(cpu int) int { return cpu % 36 / 18 },
	siblings: func(cpu int) string { return fmt.Sprintf("%d,%d", cpu%36, cpu%36+36) },
	llc:      func(cpu int) string { return []string{"0-17,36-53", "18-35,54-71"}[cpu%36/18] },
	llcSize:  "25344K", nodes: []string{"0-17,36-53", "18-35,54-71"}, distances: []string{"10 21", "21 10"},
}

// rome is one socket of an EPYC 7742 with four nodes a socket (NPS4) and SMT off: 64 cores, of which
// four share 16 MB of L3 (AMD, "NUMA Topology for EPYC Naples/Rome", 56338; distance 12 within a socket).
var rome = server{
	cpus: 64, pkg: func(int) int { return 0 }, siblings: alone,
	llc: func(cpu int) string { return fmt.Sprintf("%d-%d", cpu/4*4, cpu/4*4+3) }, llcSize: "16384K",
	nodes:     []string{"0-15", "16-31", "32-47", "48-63"},
	distances: []string{"10 12 12 12", "12 10 12 12", "12 12 10 12", "12 12 12 10"},
}

// snc is one socket of a Xeon Gold 6148 with sub-NUMA clustering: two nodes under one L3, which sysfs
// shows as shared by all twenty cores, their CPUs mixed (numactl -H: distance 11).
var snc = server{
	cpus: 20, pkg: func(int) int { return 0 }, siblings: alone,
	llc: func(int) string { return "0-19" }, llcSize: "28160K",
	nodes: []string{"0-2,5-6,10-12,15-16", "3-4,7-9,13-14,17-19"}, distances: []string{"10 11", "11 10"},
}

// graviton is AWS's c7g.16xlarge: 64 Neoverse V1 cores without SMT, one node, and a package number
// that is not given (arm64 virtual machines show -1 or 0).
var graviton = server{
	cpus: 64, pkg: func(int) int { return -1 }, siblings: alone,
	llc: func(int) string { return "0-63" }, llcSize: "32768K",
	nodes: []string{"0-63"}, distances: []string{"10"},
}

// altra is a virtual machine of 16 Neoverse N1 cores whose host shows it no cache beyond a core's own.
var altra = server{
	cpus: 16, pkg: func(int) int { return -1 }, siblings: alone,
	nodes: []string{"0-15"}, distances: []string{"10"},
}

// laptop is a Core i7-1260P (Intel ARK): four performance cores with two threads each, eight efficiency
// cores, one L3 of 18 MB. The kernel names the kinds as its tools/perf/Documentation/intel-hybrid.txt says.
var laptop = server{
	cpus: 16, pkg: func(int) int { return 0 },
	siblings: func(cpu int) string {
		if cpu < 8 {
			return fmt.Sprintf("%d-%d", cpu/2*2, cpu/2*2+1)
		}
		return alone(cpu)
	},
	llc: func(int) string { return "0-15" }, llcSize: "18432K", nodes: []string{"0-15"}, distances: []string{"10"},
	more: "sys/devices/cpu_core/cpus:0-7\nsys/devices/cpu_atom/cpus:8-15\n",
}

func TestMachinesAreReadFromTheirTrees(t *testing.T) {
	for name, test := range map[string]struct {
		server                                  server
		packages, nodes, complexes, cores, slow int
	}{
		"c5.18xlarge":     {c5, 2, 2, 2, 36, 0},
		"EPYC 7742, NPS4": {rome, 1, 4, 16, 64, 0},
		"Xeon 6148, SNC":  {snc, 1, 2, 2, 20, 0},
		"c7g.16xlarge":    {graviton, 1, 1, 1, 64, 0},
		"Neoverse N1, VM": {altra, 1, 1, 1, 16, 0},
		"i7-1260P":        {laptop, 1, 1, 1, 12, 8},
	} {
		m := readMachine(test.server.tree())
		slow := 0
		for _, c := range m.Cores {
			if c.Kind == Efficiency {
				slow++
			}
		}
		if len(m.Packages) != test.packages || len(m.Nodes) != test.nodes || len(m.Complexes) != test.complexes ||
			len(m.Cores) != test.cores || slow != test.slow {
			t.Errorf("%s: %d packages, %d nodes, %d complexes, %d cores, %d of them slow; want %+v",
				name, len(m.Packages), len(m.Nodes), len(m.Complexes), len(m.Cores), slow, test)
		}
		for i, c := range m.Complexes {
			for _, cpu := range c.CPUs {
				if at, _ := m.CPU(cpu); at.Complex != i || at.Node != c.Node {
					t.Errorf("%s: CPU %d is in complex %d of node %d, which lists it not", name, cpu, at.Complex, at.Node)
				}
			}
		}
	}
}

func TestDistancesAreThoseOfTheFirmware(t *testing.T) {
	m := readMachine(c5.tree())
	if m.Distance(0, 1) != 21 || m.Distance(1, 1) != 10 {
		t.Errorf("distances %d and %d, want 21 and 10", m.Distance(0, 1), m.Distance(1, 1))
	}
	for _, broken := range []string{"", "10", "10 21 31", "10 far", "10 0"} {
		s := c5
		s.distances = []string{broken, broken}
		if m := readMachine(s.tree()); m.Distance(0, 1) != 20 || m.Distance(0, 0) != 10 {
			t.Errorf("distance table %q: found %d and %d, want 20 and 10 for an unknown table", broken, m.Distance(0, 1), m.Distance(0, 0))
		}
	}
}

// Cores with a cpu_capacity below the greatest are the slow ones: the kernel's
// Documentation/devicetree/bindings/cpu/cpu-capacity.txt; 446 is a Cortex-A55 beside an A76.
func TestSlowArmCoresAreKnownByTheirCapacity(t *testing.T) {
	s := graviton
	for cpu := range 64 {
		capacity := 1024
		if cpu < 4 {
			capacity = 446
		}
		s.more += fmt.Sprintf("sys/devices/system/cpu/cpu%d/cpu_capacity:%d\n", cpu, capacity)
	}
	for i, c := range readMachine(s.tree()).Cores {
		if want := map[bool]Kind{true: Efficiency, false: Performance}[i < 4]; c.Kind != want {
			t.Errorf("core %d is of kind %s, want %s", i, c.Kind, want)
		}
	}
}

// upTo returns the CPUs from 0 to the last.
func upTo(last int) []int {
	var cpus []int
	for cpu := range last + 1 {
		cpus = append(cpus, cpu)
	}
	return cpus
}

func TestPlacesAreCoresFirstInTheOrderAskedFor(t *testing.T) {
	for name, test := range map[string]struct {
		server  server
		spec    string
		allowed []int
		smt     bool
		want    []int // the beginning
		count   int
	}{
		"a socket, then the other, then second threads": {c5, "close", upTo(71), true, upTo(71), 72},
		"sockets in turn":                         {c5, "spread", upTo(71), true, []int{0, 18, 1, 19, 2, 20}, 72},
		"one thread a core":                       {c5, "spread", upTo(71), false, []int{0, 18, 1, 19}, 36},
		"nodes in turn, then complexes in turn":   {rome, "spread", upTo(63), true, []int{0, 16, 32, 48, 4, 20, 36, 52, 8, 24, 40, 56, 12, 28, 44, 60, 1, 17}, 64},
		"fast cores, then slow, then threads":     {laptop, "close", upTo(15), true, []int{0, 2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 1, 3, 5, 7}, 16},
		"a container's cpuset":                    {c5, "close", []int{20, 21, 37, 56}, true, []int{37, 20, 21, 56}, 4},
		"a container with second threads alone":   {c5, "close", []int{36, 37}, false, []int{36, 37}, 2},
		"the list given":                          {c5, "40,3-5,0", upTo(71), true, []int{40, 3, 4, 5, 0}, 5},
		"the list given, one thread of each core": {c5, "40,3-5,0", upTo(71), false, []int{40, 3, 5, 0}, 4},
	} {
		m := readMachine(test.server.tree())
		got, err := m.Places(test.spec, test.allowed, test.smt)
		if err != nil || len(got) != test.count || !slices.Equal(got[:min(len(got), len(test.want))], test.want) {
			t.Errorf("%s: places %v (%v), want %d that begin %v", name, got, err, test.count, test.want)
		}
	}
	m := readMachine(c5.tree())
	for _, wrong := range []string{"", "near", "0,,1", "0,0", "0-3,72"} {
		if got, err := m.Places(wrong, upTo(71), true); err == nil {
			t.Errorf("places %q are %v, want an error", wrong, got)
		}
	}
	if n := m.CoresOf([]int{0, 36, 1}); n != 2 {
		t.Errorf("CPUs 0, 36 and 1 are %d cores, want 2", n)
	}
}

func TestDescriptionShowsNodesDistancesAndComplexes(t *testing.T) {
	for _, test := range []struct {
		server server
		lines  []string
	}{
		{c5, []string{"distances  from node 0: 10 21", "           from node 1: 21 10", "complex 1  CPUs 18-35,54-71 (node 1) share L3 24.8 MiB"}},
		{rome, []string{"complex 15 CPUs 60-63 (node 3) share L3 16 MiB"}},
		{graviton, []string{"caches     64 x L2 1 MiB, 1 x L3 32 MiB"}},
		{altra, []string{"caches     16 x L2 1 MiB"}},
		{laptop, []string{"kinds      performance: CPUs 0-7; efficiency: CPUs 8-15"}},
	} {
		text := readMachine(test.server.tree()).String()
		for _, line := range test.lines {
			if !strings.Contains(text, line+"\n") {
				t.Errorf("description\n%swithout the line %q", text, line)
			}
		}
	}
}

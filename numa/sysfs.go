package numa

import (
	"cmp"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

const (
	cpuDir  = "sys/devices/system/cpu"
	nodeDir = "sys/devices/system/node"
)

// readMachine reads a Linux machine from a root directory with /sys and /proc in it. Recorded trees
// serve as well as the live one. Lists stay empty where the tree has nothing.
func readMachine(root fs.FS) Machine {
	var m Machine
	m.Processor = readProcessor(root)
	m.Memory = memoryOf(readText(root, "proc/meminfo"), "MemTotal:")
	online, err := parseCPUList(readText(root, cpuDir+"/online"))
	if err != nil || len(online) == 0 {
		return m
	}
	places := make([]place, len(online))
	for i, cpu := range online {
		places[i] = readPlace(root, cpu)
	}
	m.setTopology(online, places)
	m.setNodes(readNodes(root))
	m.Caches = readCaches(root, online)
	m.setKinds(readEfficiency(root, online))
	m.setComplexes()
	return m
}

// A place is the position of a CPU in the machine.
type place struct {
	pkg      int
	siblings []int // the hardware threads of its core, itself among them
}

func readPlace(root fs.FS, cpu int) place {
	dir := cpuName(cpu) + "/topology/"
	// Virtual machines and some arm64 boards say -1 for "unknown": one package then.
	pkg := max(0, readInt(root, dir+"physical_package_id"))
	// core_cpus_list is the newer name (Linux 5.3) of thread_siblings_list.
	for _, name := range []string{"core_cpus_list", "thread_siblings_list"} {
		siblings, err := parseCPUList(readText(root, dir+name))
		if err == nil && slices.Contains(siblings, cpu) {
			return place{pkg, siblings}
		}
	}
	return place{pkg, []int{cpu}}
}

// unknownPlaces puts each CPU into a core of its own.
func unknownPlaces(cpus []int) []place {
	places := make([]place, len(cpus))
	for i, cpu := range cpus {
		places[i] = place{0, []int{cpu}}
	}
	return places
}

// setTopology makes the lists of packages, cores and CPUs. Cores are told apart by their siblings,
// because the kernel's core_id repeats in every package (and die). Siblings that are offline are
// left out.
func (m *Machine) setTopology(cpus []int, places []place) {
	coreOf := map[int]int{} // first online sibling -> index in m.Cores
	packages := map[int][]int{}
	for i, cpu := range cpus {
		siblings := intersect(places[i].siblings, cpus)
		core, known := coreOf[siblings[0]]
		if !known {
			core = len(m.Cores)
			coreOf[siblings[0]] = core
			m.Cores = append(m.Cores, Core{Package: places[i].pkg, CPUs: siblings, Kind: Performance})
		}
		m.CPUs = append(m.CPUs, CPU{ID: cpu, Package: places[i].pkg, Core: core})
		packages[places[i].pkg] = append(packages[places[i].pkg], cpu)
	}
	for id, cpus := range packages {
		m.Packages = append(m.Packages, Package{id, cpus})
	}
	slices.SortFunc(m.Packages, func(a, b Package) int { return cmp.Compare(a.ID, b.ID) })
}

func readNodes(root fs.FS) []Node {
	ids, err := parseCPUList(readText(root, nodeDir+"/online"))
	if err != nil {
		return nil
	}
	nodes := make([]Node, 0, len(ids))
	for _, id := range ids {
		dir := nodeDir + "/node" + strconv.Itoa(id)
		cpus, err := parseCPUList(readText(root, dir+"/cpulist"))
		if err != nil {
			return nil
		}
		nodes = append(nodes, Node{
			ID: id, CPUs: cpus, Memory: memoryOf(readText(root, dir+"/meminfo"), "MemTotal:"), Free: memoryOf(readText(root, dir+"/meminfo"), "MemFree:"),
			Distances: parseDistances(readText(root, dir+"/distance"), len(ids)),
		})
	}
	return nodes
}

// setNodes takes over the nodes, when together they hold every CPU, and says of each CPU and core
// which it is in.
func (m *Machine) setNodes(nodes []Node) {
	nodeOf := map[int]int{}
	for _, n := range nodes {
		for _, cpu := range n.CPUs {
			nodeOf[cpu] = n.ID
		}
	}
	for _, c := range m.CPUs {
		if _, known := nodeOf[c.ID]; !known {
			m.setSingleNode()
			return
		}
	}
	m.Nodes = nodes
	for i := range m.CPUs {
		m.CPUs[i].Node = nodeOf[m.CPUs[i].ID]
	}
	for i := range m.Cores {
		m.Cores[i].Node = nodeOf[m.Cores[i].CPUs[0]]
	}
}

// setSingleNode describes a kernel without NUMA: node 0 has everything.
func (m *Machine) setSingleNode() {
	cpus := make([]int, len(m.CPUs))
	for i, c := range m.CPUs {
		cpus[i] = c.ID
	}
	m.Nodes = []Node{{ID: 0, CPUs: cpus, Memory: m.Memory}}
}

// readCaches collects the caches of all CPUs. Each CPU lists every cache that it uses, so a shared
// one comes up several times and is kept once.
func readCaches(root fs.FS, online []int) []Cache {
	var caches []Cache
	seen := map[string]bool{}
	for _, cpu := range online {
		for index := 0; ; index++ {
			dir := cpuName(cpu) + "/cache/index" + strconv.Itoa(index) + "/"
			level := readInt(root, dir+"level")
			if level <= 0 {
				break
			}
			c := Cache{Level: level, Kind: readText(root, dir+"type"), Line: max(0, readInt(root, dir+"coherency_line_size"))}
			c.Size = parseSize(readText(root, dir+"size"))
			shared, err := parseCPUList(readText(root, dir+"shared_cpu_list"))
			if err != nil || len(shared) == 0 {
				shared = []int{cpu}
			}
			c.CPUs = shared
			key := strconv.Itoa(level) + c.Kind + formatCPUList(shared)
			if !seen[key] {
				seen[key] = true
				caches = append(caches, c)
			}
		}
	}
	slices.SortStableFunc(caches, func(a, b Cache) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.CPUs[0], b.CPUs[0]))
	})
	return caches
}

// parseDistances reads a node's row of the distance table, nil unless it has a number for each node.
func parseDistances(text string, nodes int) []int {
	fields := strings.Fields(text)
	if len(fields) != nodes {
		return nil
	}
	row := make([]int, nodes)
	for i, f := range fields {
		n, err := strconv.Atoi(f)
		if err != nil || n < 1 {
			return nil
		}
		row[i] = n
	}
	return row
}

// readEfficiency lists the CPUs of the slower kind on a hybrid processor: on x86 those of the kernel's
// performance-monitoring unit cpu_atom, on arm64 those whose cpu_capacity is below the greatest.
func readEfficiency(root fs.FS, online []int) []int {
	if cpus, err := parseCPUList(readText(root, "sys/devices/cpu_atom/cpus")); err == nil && len(cpus) > 0 {
		return cpus
	}
	most := 0
	for _, cpu := range online {
		most = max(most, readInt(root, cpuName(cpu)+"/cpu_capacity"))
	}
	var slow []int
	for _, cpu := range online {
		if capacity := readInt(root, cpuName(cpu)+"/cpu_capacity"); capacity > 0 && capacity < most {
			slow = append(slow, cpu)
		}
	}
	return slow
}

func (m *Machine) setKinds(efficiency []int) {
	for i := range m.Cores {
		if slices.Contains(efficiency, m.Cores[i].CPUs[0]) {
			m.Cores[i].Kind = Efficiency
		}
	}
}

// setComplexes groups the CPUs by their last-level cache within each node.
func (m *Machine) setComplexes() {
	type around struct{ cache, pkg, node int }
	index := map[around]int{}
	for i, c := range m.CPUs {
		key := around{m.lastLevel(c.ID), c.Package, c.Node}
		at, known := index[key]
		if !known {
			at = len(m.Complexes)
			index[key] = at
			m.Complexes = append(m.Complexes, Complex{Package: c.Package, Node: c.Node})
		}
		m.Complexes[at].CPUs = append(m.Complexes[at].CPUs, c.ID)
		m.CPUs[i].Complex = at
	}
}

// lastLevel returns the index of the highest cache that a CPU uses, or -1 if that is not above the second level. The
// first two levels belong to one core or a few, and make no complex.
func (m *Machine) lastLevel(cpu int) int {
	last := -1
	for i, c := range m.Caches { // by level, ascending
		if c.Level >= 3 && slices.Contains(c.CPUs, cpu) {
			last = i
		}
	}
	return last
}

func cpuName(cpu int) string { return cpuDir + "/cpu" + strconv.Itoa(cpu) }

// readInt is a file with one number in it, -1 where there is none.
func readInt(root fs.FS, name string) int {
	n, err := strconv.Atoi(readText(root, name))
	if err != nil {
		return -1
	}
	return n
}

// parseSize reads sysfs's "1024K" as bytes, 0 where it says nothing sensible.
func parseSize(text string) int64 {
	unit := int64(1)
	for suffix, bytes := range map[string]int64{"K": 1 << 10, "M": 1 << 20, "G": 1 << 30} {
		if digits, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = digits, bytes
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n * unit
}

// memoryOf finds an entry such as "MemTotal: 5073108 kB" in a meminfo text (a node's has "Node 0" before it) and
// returns bytes, 0 where it is missing.
func memoryOf(meminfo, entry string) int64 {
	for line := range strings.Lines(meminfo) {
		fields := strings.Fields(line)
		at := slices.Index(fields, entry)
		if at >= 0 && at+1 < len(fields) {
			kib, err := strconv.ParseInt(fields[at+1], 10, 64)
			if err == nil && kib >= 0 {
				return kib << 10
			}
		}
	}
	return 0
}

package numa

import (
	"fmt"
	"slices"
	"strings"
)

// String is the machine in a few lines for people, as in:
//
//	processor  Intel(R) Xeon(R) Platinum 8124M CPU @ 3.00GHz (GenuineIntel family 6 model 85 stepping 4), linux/amd64
//	topology   packages 2, nodes 2, complexes 2, cores 36, CPUs 72 (2 per core)
//	memory     137.5 GiB
//	node 0     CPUs 0-17,36-53, 68.7 GiB
//	node 1     CPUs 18-35,54-71, 68.8 GiB
//	distances  from node 0: 10 21
//	           from node 1: 21 10
//	complex 0  CPUs 0-17,36-53 (node 0) share L3 24.8 MiB
//	complex 1  CPUs 18-35,54-71 (node 1) share L3 24.8 MiB
//	caches     36 x L1 Data 32 KiB, 36 x L1 Instruction 32 KiB, 36 x L2 1 MiB, 2 x L3 24.8 MiB
//	features   AVX AVX2 AVX512BW AVX512DQ AVX512F AVX512VL FMA3
//
// Distances are shown where there are several nodes, complexes where a cache makes several, kinds of
// cores where there are two.
//
// Of the features it shows those that decide between this project's kernels; Features has them all.
func (m Machine) String() string {
	var b strings.Builder
	p := m.Processor
	name := p.Name
	if name == "" {
		name = "unknown"
	}
	fmt.Fprintf(&b, "processor  %s (%s family %d model %d stepping %d), %s/%s\n", name, p.Vendor, p.Family, p.Model, p.Stepping, m.OS, m.Arch)
	fmt.Fprintf(&b, "topology   packages %d, nodes %d, complexes %d, cores %d, CPUs %d (%s per core)\n",
		len(m.Packages), len(m.Nodes), len(m.Complexes), len(m.Cores), len(m.CPUs), m.threadsPerCore())
	fmt.Fprintf(&b, "memory     %s\n", formatBytes(m.Memory))
	for _, n := range m.Nodes {
		cpus := formatCPUList(n.CPUs)
		if cpus == "" {
			cpus = "none"
		}
		fmt.Fprintf(&b, "node %-5d CPUs %s, memory %s in all", n.ID, cpus, formatBytes(n.Memory))
		if n.Free > 0 {
			fmt.Fprintf(&b, ", %s free", formatBytes(n.Free))
		}
		b.WriteByte('\n')
	}
	m.writeDistances(&b)
	m.writeComplexes(&b)
	m.writeKinds(&b)
	fmt.Fprintf(&b, "caches     %s\n", formatCaches(m.Caches))
	fmt.Fprintf(&b, "features   %s\n", strings.Join(m.kernelFeatures(), " "))
	return b.String()
}

func (m Machine) writeDistances(b *strings.Builder) {
	if len(m.Nodes) < 2 {
		return
	}
	title := "distances"
	for _, from := range m.Nodes {
		fmt.Fprintf(b, "%-10s from node %d:", title, from.ID)
		for _, to := range m.Nodes {
			fmt.Fprintf(b, " %d", m.Distance(from.ID, to.ID))
		}
		b.WriteByte('\n')
		title = ""
	}
}

func (m Machine) writeComplexes(b *strings.Builder) {
	if len(m.Complexes) < 2 {
		return
	}
	for i, c := range m.Complexes {
		cache := "no cache that is known"
		if last := m.lastLevel(c.CPUs[0]); last >= 0 {
			cache = fmt.Sprintf("L%d %s", m.Caches[last].Level, formatBytes(m.Caches[last].Size))
		}
		fmt.Fprintf(b, "complex %-2d CPUs %s (node %d) share %s\n", i, formatCPUList(c.CPUs), c.Node, cache)
	}
}

func (m Machine) writeKinds(b *strings.Builder) {
	cpus := map[Kind][]int{}
	for _, c := range m.Cores {
		cpus[c.Kind] = append(cpus[c.Kind], c.CPUs...)
	}
	if len(cpus[Efficiency]) > 0 {
		fmt.Fprintf(b, "kinds      performance: CPUs %s; efficiency: CPUs %s\n",
			formatCPUList(sorted(cpus[Performance])), formatCPUList(sorted(cpus[Efficiency])))
	}
}

// threadsPerCore is "2", or "1-2" where cores differ.
func (m Machine) threadsPerCore() string {
	if len(m.Cores) == 0 {
		return "0"
	}
	low, high := len(m.Cores[0].CPUs), len(m.Cores[0].CPUs)
	for _, c := range m.Cores {
		low, high = min(low, len(c.CPUs)), max(high, len(c.CPUs))
	}
	if low == high {
		return fmt.Sprint(low)
	}
	return fmt.Sprintf("%d-%d", low, high)
}

func (m Machine) kernelFeatures() []string {
	wanted := []string{"ASIMD", "AVX", "AVX2", "AVX512BW", "AVX512DQ", "AVX512F", "AVX512VL", "FMA3"}
	var have []string
	for _, f := range m.Features {
		if slices.Contains(wanted, f) {
			have = append(have, f)
		}
	}
	if len(have) == 0 {
		return []string{"none of", strings.Join(wanted, " ")}
	}
	return have
}

// formatCaches counts equal caches together.
func formatCaches(caches []Cache) string {
	var names []string
	counts := map[string]int{}
	for _, c := range caches {
		kind := c.Kind + " "
		if c.Kind == "Unified" {
			kind = ""
		}
		name := fmt.Sprintf("L%d %s%s", c.Level, kind, formatBytes(c.Size))
		if counts[name] == 0 {
			names = append(names, name)
		}
		counts[name]++
	}
	if len(names) == 0 {
		return "unknown"
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%d x %s", counts[name], name)
	}
	return strings.Join(names, ", ")
}

// formatBytes writes a size in the largest binary unit that it fills.
func formatBytes(bytes int64) string {
	if bytes <= 0 {
		return "unknown size"
	}
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	size, unit := float64(bytes), 0
	for size >= 1024 && unit < len(units)-1 {
		size /= 1024
		unit++
	}
	if size == float64(int64(size)) {
		return fmt.Sprintf("%d %s", int64(size), units[unit])
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}

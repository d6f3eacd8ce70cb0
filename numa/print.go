package numa

import (
	"fmt"
	"slices"
	"strings"
)

// String is the machine in a few lines for people, as in:
//
//	processor  AMD EPYC (AuthenticAMD family 25 model 17 stepping 1), linux/amd64
//	packages   1, nodes 1, cores 2, CPUs 2 (1 per core)
//	memory     23.5 GiB
//	node 0     CPUs 0-1, 4.8 GiB
//	caches     2 x L1 Data 32 KiB, 2 x L1 Instruction 32 KiB, 2 x L2 1 MiB, 1 x L3 32 MiB
//	features   AVX AVX2 AVX512BW AVX512DQ AVX512F AVX512VL FMA3
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
	fmt.Fprintf(&b, "packages   %d, nodes %d, cores %d, CPUs %d (%s per core)\n",
		len(m.Packages), len(m.Nodes), len(m.Cores), len(m.CPUs), m.threadsPerCore())
	fmt.Fprintf(&b, "memory     %s\n", formatBytes(m.Memory))
	for _, n := range m.Nodes {
		cpus := formatCPUList(n.CPUs)
		if cpus == "" {
			cpus = "none"
		}
		fmt.Fprintf(&b, "node %-5d CPUs %s, %s\n", n.ID, cpus, formatBytes(n.Memory))
	}
	fmt.Fprintf(&b, "caches     %s\n", formatCaches(m.Caches))
	fmt.Fprintf(&b, "features   %s\n", strings.Join(m.kernelFeatures(), " "))
	return b.String()
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

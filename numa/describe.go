package numa

import (
	"os"
	"runtime"
	"slices"

	"github.com/klauspost/cpuid/v2"
)

// Describe reads what the machine is. It never fails: what the system does not tell is left empty or
// zero, and a system that tells nothing of its topology (macOS, Windows, a sandbox without /sys) is
// one node of one package in which every CPU is a core.
func Describe() Machine {
	m := readMachine(os.DirFS("/"))
	m.OS, m.Arch = runtime.GOOS, runtime.GOARCH
	if len(m.CPUs) == 0 {
		cpus, err := affinity()
		if err != nil {
			cpus = []int{0}
		}
		m.setTopology(cpus, unknownPlaces(cpus))
	}
	if m.Memory == 0 {
		m.Memory = totalMemory()
	}
	if len(m.Nodes) == 0 {
		m.setSingleNode()
	}
	if len(m.Complexes) == 0 {
		m.setComplexes()
	}
	m.askProcessor()
	return m
}

// askProcessor fills in what the processor says of itself.
func (m *Machine) askProcessor() {
	p := &m.Processor
	if p.Name == "" {
		p.Name = cpuid.CPU.BrandName
	}
	if p.Vendor == "" {
		p.Vendor = cpuid.CPU.VendorString
		p.Family, p.Model, p.Stepping = cpuid.CPU.Family, cpuid.CPU.Model, cpuid.CPU.Stepping
	}
	m.Features = slices.Sorted(slices.Values(cpuid.CPU.FeatureSet()))
}

package numa

import (
	"io/fs"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestSiblingsAreOneCoreThoughCoreNumbersRepeatInEachPackage(t *testing.T) {
	m := readMachine(twoSockets())
	if len(m.Packages) != 2 || len(m.Nodes) != 2 || len(m.Cores) != 8 || len(m.CPUs) != 16 {
		t.Fatalf("%d packages, %d nodes, %d cores, %d CPUs; want 2, 2, 8, 16", len(m.Packages), len(m.Nodes), len(m.Cores), len(m.CPUs))
	}
	if want := (Core{Package: 1, Node: 1, CPUs: []int{5, 13}, Kind: Performance}); !reflect.DeepEqual(m.Cores[5], want) {
		t.Errorf("core 5 is %+v, want %+v", m.Cores[5], want)
	}
	if want := (CPU{ID: 13, Package: 1, Node: 1, Core: 5, Complex: 1}); m.CPUs[13] != want {
		t.Errorf("CPU 13 is %+v, want %+v", m.CPUs[13], want)
	}
	if want := (Package{1, []int{4, 5, 6, 7, 12, 13, 14, 15}}); !reflect.DeepEqual(m.Packages[1], want) {
		t.Errorf("package 1 is %+v, want %+v", m.Packages[1], want)
	}
	if n, ok := m.Node(13); !ok || n.ID != 1 || n.Memory != 2<<30 {
		t.Errorf("node of CPU 13 is %+v (%v), want node 1 with 2 GiB", n, ok)
	}
	if _, ok := m.Node(16); ok {
		t.Error("CPU 16 has a node, though the machine has no such CPU")
	}
}

func TestSharedCachesAreListedOnce(t *testing.T) {
	m := readMachine(twoSockets())
	counts := map[int]int{}
	for _, c := range m.Caches {
		counts[c.Level]++
	}
	if want := map[int]int{1: 8, 2: 8, 3: 2}; !reflect.DeepEqual(counts, want) {
		t.Errorf("caches by level %v, want %v", counts, want)
	}
	want := Cache{Level: 3, Kind: "Unified", Size: 25344 << 10, Line: 64, CPUs: []int{4, 5, 6, 7, 12, 13, 14, 15}}
	if last := m.Caches[len(m.Caches)-1]; !reflect.DeepEqual(last, want) {
		t.Errorf("last cache %+v, want %+v", last, want)
	}
}

func TestOfflineSiblingsAreLeftOut(t *testing.T) {
	m := readMachine(tree(`
		sys/devices/system/cpu/online:0,2
		sys/devices/system/cpu/cpu0/topology/core_cpus_list:0-1
		sys/devices/system/cpu/cpu2/topology/core_cpus_list:2-3`))
	if len(m.Cores) != 2 || !slices.Equal(m.Cores[1].CPUs, []int{2}) {
		t.Errorf("cores %+v, want CPU 0 and CPU 2 each alone", m.Cores)
	}
}

func TestKernelWithoutNUMAIsOneNodeWithEverything(t *testing.T) {
	m := readMachine(tree(`
		proc/meminfo:MemTotal:       2048 kB
		sys/devices/system/cpu/online:0-1`))
	want := []Node{{ID: 0, CPUs: []int{0, 1}, Memory: 2 << 20}}
	if !reflect.DeepEqual(m.Nodes, want) {
		t.Errorf("nodes %+v, want %+v", m.Nodes, want)
	}
}

func TestNodeWithMemoryAloneIsKept(t *testing.T) {
	m := readMachine(tree(`
		sys/devices/system/cpu/online:0-1
		sys/devices/system/node/online:0,2
		sys/devices/system/node/node0/cpulist:0-1
		sys/devices/system/node/node0/meminfo:Node 0 MemTotal: 1 kB
		sys/devices/system/node/node2/cpulist:
		sys/devices/system/node/node2/meminfo:Node 2 MemTotal: 4 kB`))
	want := []Node{{ID: 0, CPUs: []int{0, 1}, Memory: 1 << 10}, {ID: 2, Memory: 4 << 10}}
	if !reflect.DeepEqual(m.Nodes, want) {
		t.Errorf("nodes %+v, want %+v", m.Nodes, want)
	}
}

// The cpuinfo of a Neoverse N1 (AWS Graviton2), abridged; the numbers are the technical reference
// manual's.
func TestArmProcessorIsNamedByItsNumbers(t *testing.T) {
	got := readProcessor(tree(`
		proc/cpuinfo:processor	: 0
		proc/cpuinfo:CPU implementer	: 0x41
		proc/cpuinfo:CPU variant	: 0x3
		proc/cpuinfo:CPU part	: 0xd0c
		proc/cpuinfo:CPU revision	: 1`))
	want := Processor{Name: "Neoverse N1", Vendor: "ARM", Family: 0x41, Model: 0xd0c, Stepping: 1}
	if got != want {
		t.Errorf("processor %+v, want %+v", got, want)
	}
}

// testdata/epyc-vm.txt is a virtual machine with two CPUs of a Zen 4 server.
func TestRecordedMachineIsDescribed(t *testing.T) {
	m := readMachine(recorded(t, "epyc-vm.txt"))
	m.OS, m.Arch = "linux", "amd64"
	m.Features = []string{"AVX", "AVX2", "FMA3", "SSE2"}
	want := strings.Join([]string{
		"processor  AMD EPYC (AuthenticAMD family 25 model 17 stepping 1), linux/amd64",
		"topology   packages 1, nodes 1, complexes 1, cores 2, CPUs 2 (1 per core)",
		"memory     23.5 GiB",
		"node 0     CPUs 0-1, memory 6.2 GiB in all",
		"caches     2 x L1 Data 32 KiB, 2 x L1 Instruction 32 KiB, 2 x L2 1 MiB, 1 x L3 32 MiB",
		"features   AVX AVX2 FMA3",
		"",
	}, "\n")
	if got := m.String(); got != want {
		t.Errorf("described as\n%s\nwant\n%s", got, want)
	}
}

func TestDescriptionCoversEveryCPUOnce(t *testing.T) {
	for name, m := range map[string]Machine{"this machine": Describe(), "two sockets": readMachine(twoSockets())} {
		var all, inCores, inNodes, inPackages []int
		for i, c := range m.CPUs {
			all = append(all, c.ID)
			if !slices.Contains(m.Cores[c.Core].CPUs, c.ID) {
				t.Errorf("%s: CPU %d (entry %d) says core %d, which has %v", name, c.ID, i, c.Core, m.Cores[c.Core].CPUs)
			}
		}
		for _, c := range m.Cores {
			inCores = append(inCores, c.CPUs...)
		}
		for _, n := range m.Nodes {
			inNodes = append(inNodes, n.CPUs...)
		}
		for _, p := range m.Packages {
			inPackages = append(inPackages, p.CPUs...)
		}
		for where, cpus := range map[string][]int{"cores": inCores, "nodes": inNodes, "packages": inPackages} {
			slices.Sort(cpus)
			if !slices.Equal(cpus, all) {
				t.Errorf("%s: the %s hold CPUs %v, the machine %v", name, where, cpus, all)
			}
		}
	}
}

func TestThisMachineHasTheCPUsThatRunTheTest(t *testing.T) {
	m := Describe()
	if m.OS != runtime.GOOS || m.Arch != runtime.GOARCH {
		t.Errorf("machine is %s/%s, want %s/%s", m.OS, m.Arch, runtime.GOOS, runtime.GOARCH)
	}
	allowed, err := Allowed()
	if err != nil {
		t.Fatal(err)
	}
	for _, cpu := range allowed {
		if _, ok := m.Node(cpu); !ok {
			t.Errorf("CPU %d is allowed, but the machine has only %+v", cpu, m.CPUs)
		}
	}
	if limit := CPULimit(); !(limit > 0) {
		t.Errorf("CPU limit %v, want more than 0", limit)
	}
}

func TestEmptyTreeGivesEmptyMachine(t *testing.T) {
	m := readMachine(fs.FS(tree("")))
	if !reflect.DeepEqual(m, Machine{}) {
		t.Errorf("machine %+v, want nothing", m)
	}
}

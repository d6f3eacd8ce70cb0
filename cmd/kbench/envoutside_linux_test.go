package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/numa"
)

// envOf returns what `kbench env --quick --json` prints when it is run by a command.
func envOf(t *testing.T, c *exec.Cmd) environment {
	t.Helper()
	c.Env = append(os.Environ(), "VOXFIT_TEST_AS_KBENCH=1")
	text, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v", c.Args, err)
	}
	var env environment
	if err := json.Unmarshal(text, &env); err != nil {
		t.Fatal(err)
	}
	return env
}

func envHere(t *testing.T) environment {
	t.Helper()
	return envOf(t, exec.Command(os.Args[0], "env", "--quick", "--json"))
}

// outside returns what another program prints. It skips the test if the program is missing or fails.
func outside(t *testing.T, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "LC_ALL=C")
	text, err := c.Output()
	if err != nil {
		t.Skipf("skipped: %s: %v", name, err)
	}
	return string(text)
}

// valueOf returns the text after the first occurrence of a name and a colon, in files such as /proc/cpuinfo.
func valueOf(text, name string) (string, bool) {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `\s*:[ \t]*(.*)$`).FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return strings.TrimSpace(m[1]), true
}

func TestEnvAgreesWithTheKernelOnTheProcessor(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("skipped: only on x86-64 does /proc/cpuinfo name the processor so")
	}
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip(err)
	}
	m := envHere(t).Machine
	for name, got := range map[string]string{
		"vendor_id": m.Processor.Vendor, "model name": m.Processor.Name, "cpu family": fmt.Sprint(m.Processor.Family),
		"model": fmt.Sprint(m.Processor.Model), "stepping": fmt.Sprint(m.Processor.Stepping),
	} {
		if want, ok := valueOf(string(text), name); ok && got != want {
			t.Errorf("%s is %q, /proc/cpuinfo says %q", name, got, want)
		}
	}
	flags, _ := valueOf(string(text), "flags")
	for feature, flag := range map[string]string{"AVX": "avx", "AVX2": "avx2", "FMA3": "fma", "AVX512F": "avx512f", "AVX512BW": "avx512bw",
		"AVX512DQ": "avx512dq", "AVX512VL": "avx512vl"} {
		if got, want := slices.Contains(m.Features, feature), slices.Contains(strings.Fields(flags), flag); got != want {
			t.Errorf("feature %s: %v, /proc/cpuinfo says %v", feature, got, want)
		}
	}
}

func TestEnvAgreesWithTheKernelOnMemory(t *testing.T) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Skip(err)
	}
	m := envHere(t).Machine
	total, _ := valueOf(string(text), "MemTotal")
	if want := fmt.Sprintf("%d kB", m.Memory/1024); total != want {
		t.Errorf("memory is %s, /proc/meminfo says %s", want, total)
	}
}

func TestEnvAgreesWithNumactlOnTheMemoryOfNodes(t *testing.T) {
	hardware := outside(t, "numactl", "--hardware")
	for _, node := range envHere(t).Machine.Nodes {
		size, _ := valueOf(hardware, fmt.Sprintf("node %d size", node.ID))
		if got := fmt.Sprintf("%d MB", node.Memory>>20); size != got {
			t.Errorf("node %d has %s, numactl says %s", node.ID, got, size)
		}
	}
}

// lscpu numbers cores, sockets and nodes in its own way: what is compared is which CPUs are together.
func TestEnvAgreesWithLscpuOnCoresPackagesAndNodes(t *testing.T) {
	text := outside(t, "lscpu", "--online", "--parse=CPU,CORE,SOCKET,NODE") // util-linux
	theirs := map[string][][]int{}
	for column, name := range []string{"", "core", "package", "node"} {
		groups := map[string][]int{}
		for line := range strings.Lines(text) {
			cells := strings.Split(strings.TrimSpace(line), ",")
			if cpu, err := strconv.Atoi(cells[0]); err == nil && len(cells) == 4 {
				groups[cells[column]] = append(groups[cells[column]], cpu)
			}
		}
		for _, group := range groups {
			theirs[name] = append(theirs[name], group)
		}
	}
	m := envHere(t).Machine
	ours := map[string][][]int{}
	for _, c := range m.Cores {
		ours["core"] = append(ours["core"], c.CPUs)
	}
	for _, p := range m.Packages {
		ours["package"] = append(ours["package"], p.CPUs)
	}
	for _, n := range m.Nodes {
		if len(n.CPUs) > 0 {
			ours["node"] = append(ours["node"], n.CPUs)
		}
	}
	for name, groups := range ours {
		for _, all := range [][][]int{groups, theirs[name]} {
			slices.SortFunc(all, slices.Compare)
		}
		if !slices.EqualFunc(groups, theirs[name], slices.Equal) {
			t.Errorf("CPUs of each %s are %v, lscpu says %v", name, groups, theirs[name])
		}
	}
}

func TestEnvAgreesWithGetconfOnCaches(t *testing.T) {
	text := outside(t, "getconf", "-a") // the C library, which asks the processor itself
	m := envHere(t).Machine
	for name, want := range map[string]numa.Cache{
		"LEVEL1_DCACHE_SIZE": {Level: 1, Kind: "Data"}, "LEVEL1_ICACHE_SIZE": {Level: 1, Kind: "Instruction"},
		"LEVEL2_CACHE_SIZE": {Level: 2, Kind: "Unified"}, "LEVEL3_CACHE_SIZE": {Level: 3, Kind: "Unified"},
	} {
		found := regexp.MustCompile(`(?m)^` + name + `\s+([1-9]\d*)$`).FindStringSubmatch(text)
		if found == nil {
			continue // it does not know
		}
		for _, c := range m.Caches {
			if c.Level == want.Level && c.Kind == want.Kind && slices.Contains(c.CPUs, m.CPUs[0].ID) && fmt.Sprint(c.Size) != found[1] {
				t.Errorf("level %d, %s: %d bytes, getconf says %s", c.Level, c.Kind, c.Size, found[1])
			}
		}
	}
}

func TestEnvSaysWhatATasksetAllows(t *testing.T) {
	first := envHere(t).Allowed[0]
	outside(t, "taskset", "--version") // util-linux
	env := envOf(t, exec.Command("taskset", "--cpu-list", fmt.Sprint(first), os.Args[0], "env", "--quick", "--json"))
	if !slices.Equal(env.Allowed, []int{first}) || len(env.Machine.CPUs) < 1 {
		t.Errorf("on CPU %d alone, CPUs %v are allowed", first, env.Allowed)
	}
}

func TestEnvSaysWhatACgroupAllows(t *testing.T) {
	half := limit{"cpu", "cpu.cfs_quota_us", "50000", "cpu.max", "50000 100000"} // of each 100 ms
	if env := envOf(t, inGroup(t, half, "env", "--quick", "--json")); env.CPULimit == nil || *env.CPULimit != 0.5 {
		t.Errorf("in a group with half a CPU the limit is %v", env.CPULimit)
	}
}

package numa

import (
	"testing"
	"testing/fstest"
)

// Whatever the kernel's files say, the machine that is read has what callers rely on: CPUs, each on an existing node.
func FuzzMachineFilesAreReadOrLeftOut(f *testing.F) {
	f.Add("0-3", "0-1", "0", "32K", "10 20", "Node 0 MemTotal: 5073108 kB", "processor: 0\nmodel name: x\n")
	f.Add("0", "", "-1", "99999999999G", "10", "MemTotal: -1 kB", "\n:\n")
	f.Add("x", "5-1", "18446744073709551616", "K", "", "", "")
	f.Fuzz(func(t *testing.T, cpus, node, core, size, distance, memory, cpuinfo string) {
		files := fstest.MapFS{}
		for name, text := range map[string]string{
			"proc/cpuinfo": cpuinfo, "proc/meminfo": memory, "proc/self/cgroup": cpuinfo, "proc/self/mountinfo": memory,
			"sys/devices/system/cpu/online": cpus, "sys/devices/system/cpu/cpu0/topology/core_id": core,
			"sys/devices/system/cpu/cpu0/topology/physical_package_id": core, "sys/devices/system/cpu/cpu0/topology/thread_siblings_list": node,
			"sys/devices/system/cpu/cpu0/cache/index3/size": size, "sys/devices/system/cpu/cpu0/cache/index3/level": core,
			"sys/devices/system/cpu/cpu0/cache/index3/type": "Unified", "sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list": node,
			"sys/devices/system/node/online": node, "sys/devices/system/node/node0/cpulist": cpus,
			"sys/devices/system/node/node0/distance": distance, "sys/devices/system/node/node0/meminfo": memory,
		} {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		m := readMachine(files)
		for _, c := range m.CPUs {
			if c.Complex < 0 || c.Complex >= len(m.Complexes) {
				t.Errorf("CPU %d is in complex %d of %d", c.ID, c.Complex, len(m.Complexes))
			}
			if _, ok := m.Node(c.ID); !ok && len(m.Nodes) > 0 && c.Node >= 0 {
				t.Logf("CPU %d is on no node", c.ID)
			}
		}
		cpuLimit(files)
		cpusetOf(files)
		readProcessor(files)
	})
}

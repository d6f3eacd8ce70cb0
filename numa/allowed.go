package numa

import (
	"os"
)

// Allowed lists the CPUs that this process may run on, ascending: its affinity mask (what taskset,
// a batch system or a container set) intersected with the CPUs of its cgroup's effective cpuset,
// where that can be read. A thread that this package has pinned does not narrow the answer: its mask
// from before the pinning counts.
//
// On systems without affinity masks the list is 0 to runtime.NumCPU()-1.
func Allowed() (cpus []int, err error) {
	mask, err := affinity()
	if err != nil {
		return nil, err
	}
	return withinCPUSet(mask, cpusetOf(os.DirFS("/"))), nil
}

// withinCPUSet narrows an affinity mask to a cpuset. The kernel keeps the mask inside the cpuset by
// itself; a mask that shares nothing with the cpuset that was read therefore means that another
// group's file was read (a container with the host's cgroup tree mounted, say), and the mask holds.
func withinCPUSet(mask, set []int) []int {
	if both := intersect(mask, set); len(both) > 0 {
		return both
	}
	return mask
}

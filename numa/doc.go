// Package numa describes the machine that a program runs on, and puts threads and memory where they should be.
//
// # What a machine looks like
//
// A server holds one or more packages (the chips in the sockets). A package holds cores, and a core holds one or two
// hardware threads. The operating system's kernel places threads on hardware threads, and calls each of them a CPU.
// This package does, too. Two CPUs of one core share its arithmetic units, so a kernel that keeps those units busy
// gains little from the second CPU. Cores share caches: usually the first and second level belong to one core, the
// third to a group of cores, a [Complex]. Some processors have two kinds of cores.
//
// Memory is attached to the packages, or to parts of one. A NUMA node is a set of CPUs with the memory next to them;
// reading another node's memory works, but takes longer and shares a link. Linux puts a page on the node of the CPU
// that first writes to it. That is why a worker should be pinned first, and allocate its scratch afterwards, on its own
// thread. The firmware's table of distances says how much longer the memory of other nodes takes (Machine.Distance).
//
// [Describe] reads all this into a [Machine]: packages, nodes, complexes, cores, CPUs, caches, memory,
// instruction-set features. Machine.String prints it, and Machine.Places lists CPUs in the order in
// which workers should be put on them.
//
// # What a process may use
//
// A process seldom has the whole machine. Three things narrow it, and all of them are set from
// outside:
//
//   - its affinity mask (taskset, a batch system),
//   - the cpuset of its cgroup (docker run --cpuset-cpus): which CPUs,
//   - the quota of its cgroup (docker run --cpus, a Kubernetes limit): how much CPU time, on
//     whichever CPUs. A process over its quota is stopped until the next period, all threads at once.
//
// [Allowed] answers for the first two, as a list of CPUs; [CPULimit] for the third, as a number. A program that starts
// one thread for each CPU of the machine in spite of these limits gets threads that take turns. Measurements of a
// "speed-up on 72 CPUs" have been wrong for this reason.
//
// Limits are found by way of /proc/self/cgroup and /proc/self/mountinfo, in cgroup v1, v2, or both side by side. A
// quota counts if it is set for the process's own group or for any group above it that is visible. A container runtime
// may hide the groups above the container's own, and their quotas are then not found.
//
// # Placing a thread
//
//	unpin, err := numa.Pin(3)
//	if err != nil {
//		return err
//	}
//	defer unpin()
//
// [Pin] locks the goroutine to its thread and the thread to one CPU; [Confine] allows several CPUs. When the goroutine
// calls unpin, the thread gets its former mask back. Go starts no new threads from a locked one, so a mask does not
// leak into the rest of the program, though child processes that a pinned goroutine starts do inherit it.
//
// [CurrentCPU] says where a thread is. [Switches] says how often it waited by itself, and how often it was interrupted
// so that another thread could run. [Counters] are the processor's own, where the system gives them.
//
// # Placing memory
//
// [Pages] is memory outside the Go heap, in huge pages where the system allows, so that the hundreds of megabytes of a
// fit need few entries of the processor's address cache (TLB). Pages.Prefer puts a part of it on a node, before
// anything is written there or by moving pages that lie elsewhere. [PagesOn] asks the kernel where each page of some
// memory really is.
//
// # Elsewhere than Linux
//
// On macOS and Windows the package builds, and describes the machine as one node, with its processor, features, memory
// and number of CPUs. [CanPin] and [CanPlace] are false, and Pages lie on the Go heap. A function that the system does
// not support returns an error that wraps errors.ErrUnsupported.
package numa

package calm

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Tick is the unit in which Linux counts the times of CPUs and of other processes.
const Tick = 10 * time.Millisecond

// CPUTimes are times of CPUs since the machine started, summed over these CPUs.
type CPUTimes struct {
	Busy   time.Duration // in programs, in the system on their behalf, and in interrupts
	Stolen time.Duration // in which a virtual machine was ready to run, and its host ran something else
	Known  bool          // false where the system has no /proc/stat
}

// Since returns the times since an earlier reading.
func (c CPUTimes) Since(before CPUTimes) CPUTimes {
	return CPUTimes{c.Busy - before.Busy, c.Stolen - before.Stolen, c.Known && before.Known}
}

// CPUs reads the times of some CPUs, by their numbers, or of all CPUs if none is named.
func CPUs(cpus ...int) CPUTimes {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return CPUTimes{}
	}
	wanted := map[string]bool{}
	for _, cpu := range cpus {
		wanted["cpu"+strconv.Itoa(cpu)] = true
	}
	if len(cpus) == 0 {
		wanted["cpu"] = true
	}
	var sum CPUTimes
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 9 || !wanted[fields[0]] {
			continue
		}
		ticks := func(i int) time.Duration {
			n, _ := strconv.ParseInt(fields[i], 10, 64)
			return time.Duration(n) * Tick
		}
		// user nice system idle iowait irq softirq steal
		sum.Busy += ticks(1) + ticks(2) + ticks(3) + ticks(6) + ticks(7)
		sum.Stolen += ticks(8)
		sum.Known = true
	}
	return sum
}

// ProcessTree returns the CPU time of a process and of all processes below it. Processes that have ended count once
// their parents have waited for them. It is 0 where the system has no /proc.
func ProcessTree(root int) time.Duration {
	parents, times := map[int]int{}, map[int]time.Duration{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		if pid, parent, spent, err := readProcess(path); err == nil {
			parents[pid], times[pid] = parent, spent
		}
	}
	sum := time.Duration(0)
	for pid, spent := range times {
		for at := pid; at > 0; at = parents[at] {
			if at == root {
				sum += spent
				break
			}
		}
	}
	return sum
}

// readProcess reads the numbers of a process and its parent, and its CPU time with that of children it has waited for.
func readProcess(path string) (pid, parent int, spent time.Duration, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, 0, err // it has ended
	}
	begin, end := strings.IndexByte(string(text), '('), strings.LastIndexByte(string(text), ')') // the name may hold anything
	if begin < 0 || end < begin {
		return 0, 0, 0, fmt.Errorf("%s: no name", path)
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(text[:begin])))
	fields := strings.Fields(string(text[end+1:]))
	if err != nil || len(fields) < 15 {
		return 0, 0, 0, fmt.Errorf("%s: %d fields", path, len(fields))
	}
	parent, err = strconv.Atoi(fields[1])
	for _, field := range fields[11:15] { // utime stime cutime cstime
		n, _ := strconv.ParseInt(field, 10, 64)
		spent += time.Duration(n) * Tick
	}
	return pid, parent, spent, err
}

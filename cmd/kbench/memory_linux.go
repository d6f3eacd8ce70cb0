package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/numa"
)

// machineMemory returns the memory in use on the whole machine in GiB, and its size in bytes.
func machineMemory() (usedGiB float64, total int64) {
	total = kilobytes("/proc/meminfo", "MemTotal:") << 10
	available := kilobytes("/proc/meminfo", "MemAvailable:") << 10
	return float64(total-available) / (1 << 30), total
}

// availableMemory returns how many bytes can be allocated without swapping and within the limits of the process's
// cgroups, or 0 if that is unknown.
func availableMemory() int64 {
	free := kilobytes("/proc/meminfo", "MemAvailable:") << 10
	if free == 0 {
		return 0
	}
	return max(1, min(free, numa.MemoryLeft()))
}

// residentMemory returns the size of the process's resident set in bytes.
func residentMemory() int64 { return kilobytes("/proc/self/status", "VmRSS:") << 10 }

// peakRSS returns the largest resident set of this process so far, in bytes.
func peakRSS() int64 { return kilobytes("/proc/self/status", "VmHWM:") << 10 }

// kilobytes reads the number in a line "Name: 123 kB" of a file of /proc, or 0 if there is no such line.
func kilobytes(path, name string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == name {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			return n
		}
	}
	return 0
}

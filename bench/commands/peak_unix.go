//go:build unix

package commands

import (
	"os"
	"runtime"
	"syscall"
)

// peakOf is the largest memory of an ended process, in bytes, or 0 where the system does not say.
func peakOf(ended *os.ProcessState) int64 {
	if usage, ok := ended.SysUsage().(*syscall.Rusage); ok {
		return bytesOf(usage)
	}
	return 0
}

// ownPeak is the largest memory of this process up to now.
func ownPeak() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return bytesOf(&usage)
}

// bytesOf is the largest memory in a usage. macOS counts it in bytes, other systems in kB.
func bytesOf(usage *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}

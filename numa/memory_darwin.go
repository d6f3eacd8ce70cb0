package numa

import "golang.org/x/sys/unix"

// totalMemory is the machine's memory in bytes, 0 where unknown.
func totalMemory() int64 {
	bytes, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(bytes)
}

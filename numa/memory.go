package numa

import (
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
)

// MemoryLeft is how many bytes the process's cgroup lets it take beyond what is in use. For the process's own group and
// each group above it, that is the limit less the usage, and the least of these counts. The limits are those of cgroup
// v1 (memory.limit_in_bytes) or v2 (memory.max, memory.high). Cached files that the kernel gives up when memory is
// short (inactive_file) do not count as usage. It is math.MaxInt64 where there is no limit, or where none can be read.
func MemoryLeft() int64 { return memoryLeft(os.DirFS("/")) }

func memoryLeft(root fs.FS) int64 {
	left := int64(math.MaxInt64)
	for _, h := range hierarchies(root, "memory") {
		for _, dir := range h.groups {
			left = min(left, h.memoryLeft(root, dir))
		}
	}
	return left
}

// memoryLeft returns the limit less the usage of one group.
func (h hierarchy) memoryLeft(root fs.FS, dir string) int64 {
	limits, usage, cached := []string{"memory.max", "memory.high"}, "memory.current", "inactive_file"
	if h.version == 1 {
		limits, usage, cached = []string{"memory.limit_in_bytes"}, "memory.usage_in_bytes", "total_inactive_file"
	}
	limit := int64(math.MaxInt64)
	for _, file := range limits {
		if n, err := strconv.ParseInt(readText(root, dir+"/"+file), 10, 64); err == nil {
			limit = min(limit, n)
		}
	}
	const unlimited = math.MaxInt64 - 1<<20 // v1 writes the largest number of whole pages
	if limit >= unlimited {
		return math.MaxInt64
	}
	used, _ := strconv.ParseInt(readText(root, dir+"/"+usage), 10, 64)
	for line := range strings.Lines(readText(root, dir+"/memory.stat")) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), " "); name == cached {
			n, _ := strconv.ParseInt(value, 10, 64)
			used -= n
		}
	}
	return max(0, limit-max(0, used))
}

package numa

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxCPUNumber bounds the CPU numbers that a list may hold, so that a damaged file ("0-4000000000")
// is an error and not an allocation. Linux builds go to 8192.
const maxCPUNumber = 1 << 16

// parseCPUList reads the kernel's list format, as in "0-3,8,10-11": what sysfs, cpusets and taskset
// write. The result is ascending and without duplicates; an empty text is an empty list.
func parseCPUList(text string) ([]int, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	var cpus []int
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			high = low
		}
		first, err1 := strconv.Atoi(low)
		last, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || first < 0 || last < first || last >= maxCPUNumber {
			return nil, fmt.Errorf("numa: CPU list %q: found %q, expected a number or a range such as 0-3", text, part)
		}
		for cpu := first; cpu <= last; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	slices.Sort(cpus)
	return slices.Compact(cpus), nil
}

// formatCPUList writes ascending CPU numbers the way parseCPUList reads them.
func formatCPUList(cpus []int) string {
	var b strings.Builder
	for i := 0; i < len(cpus); {
		j := i
		for j+1 < len(cpus) && cpus[j+1] == cpus[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(cpus[i]))
		if j > i {
			fmt.Fprintf(&b, "-%d", cpus[j])
		}
		i = j + 1
	}
	return b.String()
}

// intersect returns the numbers that both ascending lists hold.
func intersect(a, b []int) []int {
	var both []int
	for _, n := range a {
		if _, found := slices.BinarySearch(b, n); found {
			both = append(both, n)
		}
	}
	return both
}

func sorted(cpus []int) []int {
	return slices.Sorted(slices.Values(cpus))
}

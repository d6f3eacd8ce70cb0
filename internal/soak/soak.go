// Package soak lets tests watch a process that does the same things over and over. Its memory, files and threads must
// not grow. Nothing outside of tests imports it.
package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/study"
)

// A Sample is what a process holds at one moment.
type Sample struct {
	Memory      int64 // resident, in bytes
	Descriptors int
	Threads     int
	Goroutines  int // 0 if they cannot be counted
}

// Time returns how long to soak, and how many threads or goroutines use voxfit at once. In `make soak` these are
// $VOXFIT_SOAK and 64. Otherwise they are two seconds and 4, which is too short to see growth and shows only that the
// calls work.
func Time(t testing.TB) (d time.Duration, threads int) {
	t.Helper()
	text := os.Getenv("VOXFIT_SOAK")
	if text == "" {
		return 2 * time.Second, 4
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("VOXFIT_SOAK is %q, want a duration such as 10m", text)
	}
	return d, 64
}

// Process samples a process. It skips the test if there is no /proc.
func Process(t testing.TB, pid int) Sample {
	t.Helper()
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	text, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		t.Skipf("skipped: this system does not say what a process holds: %v", err)
	}
	descriptors, err := os.ReadDir(filepath.Join(folder, "fd"))
	if err != nil {
		t.Skipf("skipped: this system does not say what a process holds: %v", err)
	}
	s := Sample{Descriptors: len(descriptors)}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			fmt.Sscan(value, &s.Memory)
			s.Memory <<= 10
		case "Threads":
			fmt.Sscan(value, &s.Threads)
		}
	}
	return s
}

// Watch samples for a duration, and returns the samples.
func Watch(d time.Duration, sample func() Sample) []Sample {
	const samples = 120
	all := make([]Sample, samples)
	for i := range all {
		time.Sleep(d / samples)
		all[i] = sample()
	}
	return all
}

// Flat fails the test if the median of the last third of the samples is above that of the second third, by the rule of
// Same. It compares medians because what a process holds goes up and down. The first third is ignored as the start.
// Samples of less than a minute are not judged.
func Flat(t testing.TB, d time.Duration, samples []Sample) {
	t.Helper()
	third := len(samples) / 3
	t.Logf("%v: %+v at the beginning", d, samples[0])
	before, after := median(samples[third:2*third]), median(samples[2*third:])
	if d < time.Minute {
		return
	}
	Same(t, before, after)
}

// Same fails the test if a process holds more after a second run of many calls than after the first. Memory may grow by
// a twentieth and 4 MB, descriptors by 4, threads by a fifth and 4, and goroutines by a twentieth and 16. Threads get more
// room because Go never ends one: their number rises to the most that were ever needed at once, which may come late.
func Same(t testing.TB, before, after Sample) {
	t.Helper()
	for _, c := range []struct {
		name          string
		before, after int64
		slack         float64 // a share of the count before
		few           int64
	}{
		{"bytes of memory", before.Memory, after.Memory, 0.05, 4 << 20},
		{"descriptors", int64(before.Descriptors), int64(after.Descriptors), 0, 4},
		{"threads", int64(before.Threads), int64(after.Threads), 0.2, 4},
		{"goroutines", int64(before.Goroutines), int64(after.Goroutines), 0.05, 16},
	} {
		t.Logf("%s: %d before, %d after", c.name, c.before, c.after)
		if c.after > c.before+c.few+int64(c.slack*float64(c.before)) {
			t.Errorf("%s grow from %d to %d", c.name, c.before, c.after)
		}
	}
}

// median returns the median of each count.
func median(samples []Sample) Sample {
	of := func(value func(Sample) int64) int64 {
		all := make([]float64, len(samples))
		for i, s := range samples {
			all[i] = float64(value(s))
		}
		return int64(study.Median(all))
	}
	return Sample{
		Memory:      of(func(s Sample) int64 { return s.Memory }),
		Descriptors: int(of(func(s Sample) int64 { return int64(s.Descriptors) })),
		Threads:     int(of(func(s Sample) int64 { return int64(s.Threads) })),
		Goroutines:  int(of(func(s Sample) int64 { return int64(s.Goroutines) })),
	}
}

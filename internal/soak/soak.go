// Package soak lets tests watch a process that does the same things over and over: what it holds must not grow. Nothing
// outside of tests imports it.
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

// A Sample is what a process holds at a time.
type Sample struct {
	Memory      int64 // resident, in bytes
	Descriptors int
	Threads     int
	Goroutines  int // 0 where they cannot be seen
}

// Time is how long to soak, and how many threads, or goroutines, use voxfit at a time. In `make soak` that is
// $VOXFIT_SOAK and 64. Otherwise it is two seconds and 4: this is too short to see growth, and shows only that the
// calls do what they should.
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

// Process samples a process. It skips the test where there is no /proc.
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

// Watch samples for a duration.
func Watch(d time.Duration, sample func() Sample) []Sample {
	const samples = 120
	all := make([]Sample, samples)
	for i := range all {
		time.Sleep(d / samples)
		all[i] = sample()
	}
	return all
}

// Flat fails when the median of the last third of the samples is above that of the second third. Medians are compared
// because garbage collectors make memory go up and down. The first third is the start. Samples of less than a minute
// are not judged.
func Flat(t testing.TB, d time.Duration, samples []Sample) {
	t.Helper()
	third := len(samples) / 3
	for _, c := range []struct {
		name  string
		value func(Sample) float64
		slack float64 // of the second third's
		few   float64
	}{
		{"bytes of memory", func(s Sample) float64 { return float64(s.Memory) }, 0.05, 4 << 20},
		{"descriptors", func(s Sample) float64 { return float64(s.Descriptors) }, 0, 4},
		{"threads", func(s Sample) float64 { return float64(s.Threads) }, 0, 4},
		{"goroutines", func(s Sample) float64 { return float64(s.Goroutines) }, 0.05, 16},
	} {
		before, after := median(samples[third:2*third], c.value), median(samples[2*third:], c.value)
		t.Logf("%v, %s: %.0f at the beginning, %.0f in the second third, %.0f in the last", d, c.name, c.value(samples[0]), before, after)
		if d >= time.Minute && after > before+c.few+c.slack*before {
			t.Errorf("%s grow from %.0f to %.0f", c.name, before, after)
		}
	}
}

func median(samples []Sample, value func(Sample) float64) float64 {
	all := make([]float64, len(samples))
	for i, s := range samples {
		all[i] = value(s)
	}
	return study.Median(all)
}

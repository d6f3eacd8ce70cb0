package soak_test

import (
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/soak"
)

// A listener is a testing.TB that records an error instead of failing the test.
type listener struct {
	testing.TB
	failed bool
}

func (l *listener) Helper()               {}
func (l *listener) Logf(string, ...any)   {}
func (l *listener) Errorf(string, ...any) { l.failed = true }

func TestGrowingSamplesAreNotFlat(t *testing.T) {
	for name, c := range map[string]struct {
		sample func(i int) soak.Sample
		grows  bool
	}{
		"constant":                   {func(int) soak.Sample { return soak.Sample{Memory: 1 << 30, Descriptors: 9, Threads: 70} }, false},
		"memory that swings":         {func(i int) soak.Sample { return soak.Sample{Memory: int64(1+i%7) << 26} }, false},
		"memory that leaks":          {func(i int) soak.Sample { return soak.Sample{Memory: int64(100+i) << 20} }, true},
		"descriptors that leak":      {func(i int) soak.Sample { return soak.Sample{Descriptors: 9 + i/4} }, true},
		"threads that leak":          {func(i int) soak.Sample { return soak.Sample{Threads: 64 + i} }, true},
		"threads up to the most":     {func(i int) soak.Sample { return soak.Sample{Threads: min(114+i/8, 126)} }, false},
		"goroutines that leak":       {func(i int) soak.Sample { return soak.Sample{Goroutines: 64 + i} }, true},
		"a start that takes a while": {func(i int) soak.Sample { return soak.Sample{Memory: int64(min(i, 30)) << 22} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			var samples []soak.Sample
			for i := range 120 {
				samples = append(samples, c.sample(i))
			}
			l := &listener{TB: t}
			soak.Flat(l, time.Minute, samples)
			if l.failed != c.grows {
				t.Errorf("found growing: %v, want %v", l.failed, c.grows)
			}
		})
	}
}

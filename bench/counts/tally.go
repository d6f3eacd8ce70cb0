//go:build linux

package main

import "fmt"

// A block is a row of instructions, with no branch before the last, that one thread has executed.
type block struct {
	thread       int
	address      uint64
	instructions int
}

// A count is the number of instructions of one piece of work: of kernels in assembly, and of the Go code around
// them.
type count struct{ kernels, code int }

// A stepTally counts the first call of each kernel.
type stepTally struct {
	program *program
	isa     string
	calls   map[*symbol]int
	counts  map[string]count
}

func newStepTally(p *program, isa string) *stepTally {
	return &stepTally{p, isa, map[*symbol]int{}, map[string]count{}}
}

func (t *stepTally) add(b block) {
	s := t.program.at(b.address)
	if s == nil || s.isa != t.isa {
		return
	}
	if b.address == s.start {
		t.calls[s]++
	}
	if t.calls[s] == 1 {
		c := t.counts[s.step]
		c.kernels += b.instructions
		t.counts[s.step] = c
	}
}

// missing names the kernels that were never called.
func (t *stepTally) missing() []string {
	var names []string
	for _, name := range t.program.steps(t.isa) {
		if t.counts[name].kernels == 0 {
			names = append(names, name)
		}
	}
	return names
}

// A fitTally counts what one thread executes between the marks, once for each fit.
//
// When a Go function begins, it may find that its stack must grow, or that the scheduler wants to interrupt it
// (which depends on a clock). Then it calls the runtime and begins again. The instructions of the first beginning do
// not count.
type fitTally struct {
	program *program
	counts  []count
	counted bool
	thread  int
	current count
	entered count // what current was when the last function began
	again   bool  // that function will begin again
}

func (t *fitTally) add(b block) {
	s := t.program.at(b.address)
	switch {
	case s == nil || t.counted && b.thread != t.thread:
	case s == t.program.begin:
		*t = fitTally{program: t.program, counts: t.counts, counted: true, thread: b.thread}
	case !t.counted:
	case s == t.program.end:
		t.counts, t.counted = append(t.counts, t.current), false
	case s.grows:
		t.again = true
	case !s.left:
		t.addTo(s, b)
	}
}

func (t *fitTally) addTo(s *symbol, b block) {
	if b.address == s.start {
		if t.again {
			t.current, t.again = t.entered, false
		}
		t.entered = t.current
	}
	if s.isa != "" {
		t.current.kernels += b.instructions
	} else {
		t.current.code += b.instructions
	}
}

// named gives the counts the names that the program wrote.
func (t *fitTally) named(names []string) (map[string]count, error) {
	if len(names) != len(t.counts) {
		return nil, fmt.Errorf("%d fits were counted and %d were named: %v", len(t.counts), len(names), names)
	}
	counts := map[string]count{}
	for i, name := range names {
		counts[name] = t.counts[i]
	}
	return counts, nil
}

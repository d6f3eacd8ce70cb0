//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
)

// emulatedSteps counts the first call of each kernel of an instruction set in the benchmarks of the steps.
func emulatedSteps(e emulator, p *program, isa string) (map[string]count, error) {
	t := newStepTally(p, isa)
	ranges := p.ranges(func(s *symbol) bool { return s.isa == isa })
	_, err := e.run("in_asm,exec,nochain", ranges, func(log io.Reader) error { return readTrace(log, t.add) }, p.path, stepArguments(isa)...)
	if err != nil {
		return nil, err
	}
	return t.counts, complain(t.missing(), isa)
}

// stepArguments are the arguments with which each benchmark of a step runs once, with one instruction set.
func stepArguments(isa string) []string {
	return []string{"-test.run", "^$", "-test.bench", "Steps$/^" + isa + "$", "-test.benchtime", "1x"}
}

func complain(missing []string, isa string) error {
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s: no benchmark whose name ends in Steps calls %s: write one in kernel/internal/kerneltest", isa, strings.Join(missing, ", "))
}

// emulatedFits counts the fits of a batch. It runs the program twice. The first run finds the functions that the
// fits call, so that the second logs only these. A log of everything that setting up the models executes would take
// minutes.
func emulatedFits(e emulator, p *program, isa, batch string) (map[string]count, error) {
	used := map[*symbol]bool{p.begin: true, p.end: true}
	counted := false
	_, err := e.run("in_asm", p.ranges(func(s *symbol) bool { return !s.left }), func(log io.Reader) error {
		return readTranslated(log, func(address uint64) {
			s := p.at(address)
			if s == p.begin || s == p.end {
				counted = s == p.begin
			}
			used[s] = used[s] || counted
		})
	}, p.path, workArgument, batch, isa)
	if err != nil {
		return nil, err
	}
	t := &fitTally{program: p}
	ranges := p.ranges(func(s *symbol) bool { return s.grows || used[s] && !s.left })
	names, err := e.run("in_asm,exec,nochain", ranges, func(log io.Reader) error { return readTrace(log, t.add) }, p.path, workArgument, batch, isa)
	if err != nil {
		return nil, err
	}
	return t.named(strings.Fields(names))
}

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

// stepArguments make the benchmarks of the steps run once each, with one instruction set.
func stepArguments(isa string) []string {
	return []string{"-test.run", "^$", "-test.bench", "Steps$/^" + isa + "$", "-test.benchtime", "1x"}
}

func complain(missing []string, isa string) error {
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s: no benchmark whose name ends in Steps calls %s: write one in kernel/internal/kerneltest", isa, strings.Join(missing, ", "))
}

// emulatedFits counts the fits of a batch. It runs the program twice: the first time to see which functions the fits are
// made of. To log all that is executed while models are set up would take minutes.
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

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/numa"
	"golang.org/x/term"
)

// compare measures the working tree beside the base commit, writes the result, and returns the exit code.
func compare(ctx context.Context, o options, stdout, stderr io.Writer) (code int, err error) {
	sets, err := o.sets()
	if err != nil {
		return 0, err
	}
	w, err := openWorkshop(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	found, err := w.trees(ctx, o)
	if err != nil {
		return 0, err
	}
	show := newProgress(stderr)
	defer show("")
	pairings, err := w.pair(ctx, o, sets, &found, show)
	if err != nil {
		return 0, err
	}
	where, release, err := o.pin()
	if err != nil {
		return 0, err
	}
	defer release()
	found.where = where
	found.race = newRace(pairings, o.budget)
	if o.disturbed != nil {
		found.race.disturbed = o.disturbed
	}
	found.race.progress = func(r *race) { show(oneLine(r)) }
	if o.rounds != "" {
		file, err := os.Create(o.rounds)
		if err != nil {
			return 0, err
		}
		defer file.Close()
		found.race.record = writeRounds(file)
	}
	err = found.race.run(ctx)
	show("")
	if err != nil && !errors.Is(err, context.Canceled) {
		return 0, err
	}
	found.stopped = err != nil
	found.write(stdout)
	return found.code(), err
}

// code is the exit code: 0 if every step is the same or faster.
func (r result) code() int {
	code := 0
	for _, s := range r.race.sequences {
		switch {
		case s.called == slower:
			return exitSlower
		case s.called == undecided:
			code = exitUndecided
		}
	}
	return code
}

// sets are the instruction sets to measure.
func (o options) sets() ([]string, error) {
	switch {
	case o.set == "":
		isa, err := kernel.ChosenISA()
		return []string{isa}, err
	case o.set == "all":
		return kernel.ISAs(), nil
	case slices.Contains(kernel.ISAs(), o.set):
		return []string{o.set}, nil
	}
	return nil, fmt.Errorf("SET=%s: expected all or one of %s, which this build has for this processor", o.set, strings.Join(kernel.ISAs(), ", "))
}

// pin binds this thread, and so the programs that it starts, to a CPU. It takes the last CPU, because the first ones
// tend to serve interrupts.
func (o options) pin() (where string, release func() error, err error) {
	if !numa.CanPin {
		return "not pinned, which this system does not allow", func() error { return nil }, nil
	}
	allowed, err := numa.Allowed()
	if err != nil {
		return "", nil, err
	}
	cpu := allowed[len(allowed)-1]
	if o.cpu >= 0 {
		cpu = o.cpu
	}
	release, err = numa.Pin(cpu)
	return fmt.Sprintf("on CPU %d", cpu), release, err
}

// trees finds the base commit, makes its tree, and names both.
func (w *workshop) trees(ctx context.Context, o options) (result, error) {
	changed, err := git(ctx, w.top, "status", "--porcelain", "--untracked-files=normal")
	if err != nil {
		return result{}, err
	}
	base := o.base
	if base == "" {
		base = map[bool]string{true: "HEAD", false: "HEAD~1"}[changed != ""]
	}
	commit, err := git(ctx, w.top, "rev-parse", "--verify", "--quiet", "--short", base+"^{commit}")
	if ctx.Err() != nil {
		return result{}, ctx.Err()
	}
	if err != nil {
		return result{}, fmt.Errorf("BASE=%s: there is no such commit here, expected a commit, branch or tag (git log lists them)", base)
	}
	head, err := git(ctx, w.top, "rev-parse", "--short", "HEAD")
	if err != nil {
		return result{}, err
	}
	found := result{base: commit, tree: head}
	if commit != base {
		found.base = fmt.Sprintf("%s (%s)", commit, base)
	}
	if changed != "" {
		found.tree = "the working tree, changed since " + head
	}
	return found, w.checkOut(commit)
}

// pair builds each suite from both trees and finds the steps that are asked for.
func (w *workshop) pair(ctx context.Context, o options, sets []string, found *result, show func(string)) ([]pairing, error) {
	var pairings []pairing
	var all, lacking []step
	for _, s := range suites {
		show("building " + s.folder + " from both trees")
		p, err := w.both(ctx, s, sets, found.base)
		if err != nil {
			return nil, err
		}
		if p.tree == nil {
			continue
		}
		all = append(all, sorted(p.tree.benchmarks)...)
		pairings = append(pairings, p)
	}
	chosen, err := choose(o.step, all)
	if err != nil {
		return nil, err
	}
	for i := range pairings {
		p := &pairings[i]
		for _, s := range chosen {
			if _, ours := p.tree.benchmarks[s]; !ours {
				continue
			}
			if p.base == nil || p.base.benchmarks[s] == "" {
				lacking = append(lacking, s)
			} else {
				p.steps = append(p.steps, s)
			}
		}
		if len(p.steps) > 0 && identical(p.base, p.tree) {
			if o.step == "" {
				found.unmeasured, p.steps = append(found.unmeasured, p.steps...), nil
			} else {
				found.notes = append(found.notes, fmt.Sprintf("Both trees give the same program of %s, bit for bit. Any difference in its times is noise.", p.tree.suite.folder))
			}
		}
	}
	if len(lacking) > 0 {
		found.notes = append(found.notes, fmt.Sprintf("%s has no benchmark of these, which are not compared:\n%s", found.base, listed(lacking)))
	}
	return pairings, nil
}

// both builds a suite from both trees and lists its benchmarks. A program is nil if its tree does not have the
// suite.
func (w *workshop) both(ctx context.Context, s suite, sets []string, base string) (p pairing, err error) {
	for _, of := range []struct {
		program          **program
		tree, file, name string
	}{{&p.tree, w.top, "tree", "the working tree"}, {&p.base, w.base, "base", "BASE=" + base}} {
		if *of.program, err = w.build(ctx, s, of.tree, of.file); err == nil && *of.program != nil {
			err = (*of.program).list(ctx, sets)
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", of.name, err)
		}
	}
	return p, nil
}

// newProgress returns a function that shows a line on a terminal, in place of the line before. An empty line clears
// it.
func newProgress(stderr io.Writer) func(line string) {
	file, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func(string) {}
	}
	return func(line string) { fmt.Fprintf(stderr, "\r\x1b[K%s", line) }
}

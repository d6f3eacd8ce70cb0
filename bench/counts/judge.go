//go:build linux

package main

import "fmt"

// A verdict is the result of comparing a table with the kept one: lines about failures, other lines, and how many
// pieces of work were compared.
type verdict struct {
	failures, notes []string
	compared        int
}

// judge compares what was counted with what was kept. A number that rises by more than 0.5% is a failure, and so is
// a piece of work that only one of the tables has. The number of instructions in Go code depends on the compiler, so
// it is compared only if both tables come from one version of Go.
func judge(kept, now table) verdict {
	var v verdict
	sameGo := kept.version == now.version
	union := table{counts: map[string]count{}}
	for _, t := range []table{kept, now} {
		for name, c := range t.counts {
			union.counts[name] = c
		}
	}
	for _, name := range union.names() {
		before, was := kept.counts[name]
		after, is := now.counts[name]
		at := fmt.Sprintf("%s  %s", now.isa, name)
		switch {
		case !was:
			v.failures = append(v.failures, fmt.Sprintf("%s: found %d instructions, and no line in the kept table", at, after.kernels+after.code))
		case !is:
			v.failures = append(v.failures, fmt.Sprintf("%s: it is gone, but the kept table has %d instructions for it", at, before.kernels+before.code))
		case before.kernels+after.kernels > 0 && v.compare(at, "", before.kernels, after.kernels):
			v.compared++
		case sameGo:
			v.compare(at, " with its Go code", before.kernels+before.code, after.kernels+after.code)
			v.compared++
		case before.kernels+after.kernels > 0:
			v.compared++
		}
	}
	if !sameGo {
		v.notes = append(v.notes, fmt.Sprintf("%s  Go code: not comparable, counted by %s and now by %s; `make counts-keep` counts it anew", now.isa, kept.version, now.version))
	}
	return v
}

// compare adds a line where two numbers differ by more than 0.5%, and reports whether it did.
func (v *verdict) compare(at, what string, before, after int) bool {
	if 1000*after <= 1005*before && 1000*after >= 995*before {
		return false
	}
	line := fmt.Sprintf("%s%s: %d instructions before, %d now", at, what, before, after)
	if before > 0 {
		line += fmt.Sprintf(" (%+.1f%%)", 100*float64(after-before)/float64(before))
	}
	if after > before {
		v.failures = append(v.failures, line)
	} else {
		v.notes = append(v.notes, line)
	}
	return true
}

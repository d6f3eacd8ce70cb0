//go:build linux

package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func tableOf(version string, counts map[string]count) table {
	return table{isa: "avx2", how: "ptrace", version: version, machine: "this one", counts: counts}
}

// TestJudgeFailsWhereANumberRisesByMoreThanHalfAPercent goes through all changes of a number.
func TestJudgeFailsWhereANumberRisesByMoreThanHalfAPercent(t *testing.T) {
	one := func(name string, kernels, code int) map[string]count { return map[string]count{name: {kernels, code}} }
	for name, c := range map[string]struct {
		kept, now table
		failures  []string
		notes     []string
	}{
		"the same":           {kept: tableOf("go1", one("csd/Below", 1000, 0)), now: tableOf("go1", one("csd/Below", 1000, 0))},
		"a rise of 0.5%":     {kept: tableOf("go1", one("csd/Below", 1000, 0)), now: tableOf("go1", one("csd/Below", 1005, 0))},
		"a fall of 0.5%":     {kept: tableOf("go1", one("csd/Below", 1000, 0)), now: tableOf("go1", one("csd/Below", 995, 0))},
		"a step of no calls": {kept: tableOf("go1", one("csd/Below", 0, 0)), now: tableOf("go1", one("csd/Below", 0, 0))},
		"a rise": {kept: tableOf("go1", one("csd/Below", 1000, 0)), now: tableOf("go1", one("csd/Below", 1006, 0)),
			failures: []string{"avx2  csd/Below: 1000 instructions before, 1006 now (+0.6%)"}},
		"a fall": {kept: tableOf("go1", one("csd/Below", 1000, 0)), now: tableOf("go1", one("csd/Below", 900, 0)),
			notes: []string{"avx2  csd/Below: 1000 instructions before, 900 now (-10.0%)"}},
		"new": {kept: tableOf("go1", nil), now: tableOf("go1", one("csd/Below", 900, 0)),
			failures: []string{"avx2  csd/Below: found 900 instructions, and no line in the kept table"}},
		"vanished": {kept: tableOf("go1", one("fit/csdm", 800, 100)), now: tableOf("go1", nil),
			failures: []string{"avx2  fit/csdm: it is gone, but the kept table has 900 instructions for it"}},
		"Go code that rises": {kept: tableOf("go1", one("fit/csdm", 500, 500)), now: tableOf("go1", one("fit/csdm", 500, 510)),
			failures: []string{"avx2  fit/csdm with its Go code: 1000 instructions before, 1010 now (+1.0%)"}},
		"Go code alone": {kept: tableOf("go1", one("fit/csdm", 0, 1000)), now: tableOf("go1", one("fit/csdm", 0, 1010)),
			failures: []string{"avx2  fit/csdm with its Go code: 1000 instructions before, 1010 now (+1.0%)"}},
		"Go code of another version": {kept: tableOf("go1", one("fit/csdm", 500, 500)), now: tableOf("go2", one("fit/csdm", 500, 900)),
			notes: []string{"avx2  Go code: not comparable, counted by go1 and now by go2; `make counts-keep` counts it anew"}},
		"kernels under another version": {kept: tableOf("go1", one("fit/csdm", 500, 500)), now: tableOf("go2", one("fit/csdm", 600, 500)),
			failures: []string{"avx2  fit/csdm: 500 instructions before, 600 now (+20.0%)"},
			notes:    []string{"avx2  Go code: not comparable, counted by go1 and now by go2; `make counts-keep` counts it anew"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := judge(c.kept, c.now)
			if !slices.Equal(v.failures, c.failures) || !slices.Equal(v.notes, c.notes) {
				t.Errorf("failures %q, expected %q; notes %q, expected %q", v.failures, c.failures, v.notes, c.notes)
			}
		})
	}
}

// TestAnotherMachineChangesNoVerdict because all processors with a set execute the same instructions.
func TestAnotherMachineChangesNoVerdict(t *testing.T) {
	kept := tableOf("go1", map[string]count{"csd/Below": {1000, 0}})
	now := kept
	now.machine = "another one"
	if v := judge(kept, now); len(v.failures)+len(v.notes) > 0 {
		t.Errorf("verdict %+v", v)
	}
}

// TestASetThatCannotBeCountedIsNoFailureAndNamesTheMachineOfItsTable is about machines without AVX-512.
func TestASetThatCannotBeCountedIsNoFailureAndNamesTheMachineOfItsTable(t *testing.T) {
	folder := t.TempDir()
	kept := tableOf("go1", map[string]count{"csd/Below": {1000, 0}})
	kept.isa = "avx512"
	writeTable(t, folder, kept)
	lines, failures := report("avx512", table{}, notCounted("this processor does not have it"), folder, false)
	if failures != 0 || len(lines) != 1 || lines[0] != "avx512: not counted: this processor does not have it; the kept table was counted by ptrace on this one" {
		t.Errorf("%d failures: %q", failures, lines)
	}
}

func TestAFallIsReportedWithTheAdviceToKeepIt(t *testing.T) {
	folder := t.TempDir()
	writeTable(t, folder, tableOf("go1", map[string]count{"csd/Below": {1000, 0}}))
	lines, failures := report("avx2", tableOf("go1", map[string]count{"csd/Below": {900, 0}}), nil, folder, false)
	if failures != 0 || !strings.Contains(strings.Join(lines, "\n"), "make counts-keep") {
		t.Errorf("%d failures: %q", failures, lines)
	}
}

func TestATableIsReadAsItWasWritten(t *testing.T) {
	folder := t.TempDir()
	kept := tableOf("go1.26.8", map[string]count{"csd/Below": {1000, 0}, "fit/csdm": {20, 3}})
	writeTable(t, folder, kept)
	got, err := readTable(folder, "avx2")
	if err != nil || !reflect.DeepEqual(got, kept) {
		t.Errorf("read %+v, %v; wrote %+v", got, err, kept)
	}
}

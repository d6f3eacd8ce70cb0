package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A step is a piece of work that gets a verdict: a step of a kernel, or a whole fit of a model, on one instruction
// set.
type step struct{ name, set string }

// A suite is a package with benchmarks of steps. Its families say which benchmarks these are.
type suite struct {
	folder   string // in the module
	name     string // of its program
	families []family
}

// A family has the sub-benchmarks of one benchmark.
type family struct {
	name      string // the beginning of its steps' names
	benchmark string
	set       string // the element of a sub-benchmark's path that names the instruction set, %s
}

// suites are the packages whose benchmarks are compared. The names of steps are made from the paths of
// sub-benchmarks, so that a new step needs no entry here.
var suites = []suite{
	{"kernel/internal/kerneltest", "steps", []family{
		{"csd", "CSDSteps", "%s"}, {"tensor", "TensorSteps", "%s"}, {"tensorfit", "TensorFitSteps", "%s"},
		{"fraction", "FractionSteps", "%s"}, {"qp", "QPSteps", "%s"}, {"nnls", "NNLSSteps", "%s"}, {"peaks", "PeaksSteps", "%s"},
	}},
	{"fit", "fits", []family{{"fit", "Block", "isa=%s"}}},
}

// all matches the benchmarks of a suite on some sets.
func (s suite) all(sets []string) string {
	var patterns []string
	for _, f := range s.families {
		for _, set := range sets {
			patterns = append(patterns, fmt.Sprintf("^Benchmark%s$/^%s$", f.benchmark, fmt.Sprintf(f.set, set)))
		}
	}
	return strings.Join(patterns, "|")
}

// stepOf is the step that a benchmark times, given its name without "Benchmark". As in BENCHMARKS.md, the precision
// double is left out of the name: csd/Factorise, csd/single/Factorise, fit/csdm.
func (s suite) stepOf(benchmark string, sets []string) (step, bool) {
	path := strings.Split(benchmark, "/")
	for _, f := range s.families {
		for _, set := range sets {
			if len(path) < 3 || path[0] != f.benchmark || path[1] != fmt.Sprintf(f.set, set) {
				continue
			}
			rest := path[2:]
			if rest[0] == "double" && len(rest) > 1 {
				rest = rest[1:]
			}
			return step{f.name + "/" + strings.TrimPrefix(strings.Join(rest, "/"), "model="), set}, true
		}
	}
	return step{}, false
}

// pattern matches benchmarks by their names and nothing else.
func pattern(benchmarks []string) string {
	var patterns []string
	for _, b := range benchmarks {
		var elements []string
		for element := range strings.SplitSeq("Benchmark"+b, "/") {
			elements = append(elements, "^"+regexp.QuoteMeta(element)+"$")
		}
		patterns = append(patterns, strings.Join(elements, "/"))
	}
	return strings.Join(patterns, "|")
}

// choose returns the steps that names ask for. names has names of steps separated by commas, or beginnings of names
// up to a slash, as csd or tensor/single. An empty text asks for all steps.
func choose(names string, steps []step) ([]step, error) {
	if names == "" {
		return steps, nil
	}
	chosen := map[step]bool{}
	for name := range strings.SplitSeq(names, ",") {
		found := false
		for _, s := range steps {
			if s.name == name || strings.HasPrefix(s.name, name+"/") {
				chosen[s], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("STEP=%s: there is no step %q here, expected one of these (or a beginning as csd, or several with commas):\n%s",
				names, name, listed(steps))
		}
	}
	return slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return !chosen[s] }), nil
}

// listed lists the names of steps, with lines of its own for each family.
func listed(steps []step) string {
	families, names := []string{}, map[string][]string{}
	for _, s := range steps {
		family := s.name[:strings.LastIndex(s.name, "/")]
		if names[family] == nil {
			families = append(families, family)
		}
		if !slices.Contains(names[family], s.name) {
			names[family] = append(names[family], s.name)
		}
	}
	var lines []string
	for _, family := range families {
		lines = append(lines, wrapped(names[family], 118)...)
	}
	return "  " + strings.Join(lines, "\n  ")
}

// wrapped joins words to lines of at most that width.
func wrapped(words []string, width int) []string {
	var lines []string
	line := ""
	for _, word := range words {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// sorted lists the keys of a map of steps, by set and name.
func sorted[V any](m map[step]V) []step {
	return slices.SortedFunc(maps.Keys(m), func(a, b step) int {
		if a.set != b.set {
			return strings.Compare(a.set, b.set)
		}
		return strings.Compare(a.name, b.name)
	})
}

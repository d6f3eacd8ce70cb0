package study

import (
	"cmp"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/study/internal/words"
)

// A Variant is a condition without its CPU count and its data. In a figure, dashes and marks stand for it. Variants can
// be compared with ==.
type Variant struct {
	host, engine, isa string
	pinned            bool
	schedule          string
	pin, places       string
	nodes             int
}

// Variants are the variants of a summary and their names. A name has as few words as are needed to tell it from the
// others, so that legends stay short.
type Variants struct {
	All     []Variant // our own engine first, else in the order of the lines
	byNodes bool
}

// Variants finds the variants of the lines.
func (s Summary) Variants() Variants {
	var n Variants
	for i, l := range s.Lines {
		for _, m := range s.Lines[:i] {
			c := m.Condition
			c.Nodes = l.Nodes
			n.byNodes = n.byNodes || c == l.Condition
		}
	}
	for _, l := range s.Lines {
		if v := n.Of(l.Condition); !slices.Contains(n.All, v) {
			n.All = append(n.All, v)
		}
	}
	// our own engine first: it gets the plain dashes and the first colour
	slices.SortStableFunc(n.All, func(a, b Variant) int { return cmp.Compare(rank(a), rank(b)) })
	return n
}

func rank(v Variant) int {
	switch {
	case v.engine == "voxfit":
		return 0
	case strings.HasPrefix(v.engine, "voxfit"):
		return 1
	}
	return 2
}

// Of returns a condition's variant. The number of nodes commonly follows from the number of CPUs. It distinguishes
// variants only where the same CPU count was run on different numbers of nodes.
func (n Variants) Of(c Condition) Variant {
	v := Variant{host: c.Host, engine: c.Engine, isa: c.ISA, pinned: c.Pinned, schedule: c.Schedule, pin: c.Pin, places: c.Places}
	if n.byNodes {
		v.nodes = c.Nodes
	}
	return v
}

// Name returns a variant's name: the engine, then each of instruction set, schedule, pinning, places and nodes with
// which the engine was run in several ways, and the host where there are several.
func (n Variants) Name(v Variant) string {
	several := func(differ func(w Variant) bool, sameEngine bool) bool {
		return slices.ContainsFunc(n.All, func(w Variant) bool {
			return differ(w) && (!sameEngine || w.engine == v.engine && w.host == v.host)
		})
	}
	parts := []string{v.engine}
	if v.isa != "" && several(func(w Variant) bool { return w.isa != v.isa }, true) {
		parts = append(parts, v.isa)
	}
	if v.schedule != "" && several(func(w Variant) bool { return w.schedule != v.schedule }, true) {
		parts = append(parts, v.schedule)
	}
	switch {
	case v.pin != "" && several(func(w Variant) bool { return w.pin != v.pin }, true):
		parts = append(parts, "pin "+v.pin)
	case several(func(w Variant) bool { return w.pinned != v.pinned }, true):
		parts = append(parts, map[bool]string{true: "pinned", false: "not pinned"}[v.pinned])
	}
	if v.places != "" && several(func(w Variant) bool { return w.places != v.places }, true) {
		parts = append(parts, "places "+v.places)
	}
	if several(func(w Variant) bool { return w.nodes != v.nodes }, true) {
		parts = append(parts, words.Count(v.nodes, "node"))
	}
	name := strings.Join(parts, ", ")
	if v.host != "" && several(func(w Variant) bool { return w.host != v.host }, false) {
		name += " on " + v.host
	}
	return name
}

package study

import (
	"cmp"
	"slices"
	"strings"

	modelname "github.com/voxfit/voxfit/model/name"
)

// A variant is a condition without its CPU count and its data: what a line's dashes and marks
// stand for.
type variant struct {
	host, engine, isa string
	pinned            bool
	schedule          string
	pin, places       string
	nodes             int
}

// A naming tells the variants of a summary apart with as few words as will do: the shorter the
// name, the better a legend reads.
type naming struct {
	all     []variant // our own engine first, else in the order of the lines
	byNodes bool
}

func (s Summary) naming() naming {
	var n naming
	for i, l := range s.Lines {
		for _, m := range s.Lines[:i] {
			c := m.Condition
			c.Nodes = l.Nodes
			n.byNodes = n.byNodes || c == l.Condition
		}
	}
	for _, l := range s.Lines {
		if v := n.of(l.Condition); !slices.Contains(n.all, v) {
			n.all = append(n.all, v)
		}
	}
	// our own engine first: it gets the plain dashes and the first colour
	slices.SortStableFunc(n.all, func(a, b variant) int { return cmp.Compare(rank(a), rank(b)) })
	return n
}

func rank(v variant) int {
	switch {
	case v.engine == "voxfit":
		return 0
	case strings.HasPrefix(v.engine, "voxfit"):
		return 1
	}
	return 2
}

// of is a condition's variant. The number of nodes commonly follows from the number of CPUs, and
// makes a variant only where the same CPU count was run on different numbers of nodes.
func (n naming) of(c Condition) variant {
	v := variant{host: c.Host, engine: c.Engine, isa: c.ISA, pinned: c.Pinned, schedule: c.Schedule, pin: c.Pin, places: c.Places}
	if n.byNodes {
		v.nodes = c.Nodes
	}
	return v
}

// index is the variant's place among all, for its dashes and marks.
func (n naming) index(v variant) int { return slices.Index(n.all, v) }

// name is the engine, with instruction set, schedule, pinning, places and nodes where the engine was
// run with several of them, and the host where there are several.
func (n naming) name(v variant) string {
	several := func(differ func(w variant) bool, sameEngine bool) bool {
		return slices.ContainsFunc(n.all, func(w variant) bool {
			return differ(w) && (!sameEngine || w.engine == v.engine && w.host == v.host)
		})
	}
	words := []string{v.engine}
	if v.isa != "" && several(func(w variant) bool { return w.isa != v.isa }, true) {
		words = append(words, v.isa)
	}
	if v.schedule != "" && several(func(w variant) bool { return w.schedule != v.schedule }, true) {
		words = append(words, v.schedule)
	}
	switch {
	case v.pin != "" && several(func(w variant) bool { return w.pin != v.pin }, true):
		words = append(words, "pin "+v.pin)
	case several(func(w variant) bool { return w.pinned != v.pinned }, true):
		words = append(words, map[bool]string{true: "pinned", false: "not pinned"}[v.pinned])
	}
	if v.places != "" && several(func(w variant) bool { return w.places != v.places }, true) {
		words = append(words, "places "+v.places)
	}
	if several(func(w variant) bool { return w.nodes != v.nodes }, true) {
		words = append(words, countOf(v.nodes, "node"))
	}
	name := strings.Join(words, ", ")
	if v.host != "" && several(func(w variant) bool { return w.host != v.host }, false) {
		name += " on " + v.host
	}
	return name
}

// A panelKey is one panel of a figure: one model on one data set.
type panelKey struct {
	model  string
	voxels int
}

func (k panelKey) title() string {
	return shorten(modelname.WordsOf(k.model), 44) + ", " + countOfVoxels(k.voxels)
}

// panels are the models and data sets of the lines, by model, the larger data set first.
func (s Summary) panels() []panelKey {
	var keys []panelKey
	for _, l := range s.Lines {
		keys = append(keys, panelKey{l.Model, l.Voxels})
	}
	return sortedPanels(keys)
}

// panelsAndSerial are the panels and the data sets on which only serial runs were made.
func (s Summary) panelsAndSerial() []panelKey {
	keys := s.panels()
	for _, b := range s.Serial {
		keys = append(keys, panelKey{b.Model, b.Voxels})
	}
	return sortedPanels(keys)
}

func sortedPanels(keys []panelKey) []panelKey {
	slices.SortFunc(keys, func(a, b panelKey) int {
		return cmp.Or(cmp.Compare(a.model, b.model), cmp.Compare(b.voxels, a.voxels))
	})
	return slices.Compact(keys)
}

func (s Summary) linesOf(k panelKey) []Line {
	var lines []Line
	for _, l := range s.Lines {
		if l.Model == k.model && l.Voxels == k.voxels {
			lines = append(lines, l)
		}
	}
	return lines
}

// largest returns the lines of a model on its largest data set: the ones to lay behind another
// study's.
func (s Summary) largest(model string) []Line {
	for _, k := range s.panels() { // the larger first
		if k.model == model {
			return s.linesOf(k)
		}
	}
	return nil
}

// cpuCounts are the CPU counts of the lines, ascending.
func (s Summary) cpuCounts() []int {
	var cpus []int
	for _, l := range s.Lines {
		if !slices.Contains(cpus, l.CPUs) {
			cpus = append(cpus, l.CPUs)
		}
	}
	slices.Sort(cpus)
	return cpus
}

func countOfVoxels(n int) string {
	if n == 1 {
		return "1 voxel"
	}
	return thousands(n) + " voxels"
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

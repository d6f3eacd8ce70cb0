package numa

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Places lists CPUs in the order in which workers should be put on them, so that the first n entries are the places of
// n workers. Only CPUs of allowed are used. spec is
//
//   - "close": cores in the order of nodes and complexes, one node filled before the next;
//   - "spread": nodes in turn, and within each node its complexes in turn;
//   - a list such as "0,4,8-11", which is kept in its order.
//
// With "close" and "spread", faster kinds of cores come before slower ones, and the first hardware threads of all cores
// come before the second ones, because two threads of a core share its arithmetic units. Without smt the second ones
// are left out.
func (m Machine) Places(spec string, allowed []int, smt bool) ([]int, error) {
	var places []int
	switch spec {
	case "close", "spread":
		places = m.ordered(spec == "spread", allowed)
	default:
		for part := range strings.SplitSeq(spec, ",") {
			cpus, err := parseCPUList(part)
			if err != nil || len(cpus) == 0 {
				return nil, fmt.Errorf("numa: places %q: expected close, spread, or CPUs such as 0,4,8-11", spec)
			}
			places = append(places, cpus...)
		}
		for i, cpu := range places {
			if !slices.Contains(allowed, cpu) || slices.Contains(places[:i], cpu) {
				return nil, fmt.Errorf("numa: places %q: found CPU %d, expected each once and out of the allowed %s",
					spec, cpu, formatCPUList(sorted(allowed)))
			}
		}
	}
	if !smt {
		places = m.onePerCore(places)
	}
	return places, nil
}

func (m Machine) ordered(spread bool, allowed []int) []int {
	type key struct{ thread, kind, a, b, c, core int }
	keys := map[int]key{}
	inNode, inComplex := map[int][]int{}, map[int]int{} // complexes seen of a node; cores seen of a complex
	for i, core := range m.Cores {
		cpus := intersect(core.CPUs, sorted(allowed))
		if len(cpus) == 0 {
			continue
		}
		first, _ := m.CPU(core.CPUs[0])
		kind := 0
		if core.Kind == Efficiency {
			kind = 1
		}
		if !slices.Contains(inNode[core.Node], first.Complex) {
			inNode[core.Node] = append(inNode[core.Node], first.Complex)
		}
		k := key{kind: kind, a: core.Node, b: first.Complex, core: i}
		if spread {
			k.a, k.b, k.c = inComplex[first.Complex], slices.Index(inNode[core.Node], first.Complex), core.Node
		}
		inComplex[first.Complex]++
		for thread, cpu := range cpus {
			k.thread = thread
			keys[cpu] = k
		}
	}
	places := make([]int, 0, len(keys))
	for cpu := range keys {
		places = append(places, cpu)
	}
	slices.SortFunc(places, func(x, y int) int {
		s, t := keys[x], keys[y]
		return cmp.Or(cmp.Compare(s.thread, t.thread), cmp.Compare(s.kind, t.kind), cmp.Compare(s.a, t.a),
			cmp.Compare(s.b, t.b), cmp.Compare(s.c, t.c), cmp.Compare(s.core, t.core))
	})
	return places
}

// onePerCore keeps the first CPU of each core.
func (m Machine) onePerCore(cpus []int) []int {
	seen := map[int]bool{}
	var kept []int
	for _, id := range cpus {
		c, known := m.CPU(id)
		if known && seen[c.Core] {
			continue
		}
		seen[c.Core] = seen[c.Core] || known
		kept = append(kept, id)
	}
	return kept
}

// CoresOf counts the physical cores that some CPUs belong to.
func (m Machine) CoresOf(cpus []int) int { return len(m.onePerCore(cpus)) }

package main

import (
	"fmt"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study/kit"
)

// measureBandwidth lets all allowed CPUs of each node read memory of each node, for one pair of nodes after another.
// With a quota they are as many as it pays for: more would wait for the quota, as if other programs had the CPUs.
func measureBandwidth(allowed []int) (kit.Bandwidth, error) {
	var b kit.Bandwidth
	machine := numa.Describe()
	var readers [][]int
	most := defaultWorkers(allowed)
	for _, node := range machine.Nodes {
		cpus := allowedOf(node, allowed)
		b.Nodes = append(b.Nodes, node.ID)
		readers = append(readers, cpus[:min(most, len(cpus))])
	}
	bytes := blockBytes(machine, readers)
	var failed error
	for i, cpus := range readers {
		row := make([]float64, len(b.Nodes))
		for k, node := range b.Nodes {
			read := func() float64 {
				rate, err := readFrom(node, bytes)
				if err != nil {
					failed = err
				}
				return rate
			}
			var use calm.Use
			row[k], use = onEach(cpus, read)
			b.Disturbed = b.Disturbed || use.Disturbed()
			if i == k && len(cpus) > 0 && b.OneCore == 0 {
				b.OneCore, use = onEach(cpus[:1], read)
				b.Disturbed = b.Disturbed || use.Disturbed()
			}
		}
		b.Read = append(b.Read, row)
	}
	return b, failed
}

// blockBytes returns how much each CPU reads: far more than its caches hold, but no more than an eighth of the memory
// of the smallest node for all CPUs of a node together.
func blockBytes(machine numa.Machine, readers [][]int) int {
	most, least := 1, int64(64<<30)
	for i, cpus := range readers {
		most = max(most, len(cpus))
		if memory := machine.Nodes[i].Memory; memory > 0 {
			least = min(least, memory)
		}
	}
	return int(max(4<<20, min(128<<20, least/int64(8*most))))
}

// readFrom returns the rate at which this thread reads a block on a node.
func readFrom(node, bytes int) (float64, error) {
	pages, err := numa.NewPages(bytes)
	if err != nil {
		return 0, fmt.Errorf("bandwidth: %w", err)
	}
	defer pages.Free()
	if err := pages.Prefer(0, bytes, node); err != nil && len(numa.Describe().Nodes) > 1 {
		return 0, fmt.Errorf("bandwidth: %w", err)
	}
	return readRateOf(numa.SliceOf[float64](pages, bytes/8)), nil
}

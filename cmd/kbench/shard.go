package main

import (
	"fmt"
	"strings"

	"github.com/voxfit/voxfit/kernel"
)

// A shard is the i-th of n nearly equal parts of the masked voxels, counted from 1: "2/8". Its maps are zero in other
// parts, whose status is NotInShard. kbench merge joins the maps of all shards.
type shard struct{ part, of int }

func (s *shard) String() string {
	if s.of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.part, s.of)
}

func (s *shard) Type() string { return "i/n" }

func (s *shard) Set(text string) error {
	var rest string
	if n, _ := fmt.Sscanf(strings.Replace(text, "/", " ", 1)+" .", "%d %d %s", &s.part, &s.of, &rest); n != 3 ||
		rest != "." || s.part < 1 || s.part > s.of {
		*s = shard{}
		return fmt.Errorf("expected i/n with 1 <= i <= n, as 2/8")
	}
	return nil
}

// voxels returns the shard's voxels.
func (s shard) voxels(index []int) []int {
	if s.of == 0 {
		return index
	}
	begin, end := s.interval(len(index))
	return index[begin:end]
}

// interval returns the range of the shard's voxels among the n voxels of the mask.
func (s shard) interval(n int) (begin, end int) {
	if s.of == 0 {
		return 0, n
	}
	return n * (s.part - 1) / s.of, n * s.part / s.of
}

// statusOfMask returns the status of all n voxels of the mask: own for the shard's voxels, and NotInShard for the
// others.
func (s shard) statusOfMask(n int, own []float32) []float32 {
	if s.of == 0 {
		return own
	}
	begin, end := s.interval(n)
	all := make([]float32, n)
	for v := range all {
		all[v] = float32(kernel.NotInShard)
	}
	copy(all[begin:end], own)
	return all
}

// label returns the value of the entity desc in file names, which distinguishes shards.
func (s shard) label() string {
	if s.of == 0 {
		return ""
	}
	return fmt.Sprintf("shard%dof%d", s.part, s.of)
}

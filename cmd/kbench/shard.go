package main

import (
	"fmt"
	"strings"
)

// A shard is the i-th of n nearly equal parts of the masked voxels, counted from 1: "2/8". Its maps
// are zero elsewhere, so the maps of all shards add up to those of the whole.
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
		return fmt.Errorf("want i/n with 1 <= i <= n, as 2/8")
	}
	return nil
}

// voxels returns the shard's voxels.
func (s shard) voxels(index []int) []int {
	if s.of == 0 {
		return index
	}
	return index[len(index)*(s.part-1)/s.of : len(index)*s.part/s.of]
}

// label is the value of the entity desc in file names, which tells shards apart.
func (s shard) label() string {
	if s.of == 0 {
		return ""
	}
	return fmt.Sprintf("shard%dof%d", s.part, s.of)
}

package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// roundsHeader names the columns of a file of rounds: microseconds a voxel of both trees' two runs, and the smallest share of
// the CPU that any of the round's runs had.
var roundsHeader = []string{"round", "step", "set", "base1_us", "tree1_us", "tree2_us", "base2_us", "share"}

// writeRounds returns a function that writes a round's rows. Those of a disturbed round that ended early have empty times.
func writeRounds(w io.Writer) func(round) {
	out := csv.NewWriter(w)
	out.Write(roundsHeader)
	n := 0
	return func(q round) {
		n++
		share := 1.0
		for _, s := range []sample{q.base[0], q.tree[0], q.tree[1], q.base[1]} {
			if s.times != nil {
				share = min(share, s.use.Share())
			}
		}
		for _, s := range q.steps {
			row := []string{strconv.Itoa(n), s.name, s.set}
			for _, sample := range []sample{q.base[0], q.tree[0], q.tree[1], q.base[1]} {
				us := ""
				if t, ok := sample.times[s]; ok {
					us = strconv.FormatFloat(t.us, 'g', -1, 64)
				}
				row = append(row, us)
			}
			out.Write(append(row, fmt.Sprintf("%.3f", share)))
		}
		out.Flush()
	}
}

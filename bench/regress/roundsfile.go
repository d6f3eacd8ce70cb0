package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// roundsHeader names the columns of a file of rounds: microseconds a voxel of both trees' runs, and the smaller of their shares
// of the CPU.
var roundsHeader = []string{"round", "step", "set", "base_us", "tree_us", "share"}

// writeRounds returns a function that writes a round's rows. A run that a disturbed round ended without has an empty time.
func writeRounds(w io.Writer) func(round) {
	out := csv.NewWriter(w)
	out.Write(roundsHeader)
	n := 0
	return func(q round) {
		n++
		share := 1.0
		for _, s := range []sample{q.base, q.tree} {
			if s.times != nil {
				share = min(share, s.use.Share())
			}
		}
		for _, s := range q.steps {
			row := []string{strconv.Itoa(n), s.name, s.set}
			for _, sample := range []sample{q.base, q.tree} {
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

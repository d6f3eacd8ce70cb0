package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
)

// roundsHeader names the columns of a file of rounds: the shortest time in each tree's run, in microseconds a voxel,
// their ratio by the rule (round.logRatio), and the smaller of their shares of the CPU.
var roundsHeader = []string{"round", "step", "set", "base_us", "tree_us", "ratio", "share"}

// writeRounds returns a function that writes a round's rows. A time is empty if a disturbed round ended before that
// run.
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
				if times := sample.times[s]; len(times) > 0 {
					us = strconv.FormatFloat(shortest(times).us, 'g', -1, 64)
				}
				row = append(row, us)
			}
			ratio := ""
			if row[3] != "" && row[4] != "" {
				ratio = strconv.FormatFloat(math.Exp(q.logRatio(s)), 'g', 6, 64)
			}
			out.Write(append(row, ratio, fmt.Sprintf("%.3f", share)))
		}
		out.Flush()
	}
}

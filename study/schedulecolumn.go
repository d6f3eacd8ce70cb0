package study

import (
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/study/internal/cells"
)

// scheduleColumns were added later and therefore stand at the end: what was asked of the schedule, and what was counted
// beside the times.
var scheduleColumns = []column{
	accountColumn("first_touch_s", func(r *Record) *float64 { return &r.FirstTouch }),
	textColumn("schedule", false, func(r *Record) *string { return &r.Schedule }),
	textColumn("pin", false, func(r *Record) *string { return &r.Pin }),
	textColumn("places", false, func(r *Record) *string { return &r.Places }),
	countColumn("cores", 0, false, func(r *Record) *int { return &r.Cores }),
	tallyColumn("chunks_run", Record.HasAccount, func(r *Record) *int64 { return &r.ChunksRun }),
	tallyColumn("chunks_stolen", Record.HasAccount, func(r *Record) *int64 { return &r.ChunksStolen }),
	measureColumn("chunk_median_s", "seconds", func(r *Record) *float64 { return &r.ChunkMedian }),
	measureColumn("chunk_p99_s", "seconds", func(r *Record) *float64 { return &r.ChunkP99 }),
	tallyColumn("local_bytes", Record.hasPlacement, func(r *Record) *int64 { return &r.LocalBytes }),
	tallyColumn("far_bytes", Record.hasPlacement, func(r *Record) *int64 { return &r.FarBytes }),
	tallyColumn("voluntary_switches", Record.HasAccount, func(r *Record) *int64 { return &r.VoluntarySwitches }),
	tallyColumn("involuntary_switches", Record.HasAccount, func(r *Record) *int64 { return &r.InvoluntarySwitches }),
	tallyColumn("migrations", Record.HasAccount, func(r *Record) *int64 { return &r.Migrations }),
	tallyColumn("instructions", Record.hasCounters, func(r *Record) *int64 { return &r.Instructions }),
	tallyColumn("cycles", Record.hasCounters, func(r *Record) *int64 { return &r.Cycles }),
	tallyColumn("llc_misses", Record.hasCounters, func(r *Record) *int64 { return &r.CacheMisses }),
	usedColumn("cpu_s", func(r *Record) *float64 { return &r.CPUTime }),
	usedColumn("taken_s", func(r *Record) *float64 { return &r.Taken }),
	usedColumn("host_steal_s", func(r *Record) *float64 { return &r.HostSteal }),
	{"disturbed", false, formatDisturbed, checkDisturbed},
	countColumn("tries", 0, false, func(r *Record) *int { return &r.Tries }),
	usedColumn("late_s", func(r *Record) *float64 { return &r.Late }),
}

// usedColumn is a column of seconds that are known where the run's own CPU time is known.
func usedColumn(name string, field func(*Record) *float64) column {
	c := measureColumn(name, "seconds summed over the CPUs", field)
	c.get = func(r *Record) string {
		if !r.HasUse() {
			return ""
		}
		return cells.Float(*field(r))
	}
	return c
}

// formatDisturbed writes the mark, which follows from the other columns.
func formatDisturbed(r *Record) string {
	if !r.HasUse() {
		return ""
	}
	return strconv.FormatBool(r.Disturbed())
}

// checkDisturbed reads the mark. It is not kept, because it follows from the other columns.
func checkDisturbed(_ *Record, s string) error {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	if _, err := strconv.ParseBool(s); err != nil {
		return cells.Wrong("disturbed", s, "true or false")
	}
	return nil
}

// tallyColumn is a column of a count that may be zero. recorded says whether it was counted.
func tallyColumn(name string, recorded func(Record) bool, field func(*Record) *int64) column {
	return column{name, false,
		func(r *Record) string {
			if !recorded(*r) {
				return ""
			}
			return strconv.FormatInt(*field(r), 10)
		},
		func(r *Record, s string) error {
			n, err := parseWhole(s)
			if err != nil || n < 0 {
				return cells.Wrong(name, s, "a whole number from 0")
			}
			*field(r) = n
			return nil
		}}
}

// hasCounters reports whether the processor's counters were read.
func (r Record) hasCounters() bool { return r.Instructions > 0 }

func (r Record) hasPlacement() bool { return r.LocalBytes+r.FarBytes > 0 }

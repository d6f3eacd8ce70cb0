package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/voxfit/voxfit/internal/plural"
)

// A result is what a run has found. It is written as a table.
type result struct {
	base, tree string // what was compared
	where      string // the CPU
	race       *race
	unmeasured []step   // steps whose program is the same in both trees, bit for bit
	notes      []string // what a commit lacks, and the like
	stopped    bool     // by Ctrl-C
}

// rows is how many steps with the verdict same, or undecided, can each have a line. If there are more, there is a
// line for each family.
const rows = 12

// write lists the steps that are slower, faster, the same and undecided, in one screen, and then the rounds that
// were thrown away.
func (r result) write(w io.Writer) {
	fmt.Fprintf(w, "time of %s over that of %s, %s\n", r.tree, r.base, r.where)
	called := map[verdict][]step{}
	for _, s := range sorted(r.race.sequences) {
		v := r.race.sequences[s].called
		called[v] = append(called[v], s)
	}
	r.section(w, "slower beyond noise", called[slower])
	r.section(w, "faster", called[faster])
	if len(called[same]) > rows {
		r.families(w, called[same])
	} else {
		r.section(w, "same", called[same])
	}
	if len(r.unmeasured) > 0 {
		fmt.Fprintf(w, "%-20s %d, not measured because both trees give the same program, bit for bit\n", "same", len(r.unmeasured))
		fmt.Fprintln(w, listed(r.unmeasured))
	}
	if len(called[undecided]) > rows {
		fmt.Fprintf(w, "%-20s %d\n%s\n", "undecided", len(called[undecided]), listed(called[undecided]))
	} else {
		r.section(w, "undecided", called[undecided])
	}
	r.account(w, len(called[undecided]))
	for _, note := range r.notes {
		fmt.Fprintln(w, note)
	}
}

func (r result) section(w io.Writer, heading string, steps []step) {
	if len(steps) == 0 {
		fmt.Fprintf(w, "%-20s none\n", heading)
		return
	}
	fmt.Fprintf(w, "%-20s %d\n", heading, len(steps))
	for _, s := range steps {
		q := r.race.sequences[s]
		fmt.Fprintf(w, "  %-36s %-8s %s   %s\n", s.name, s.set, q.found, plural.Count(len(q.rounds), "round"))
	}
}

// families describes steps with the verdict same in few lines: from where to where the ratios of a family reach, and
// its intervals.
func (r result) families(w io.Writer, steps []step) {
	fmt.Fprintf(w, "%-20s %d; each family has its lowest and highest ratio, and in brackets its outermost bounds\n", "same", len(steps))
	for len(steps) > 0 {
		family, set := steps[0].name[:strings.LastIndex(steps[0].name, "/")+1], steps[0].set
		low, high, outer := math.Inf(1), 0.0, interval{math.NaN(), math.Inf(1), 0}
		n := 0
		for _, s := range steps {
			if s.set != set || s.name[:strings.LastIndex(s.name, "/")+1] != family {
				break
			}
			found := r.race.sequences[s].found
			low, high = min(low, found.ratio), max(high, found.ratio)
			outer.low, outer.high = min(outer.low, found.low), max(outer.high, found.high)
			n++
		}
		fmt.Fprintf(w, "  %-36s %-8s %.3f - %.3f (%.3f - %.3f)   %s\n", family, set, low, high, outer.low, outer.high, plural.Count(n, "step"))
		steps = steps[n:]
	}
}

// account says how many rounds the verdicts rest on, and why some steps have no verdict.
func (r result) account(w io.Writer, undecided int) {
	all := r.race.kept + r.race.thrown
	fmt.Fprintf(w, "\n%s in %s; %d thrown away, in which other programs took more than a twentieth of the CPU\n",
		plural.Count(all, "round"), r.race.spent.Round(time.Second), r.race.thrown)
	switch {
	case r.stopped:
		fmt.Fprintln(w, "stopped before the budget was spent: more rounds might have decided what is undecided")
	case undecided > 0 && 2*r.race.thrown > all:
		fmt.Fprintln(w, "undecided because other programs used the CPU: repeat on a calm machine")
	case undecided > 0:
		fmt.Fprintln(w, "undecided when the budget was spent: the change is close to 1%, or the times scatter, as they do while programs run on other CPUs of the core. A larger BUDGET may decide, or fewer steps (STEP)")
	}
}

func (i interval) String() string {
	switch {
	case math.IsNaN(i.ratio):
		return "no round        "
	case math.IsInf(i.high, 1):
		return fmt.Sprintf("%.3f (too few)  ", i.ratio)
	}
	return fmt.Sprintf("%.3f (%.3f - %.3f)", i.ratio, i.low, i.high)
}

// oneLine describes the state of a race while it goes on.
func oneLine(r *race) string {
	open := 0
	for _, s := range r.sequences {
		if s.called == undecided {
			open++
		}
	}
	return fmt.Sprintf("%s of %s: %d of %d steps undecided, %s, %d thrown away", r.spent.Round(time.Second), r.budget,
		open, len(r.sequences), plural.Count(r.kept+r.thrown, "round"), r.thrown)
}

package study

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study/internal/words"
)

// notes says what a reader of the numbers should know and cannot see from them.
func (s Summary) notes(records []Record, o Options) []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }

	if given := s.givenBaselines(); len(given) > 0 {
		add("Serial times not measured here: %s.", strings.Join(given, "; "))
	}
	if without := s.modelsWithout(func(l Line) bool { return l.Baseline != nil }); len(without) > 0 {
		add("No serial time is known for %s: speed-up and efficiency are not shown.", strings.Join(without, ", "))
	}
	if o.Baseline != "" {
		add("Every speed-up is relative to the engine %s.", cleanText(o.Baseline))
	}
	if s.Disturbed > 0 {
		add("%s Times of these are of a busy machine, and no speed-up is given for them.", s.DisturbedSentence())
	} else if said := s.DisturbedSentence(); said != "" {
		add("%s", said)
	}
	if n := s.impossiblePoints(); n > 0 {
		add("%s faster than the CPUs allow, against the serial runs: these were disturbed, and no speed-up is given there.", areOf(n, "setting"))
	}
	if versions := distinct(records, func(r *Record) string { return cleanText(r.Version) }); len(versions) > 1 {
		add("The runs were made with different versions of the program, which are averaged here: %s.", strings.Join(versions, ", "))
	}
	if campaigns := distinct(records, func(r *Record) string { return r.Campaign }); len(campaigns) > 1 {
		add("The published study's campaigns are pooled: %s.", strings.Join(campaigns, ", "))
	}
	if n := s.pointsOfOneRun(); n > 0 {
		add("%s given one time only (a run's, or the median of some): there is no interval.", areOf(n, "setting"))
	}
	if cpus := s.unpriced(); len(cpus) > 0 {
		add("Not priced: %s CPUs are not in the price table (%s).", strings.Join(cpus, ", "), s.Prices)
	}
	return notes
}

// DisturbedSentence says which settings other programs disturbed in every repetition or, where there are none, how many
// runs were left out. It is empty where no run was disturbed.
func (s Summary) DisturbedSentence() string {
	switch {
	case s.Disturbed > 0:
		return fmt.Sprintf("Other programs took the CPU: %s of %d had no repetition with 95%% of its CPUs (the median run lost %s of them).",
			words.Count(s.Disturbed, "setting"), s.Settings, words.Percent(s.Taken))
	case s.disturbedRuns > 0:
		return fmt.Sprintf("%s disturbed by other programs and left out: there are others of the same setting.", areOf(s.disturbedRuns, "run"))
	}
	return ""
}

func (s Summary) givenBaselines() []string {
	seen := map[string]bool{}
	for _, l := range s.Lines {
		if b := l.Baseline; b != nil && b.Engine == "" {
			seen[fmt.Sprintf("%s %s s (%s)", modelname.WordsOf(b.Model), words.Significant(b.Time.Median, 3), b.Source)] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// modelsWithout names the models, with their voxels, of which some line lacks what has tells.
func (s Summary) modelsWithout(has func(Line) bool) []string {
	seen := map[string]bool{}
	for _, l := range s.Lines {
		if !has(l) {
			seen[fmt.Sprintf("%s on %s voxels (%s)", modelname.WordsOf(l.Model), words.Thousands(l.Voxels), l.Engine)] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func distinct(records []Record, name func(*Record) string) []string {
	seen := map[string]bool{}
	for i := range records {
		if v := name(&records[i]); v != "" {
			seen[v] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func (s Summary) pointsOfOneRun() int {
	n := 0
	for _, l := range s.Lines {
		for _, p := range l.Points {
			if p.Time.N == 1 {
				n++
			}
		}
	}
	return n
}

func disturbedRuns(records []Record) int {
	n := 0
	for i := range records {
		if records[i].Disturbed() {
			n++
		}
	}
	return n
}

// impossiblePoints counts the points with a higher speed-up than their CPUs can give.
func (s Summary) impossiblePoints() int {
	n := 0
	for _, l := range s.Lines {
		for _, p := range l.Points {
			if l.Baseline != nil && !p.SpeedUp.Known() && !p.Disturbed && !l.Baseline.Disturbed {
				n++
			}
		}
	}
	return n
}

func (s Summary) unpriced() []string {
	seen := map[int]bool{}
	for _, l := range s.Lines {
		if l.priceAnHour == 0 {
			seen[l.CPUs] = true
		}
	}
	var cpus []string
	for _, n := range slices.Sorted(maps.Keys(seen)) {
		cpus = append(cpus, fmt.Sprint(n))
	}
	return cpus
}

func areOf(n int, what string) string {
	if n == 1 {
		return "1 " + what + " was"
	}
	return fmt.Sprintf("%d %ss were", n, what)
}

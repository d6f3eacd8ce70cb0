package page

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// speeds are a History with methods that list its steps, sets and commits: each name once, in the order of the records.
type speeds struct{ study.History }

func (h speeds) sets() []string {
	return h.distinct(func(r study.SpeedRecord) string { return r.Set })
}

func (h speeds) commits() []string {
	return h.distinct(func(r study.SpeedRecord) string { return r.Commit })
}

func (h speeds) steps() []string {
	return h.distinct(func(r study.SpeedRecord) string { return r.Step })
}

func (h speeds) families() []string {
	return h.distinct(func(r study.SpeedRecord) string { return familyOf(r.Step) })
}

func (h speeds) distinct(of func(study.SpeedRecord) string) []string {
	var found []string
	for _, r := range h.Records {
		if name := of(r); !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}

// familyOf returns a step's name up to its last slash.
func familyOf(step string) string {
	if i := strings.LastIndex(step, "/"); i > 0 {
		return step[:i]
	}
	return step
}

// of returns the records of a step on a set.
func (h speeds) of(step, set string) []study.SpeedRecord {
	var found []study.SpeedRecord
	for _, r := range h.Records {
		if r.Step == step && r.Set == set {
			found = append(found, r)
		}
	}
	return found
}

// figures draws each family of steps: a panel for each step, a curve for each set over the commits, relative to the first
// commit that has the step. With one commit there is nothing to draw.
func (h speeds) figures() ([]figure, error) {
	if len(h.commits()) < 2 {
		return nil, nil
	}
	var all []figure
	for _, family := range h.families() {
		f := figure{Name: strings.ReplaceAll(family, "/", "-"), Title: family}
		f.Caption = "Time of each step over its time at the first commit recorded, 1 where nothing changed; lower is faster. " +
			"Bars are 95% intervals of the step's own time."
		var err error
		if f.Drawing, err = h.familyFigure(family); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func (h speeds) familyFigure(family string) (drawing.Drawing, error) {
	sh := drawing.Sheet{Title: family}
	ys, drawn := drawing.Range{Low: 0.95, High: 1.05}, map[string]bool{}
	var titles []string
	var panels [][]drawing.Curve
	for _, step := range h.steps() {
		if familyOf(step) != family {
			continue
		}
		curves := h.stepCurves(step)
		for _, k := range curves {
			k.Extend(&drawing.Range{}, &ys)
			drawn[k.Label] = true
		}
		titles, panels = append(titles, step), append(panels, curves)
	}
	var entries []drawing.LegendEntry
	for i, set := range h.sets() {
		if drawn[set] {
			entries = append(entries, drawing.LegendEntry{Words: set, Colour: drawing.Colour(i), Dashes: drawing.Dash(i), Mark: drawing.Mark(i)})
		}
	}
	y := drawing.Axis{Min: ys.Low - 0.01, Max: ys.High + 0.01, Ticks: drawing.LinearTicks{Label: words.Plain}, Level: 1}
	for i, curves := range panels {
		sh.AddCurves(drawing.Words{Title: titles[i], X: "commit", Y: "time / first"}, h.commitAxis(), y, curves)
	}
	sh.Tidy(true)
	sh.Legend = [][]drawing.LegendEntry{entries}
	return sh.Draw()
}

// stepCurves returns a step's times on each set, divided by its first time.
func (h speeds) stepCurves(step string) []drawing.Curve {
	var curves []drawing.Curve
	commits := h.commits()
	for i, set := range h.sets() {
		records := h.of(step, set)
		if len(records) == 0 {
			continue
		}
		k := drawing.Curve{Class: "series", Label: set, Colour: drawing.Colour(i), Dashes: drawing.Dash(i), Mark: drawing.Mark(i), Width: vg.Points(1.5)}
		for _, r := range records {
			first := records[0].Us
			k.Points = append(k.Points, drawing.Point{X: float64(slices.Index(commits, r.Commit)), Y: r.Us / first,
				Low: r.Low / first, High: r.High / first, Place: r.Commit})
		}
		curves = append(curves, k)
	}
	return curves
}

// commitAxis puts the commits side by side. It names as many of them as there is room for, the last one always.
func (h speeds) commitAxis() drawing.Axis {
	commits := h.commits()
	named, every := make(drawing.PlaceTicks, len(commits)), (len(commits)+3)/4
	for i, commit := range commits {
		if (len(commits)-1-i)%every == 0 {
			named[i] = commit
		}
	}
	return drawing.Axis{Min: -0.5, Max: float64(len(commits)) - 0.5, Ticks: named}
}

// changes compares the last commit with the one before it, for each set: it names the steps whose intervals do not
// overlap.
func (h speeds) changes() []string {
	commits := h.commits()
	if len(commits) < 2 {
		return []string{fmt.Sprintf("One commit is recorded, %s, with %s. Curves over the commits are drawn from the second on.", commits[0], words.Count(len(h.Records), "time"))}
	}
	last, before := commits[len(commits)-1], commits[len(commits)-2]
	at := func(records []study.SpeedRecord, commit string) *study.SpeedRecord {
		for i := range records {
			if records[i].Commit == commit {
				return &records[i]
			}
		}
		return nil
	}
	var sentences []string
	for _, set := range h.sets() {
		var longer, shorter []string
		for _, step := range h.steps() {
			records := h.of(step, set)
			a, b := at(records, before), at(records, last)
			switch {
			case a == nil || b == nil:
			case b.Low > a.High:
				longer = append(longer, fmt.Sprintf("%s %.3f", step, b.Us/a.Us))
			case b.High < a.Low:
				shorter = append(shorter, fmt.Sprintf("%s %.3f", step, b.Us/a.Us))
			}
		}
		sentences = append(sentences, fmt.Sprintf("%s, %s after %s, steps whose intervals lie apart (time over time): longer %s; shorter %s.",
			set, last, before, listOr(longer), listOr(shorter)))
	}
	return append(sentences, "Two commits measured on different days differ by the day as well: make bench measures them in alternation.")
}

func listOr(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

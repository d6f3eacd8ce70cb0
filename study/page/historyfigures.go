package page

import (
	"fmt"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// The speeds of a page are a History that can be asked what it has: each name once, in the order of its first record.
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

// familyOf is a step's name up to its last slash.
func familyOf(step string) string {
	if i := strings.LastIndex(step, "/"); i > 0 {
		return step[:i]
	}
	return step
}

// of are the records of a step on a set.
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
// commit that has the step.
func (h speeds) figures() ([]figure, error) {
	var all []figure
	for _, family := range h.families() {
		f := figure{Name: strings.ReplaceAll(family, "/", "-"), Title: family}
		f.Caption = "Time of each step over its time at the first commit recorded, 1 where nothing changed; lower is faster. " +
			"Bars are 95% intervals of the step's own time."
		var err error
		if f.SVG, err = h.familyFigure(family); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func (h speeds) familyFigure(family string) ([]byte, error) {
	sh := sheet{title: family, names: &seriesNames{}}
	ys, drawn := axisRange{0.95, 1.05}, map[string]bool{}
	var titles []string
	var panels [][]curve
	for _, step := range h.steps() {
		if familyOf(step) != family {
			continue
		}
		curves := h.stepCurves(step, sh.names)
		for _, k := range curves {
			k.extend(&axisRange{}, &ys)
			drawn[k.label] = true
		}
		titles, panels = append(titles, step), append(panels, curves)
	}
	var entries []legendEntry
	for i, set := range h.sets() {
		if drawn[set] {
			entries = append(entries, legendEntry{words: set, colour: lineColour(i), dashes: lineDash(i), mark: lineMark(i)})
		}
	}
	for i, curves := range panels {
		p := newPlot(titles[i], "commit", "time / first")
		h.commitAxis(&p.X)
		p.Y.Min, p.Y.Max = ys.low-0.01, ys.high+0.01
		p.Y.Tick.Marker = linearTicks{words.Plain}
		quantity{level: 1}.fill(p, curves, scale{}, scale{})
		sh.panels = append(sh.panels, p)
	}
	tidy(sh.panels)
	sh.legend = [][]legendEntry{entries}
	return sh.draw()
}

// stepCurves are a step's times on each set over its first time.
func (h speeds) stepCurves(step string, names *seriesNames) []curve {
	var curves []curve
	commits := h.commits()
	for i, set := range h.sets() {
		records := h.of(step, set)
		if len(records) == 0 {
			continue
		}
		k := curve{class: "series", label: set, colour: lineColour(i), dashes: lineDash(i), mark: lineMark(i), width: vg.Points(1.5), names: names}
		for _, r := range records {
			first := records[0].Us
			k.points = append(k.points, curvePoint{float64(slices.Index(commits, r.Commit)), r.Us / first, (r.High - r.Low) / 2 / first})
		}
		curves = append(curves, k)
	}
	return curves
}

// commitAxis puts the commits side by side, and names as many as there is room for, the last always.
func (h speeds) commitAxis(a *plot.Axis) {
	commits := h.commits()
	words, every := make(placeTicks, len(commits)), (len(commits)+3)/4
	for i, commit := range commits {
		if (len(commits)-1-i)%every == 0 {
			words[i] = commit
		}
	}
	a.Min, a.Max = -0.5, float64(len(commits))-0.5
	a.Tick.Marker = words
}

// changes says for each set how much the last commit recorded differs from the one before it: the steps whose intervals
// lie apart.
func (h speeds) changes() []string {
	commits := h.commits()
	if len(commits) < 2 {
		return []string{fmt.Sprintf("One commit is recorded, %s, with %s.", commits[0], words.Count(len(h.Records), "time"))}
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

package page

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// studyFigures draws the study's five figures and the account of the workers' time. published may be nil. Otherwise it
// is a summary of the published study's runs: its curves are drawn behind ours for the models that both have, and the
// published report's best results are drawn with them.
func studyFigures(s study.Summary, published *study.Summary) ([]figure, error) {
	d := drawer{results: resultsOf(s)}
	if published != nil {
		behind := resultsOf(*published)
		d.behind = &behind
	}
	var figures []figure
	for _, draw := range []func() (figure, error){
		d.timeFigure, d.speedUpFigure, d.efficiencyFigure, d.peakFigure, d.costFigure, d.splitFigure,
	} {
		f, err := draw()
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// A drawer has what all figures of one report share.
type drawer struct {
	results
	behind *results // the published study's, or nil
}

// A quantity is what a figure shows on its vertical axis.
type quantity struct {
	drawing.Value
	axis string
	of   func(study.Point) study.Stat
}

// chunkFigure draws a quantity by the number of chunks: a panel for each model and data set, a line for each engine and
// CPU count.
func (d drawer) chunkFigure(title string, q quantity) (drawing.Drawing, error) {
	sh := drawing.Sheet{Title: title}
	xs, ys := drawing.EmptyRange(), drawing.EmptyRange()
	type content struct {
		title  string
		curves []drawing.Curve
	}
	var contents []content
	drawn, drawnBehind := map[study.Condition]bool{}, map[int]bool{}
	for _, k := range d.panels() {
		ours := d.curvesOf(d.linesOf(k), q.of, drawn)
		if len(ours) == 0 {
			continue
		}
		c := content{k.title(), append(d.curvesBehind(k.model, q.of, drawnBehind), ours...)}
		for _, v := range c.curves {
			v.Extend(&xs, &ys)
		}
		contents = append(contents, c)
	}
	if len(contents) == 0 {
		return drawing.Drawing{}, nil
	}
	for _, c := range contents {
		panel := drawing.Words{Title: c.title, X: "number of chunks", Y: q.axis}
		sh.AddCurves(panel, xs.LogAxis(1.35, drawing.PowerTicks{Label: drawing.PowerLabel}), ys.ValueAxis(q.Value), c.curves)
	}
	sh.Tidy(true)
	sh.Legend = d.lineLegend(drawn, drawnBehind)
	return sh.Draw()
}

// curvesOf returns the curves of lines by their number of chunks, and notes in drawn which conditions have one. Colour
// stands for the CPU count. Dashes and marks stand for the engine; with one engine, marks stand for the CPU count, too.
func (d drawer) curvesOf(lines []study.Line, of func(study.Point) study.Stat, drawn map[study.Condition]bool) []drawing.Curve {
	var curves []drawing.Curve
	for _, l := range lines {
		points := pointsOf(l, of)
		if len(points) == 0 {
			continue
		}
		drawn[l.Condition] = true
		k := d.lineStyle(l.Condition)
		k.Class, k.Points = "series", points
		k.Label = fmt.Sprintf("%s, %s", d.name(l.Condition), words.Count(l.CPUs, "CPU"))
		curves = append(curves, k)
	}
	return curves
}

func pointsOf(l study.Line, of func(study.Point) study.Stat) []drawing.Point {
	var points []drawing.Point
	for _, p := range l.Points {
		if s := of(p); s.Known() {
			points = append(points, drawing.Around(float64(p.Chunks), s.Median, s.Half))
		}
	}
	return points
}

// numbered says that colours repeat and marks stand for the engine, so that a number at the end of each line has to tell
// its CPU count.
func (d drawer) numbered() bool {
	return len(d.variants.All) > 1 && len(d.cpuCounts()) > drawing.Colours
}

func (d drawer) lineStyle(c study.Condition) drawing.Curve {
	cpu := slices.Index(d.cpuCounts(), c.CPUs)
	v := slices.Index(d.variants.All, d.variants.Of(c))
	mark := v
	if len(d.variants.All) == 1 {
		mark = cpu
	}
	end := ""
	if d.numbered() {
		end = fmt.Sprint(c.CPUs)
	}
	return drawing.Curve{End: end, Colour: drawing.Colour(cpu), Dashes: drawing.Dash(v), Mark: drawing.Mark(mark), Width: vg.Points(1.5)}
}

// curvesBehind returns the published study's curves of a model, on its largest data set, for the background. A number
// at the end of each curve tells its CPU count.
func (d drawer) curvesBehind(model string, of func(study.Point) study.Stat, drawn map[int]bool) []drawing.Curve {
	if d.behind == nil {
		return nil
	}
	var curves []drawing.Curve
	for _, l := range d.behind.largest(model) {
		points := pointsOf(l, of)
		if len(points) == 0 {
			continue
		}
		drawn[l.CPUs] = true
		curves = append(curves, drawing.Curve{
			Class: "behind", Label: fmt.Sprintf("published study: %s, %s", l.Engine, words.Count(l.CPUs, "CPU")),
			Points: points, Colour: drawing.Behind, Width: vg.Points(1), End: fmt.Sprint(l.CPUs),
		})
	}
	return curves
}

// lineLegend says what colours, dashes and marks stand for, and which curves are grey.
func (d drawer) lineLegend(drawn map[study.Condition]bool, behind map[int]bool) [][]drawing.LegendEntry {
	var cpus []drawing.LegendEntry
	for i, n := range d.cpuCounts() {
		if !drawnWith(drawn, func(c study.Condition) bool { return c.CPUs == n }) {
			continue
		}
		e := drawing.LegendEntry{Words: words.Count(n, "CPU"), Colour: drawing.Colour(i)}
		if len(d.variants.All) == 1 {
			e.Mark = drawing.Mark(i)
		}
		cpus = append(cpus, e)
	}
	legend := [][]drawing.LegendEntry{cpus}
	if len(d.variants.All) > 1 {
		legend = append(legend, d.variantLegend(drawn, func(int) color.Color { return drawing.Ink }))
	}
	if d.numbered() {
		legend = append(legend, []drawing.LegendEntry{{Words: "colours repeat: the number at the end of a line is its CPU count", Colour: drawing.Ink}})
	}
	if len(behind) > 0 {
		legend = append(legend, []drawing.LegendEntry{{
			Words:  "published study (DIPY with Ray); the number at the end is its CPU count",
			Colour: drawing.Behind,
		}})
	}
	return legend
}

func drawnWith(drawn map[study.Condition]bool, is func(study.Condition) bool) bool {
	for c := range drawn {
		if is(c) {
			return true
		}
	}
	return false
}

// cpuFigure draws a quantity of each line's best point by the number of CPUs: a panel for each model and data set, a
// line for each engine. reported may be nil. Otherwise it gives the same quantity of the published report.
func (d drawer) cpuFigure(title string, q quantity, reported func(study.PublishedResult) float64) (drawing.Drawing, error) {
	sh := drawing.Sheet{Title: title}
	xs, ys := drawing.EmptyRange(), drawing.EmptyRange()
	var titles []string
	var panels [][]drawing.Curve
	var counts []int
	drawn := map[study.Condition]bool{}
	grey := false
	for _, k := range d.panels() {
		ours := d.curvesOverCPUs(k, q.of, drawn)
		if len(ours) == 0 {
			continue
		}
		curves := ours
		if d.behind != nil {
			if report := reportedCurve(k.model, reported); len(report.Points) > 0 {
				curves, grey = append([]drawing.Curve{report}, ours...), true
			}
		}
		for _, v := range curves {
			v.Extend(&xs, &ys)
			for _, p := range v.Points {
				counts = append(counts, int(p.X))
			}
		}
		titles, panels = append(titles, k.title()), append(panels, curves)
	}
	if len(panels) == 0 {
		return drawing.Drawing{}, nil
	}
	slices.Sort(counts)
	counts = slices.Compact(counts)
	for i, curves := range panels {
		panel := drawing.Words{Title: titles[i], X: "CPUs", Y: q.axis}
		sh.AddCurves(panel, xs.LogAxis(1.3, drawing.CountTicks(counts)), ys.ValueAxis(q.Value), curves)
	}
	sh.Tidy(true)
	sh.Legend = append(sh.Legend, d.variantLegend(drawn, drawing.Colour))
	if grey {
		sh.Legend = append(sh.Legend, []drawing.LegendEntry{{Words: "published report (DIPY with Ray)", Colour: drawing.Behind, Mark: drawing.Mark(3)}})
	}
	return sh.Draw()
}

// curvesOverCPUs joins the best points of each engine's lines, in the order of their CPU counts.
func (d drawer) curvesOverCPUs(k panelKey, of func(study.Point) study.Stat, drawn map[study.Condition]bool) []drawing.Curve {
	var curves []drawing.Curve
	for i, v := range d.variants.All {
		c := drawing.Curve{Class: "series", Label: d.variants.Name(v), Colour: drawing.Colour(i), Dashes: drawing.Dash(i), Mark: drawing.Mark(i),
			Width: vg.Points(1.5)}
		for _, l := range d.linesOf(k) { // ascending CPU counts
			if s := of(l.Best()); d.variants.Of(l.Condition) == v && s.Known() {
				c.Points = append(c.Points, drawing.Around(float64(l.CPUs), s.Median, s.Half))
				drawn[l.Condition] = true
			}
		}
		if len(c.Points) > 0 {
			curves = append(curves, c)
		}
	}
	return curves
}

// variantLegend has the dashes and marks of the variants that were drawn.
func (d drawer) variantLegend(drawn map[study.Condition]bool, colour func(i int) color.Color) []drawing.LegendEntry {
	var entries []drawing.LegendEntry
	for i, v := range d.variants.All {
		if drawnWith(drawn, func(c study.Condition) bool { return d.variants.Of(c) == v }) {
			entries = append(entries, drawing.LegendEntry{Words: words.Shorten(d.variants.Name(v), 60), Colour: colour(i), Dashes: drawing.Dash(i), Mark: drawing.Mark(i)})
		}
	}
	return entries
}

func reportedCurve(model string, value func(study.PublishedResult) float64) drawing.Curve {
	c := drawing.Curve{Class: "behind", Label: "published report", Colour: drawing.Behind, Mark: drawing.Mark(3), Width: vg.Points(1)}
	for _, r := range study.PublishedResults() {
		if y := value(r); r.Model == model && y > 0 {
			c.Points = append(c.Points, drawing.Point{X: float64(r.CPUs), Y: y})
		}
	}
	return c
}

package page

import (
	"fmt"
	"slices"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// studyFigures draws the study's five figures and the account of the workers' time. published, which
// may be nil, is a summary of the published study's runs to lay behind ours, for the models that
// both have; the published report's own best results are laid behind wherever published is.
func studyFigures(s study.Summary, published *study.Summary) ([]figure, error) {
	d := drawing{results: resultsOf(s)}
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

// A drawing is what all figures of one report share.
type drawing struct {
	results
	behind *results // the published study's, or nil
}

// A quantity is what a figure shows on its vertical axis.
type quantity struct {
	axis   string
	of     func(study.Point) study.Stat
	linear bool    // never logarithmic
	powers bool    // ticks at powers of two when logarithmic
	level  float64 // a dashed line across; 0: none
	top    float64 // a value that is always in view; 0: none
	label  func(float64) string
}

// chunkFigure draws a quantity against the number of chunks: a panel for each model and data set,
// a line for each engine and CPU count.
func (d drawing) chunkFigure(title string, q quantity) ([]byte, error) {
	sh := sheet{title: title, names: &seriesNames{}}
	var xs, ys axisRange = emptyRange(), emptyRange()
	type content struct {
		title  string
		curves []curve
	}
	var contents []content
	drawn, drawnBehind := map[study.Condition]bool{}, map[int]bool{}
	for _, k := range d.panels() {
		c := content{title: k.title()}
		ours := d.curvesOf(d.linesOf(k), q.of, drawn, sh.names)
		if len(ours) == 0 {
			continue
		}
		c.curves = append(d.curvesBehind(k.model, q.of, drawnBehind, sh.names), ours...)
		for _, v := range c.curves {
			v.extend(&xs, &ys)
		}
		contents = append(contents, c)
	}
	if len(contents) == 0 {
		return nil, nil
	}
	for _, c := range contents {
		p := newPlot(c.title, "number of chunks", q.axis)
		sx := xs.logAcross(&p.X, 1.35, powerTicks{powerLabel})
		q.fill(p, c.curves, sx, ys.valueAxis(&p.Y, q))
		sh.panels = append(sh.panels, p)
	}
	tidy(sh.panels)
	sh.legend = d.lineLegend(drawn, drawnBehind)
	return sh.draw()
}

// fill puts the grid, the level and the curves into a panel whose axes are set.
func (q quantity) fill(p *plot.Plot, curves []curve, sx, sy scale) {
	p.Add(gridLines{})
	if q.level > 0 {
		p.Add(level{q.level, sy})
	}
	for i := range curves {
		curves[i].sx, curves[i].sy = sx, sy
		p.Add(curves[i])
	}
	p.Add(endWords(curves))
}

// tidy takes the words off the inner axes of a grid of panels, which say the same.
func tidy(panels []*plot.Plot) {
	columns := columnsFor(len(panels))
	for i, p := range panels {
		if i%columns != 0 {
			p.Y.Label.Text = ""
		}
		if i+columns < len(panels) {
			p.X.Label.Text = ""
		}
	}
}

func (k curve) extend(xs, ys *axisRange) {
	for _, q := range k.points {
		xs.add(q.x)
		ys.addStat(study.Stat{N: 1, Mean: q.y, Half: q.half})
	}
}

// curvesOf makes the curves of lines over their chunks, and notes whose they are. Colour stands
// for the CPU count; dashes and marks stand for the engine, or where there is but one, marks for
// the CPU count too.
func (d drawing) curvesOf(lines []study.Line, of func(study.Point) study.Stat, drawn map[study.Condition]bool, names *seriesNames) []curve {
	var curves []curve
	for _, l := range lines {
		points := pointsOf(l, of)
		if len(points) == 0 {
			continue
		}
		drawn[l.Condition] = true
		k := d.lineStyle(l.Condition)
		k.class, k.points, k.names = "series", points, names
		k.label = fmt.Sprintf("%s, %s", d.name(l.Condition), words.Count(l.CPUs, "CPU"))
		curves = append(curves, k)
	}
	return curves
}

func pointsOf(l study.Line, of func(study.Point) study.Stat) []curvePoint {
	var points []curvePoint
	for _, p := range l.Points {
		if s := of(p); s.Known() {
			points = append(points, curvePoint{float64(p.Chunks), s.Mean, s.Half})
		}
	}
	return points
}

func (d drawing) lineStyle(c study.Condition) curve {
	cpu := slices.Index(d.cpuCounts(), c.CPUs)
	v := slices.Index(d.variants.All, d.variants.Of(c))
	mark := v
	if len(d.variants.All) == 1 {
		mark = cpu
	}
	return curve{colour: lineColour(cpu), dashes: lineDash(v), mark: lineMark(mark), width: vg.Points(1.5)}
}

// curvesBehind makes the published study's curves of a model, on its largest data set, for the
// background. A number at the end of each tells its CPU count.
func (d drawing) curvesBehind(model string, of func(study.Point) study.Stat, drawn map[int]bool, names *seriesNames) []curve {
	if d.behind == nil {
		return nil
	}
	var curves []curve
	for _, l := range d.behind.largest(model) {
		points := pointsOf(l, of)
		if len(points) == 0 {
			continue
		}
		drawn[l.CPUs] = true
		curves = append(curves, curve{
			class: "behind", label: fmt.Sprintf("published study: %s, %s", l.Engine, words.Count(l.CPUs, "CPU")),
			points: points, colour: publicInk, width: vg.Points(1), end: fmt.Sprint(l.CPUs), names: names,
		})
	}
	return curves
}

// lineLegend says what colours, and dashes and marks, stand for, and what is grey.
func (d drawing) lineLegend(drawn map[study.Condition]bool, behind map[int]bool) [][]legendEntry {
	var cpus []legendEntry
	for i, n := range d.cpuCounts() {
		if !drawnWith(drawn, func(c study.Condition) bool { return c.CPUs == n }) {
			continue
		}
		e := legendEntry{words: words.Count(n, "CPU"), colour: lineColour(i)}
		if len(d.variants.All) == 1 {
			e.mark = lineMark(i)
		}
		cpus = append(cpus, e)
	}
	legend := [][]legendEntry{cpus}
	if engines := d.engineLegend(drawn); len(d.variants.All) > 1 {
		legend = append(legend, engines)
	}
	if len(behind) > 0 {
		legend = append(legend, []legendEntry{{
			words:  "published study (DIPY with Ray); the number at the end is its CPU count",
			colour: publicInk,
		}})
	}
	return legend
}

func (d drawing) engineLegend(drawn map[study.Condition]bool) []legendEntry {
	var engines []legendEntry
	for i, v := range d.variants.All {
		if drawnWith(drawn, func(c study.Condition) bool { return d.variants.Of(c) == v }) {
			engines = append(engines, legendEntry{words: words.Shorten(d.variants.Name(v), 60), colour: ink, dashes: lineDash(i), mark: lineMark(i)})
		}
	}
	return engines
}

func drawnWith(drawn map[study.Condition]bool, is func(study.Condition) bool) bool {
	for c := range drawn {
		if is(c) {
			return true
		}
	}
	return false
}

// cpuFigure draws a quantity of each line's best point against the number of CPUs: a panel for
// each model and data set, a line for each engine. reported, which may be nil, is the same
// quantity of the published report.
func (d drawing) cpuFigure(title string, q quantity, reported func(study.PublishedResult) float64) ([]byte, error) {
	sh := sheet{title: title, names: &seriesNames{}}
	xs, ys := emptyRange(), emptyRange()
	var titles []string
	var panels [][]curve
	var counts []int
	drawn := map[study.Condition]bool{}
	grey := false
	for _, k := range d.panels() {
		ours := d.curvesOverCPUs(k, q.of, drawn, sh.names)
		if len(ours) == 0 {
			continue
		}
		curves := ours
		if d.behind != nil {
			if report := reportedCurve(k.model, reported, sh.names); len(report.points) > 0 {
				curves, grey = append([]curve{report}, ours...), true
			}
		}
		for _, v := range curves {
			v.extend(&xs, &ys)
			for _, p := range v.points {
				counts = append(counts, int(p.x))
			}
		}
		titles, panels = append(titles, k.title()), append(panels, curves)
	}
	if len(panels) == 0 {
		return nil, nil
	}
	slices.Sort(counts)
	counts = slices.Compact(counts)
	for i, curves := range panels {
		p := newPlot(titles[i], "CPUs", q.axis)
		sx := xs.logAcross(&p.X, 1.3, countTicks(counts))
		q.fill(p, curves, sx, ys.valueAxis(&p.Y, q))
		sh.panels = append(sh.panels, p)
	}
	tidy(sh.panels)
	sh.legend = append(sh.legend, d.variantLegend(drawn))
	if grey {
		sh.legend = append(sh.legend, []legendEntry{{words: "published report (DIPY with Ray)", colour: publicInk, mark: lineMark(3)}})
	}
	return sh.draw()
}

// curvesOverCPUs joins the best points of each engine's lines, in the order of their CPU counts.
func (d drawing) curvesOverCPUs(k panelKey, of func(study.Point) study.Stat, drawn map[study.Condition]bool, names *seriesNames) []curve {
	var curves []curve
	for i, v := range d.variants.All {
		c := curve{class: "series", label: d.variants.Name(v), colour: lineColour(i), dashes: lineDash(i), mark: lineMark(i),
			width: vg.Points(1.5), names: names}
		for _, l := range d.linesOf(k) { // ascending CPU counts
			if s := of(l.Best()); d.variants.Of(l.Condition) == v && s.Known() {
				c.points = append(c.points, curvePoint{float64(l.CPUs), s.Mean, s.Half})
				drawn[l.Condition] = true
			}
		}
		if len(c.points) > 0 {
			curves = append(curves, c)
		}
	}
	return curves
}

func (d drawing) variantLegend(drawn map[study.Condition]bool) []legendEntry {
	var entries []legendEntry
	for i, v := range d.variants.All {
		if drawnWith(drawn, func(c study.Condition) bool { return d.variants.Of(c) == v }) {
			entries = append(entries, legendEntry{words: words.Shorten(d.variants.Name(v), 60), colour: lineColour(i), dashes: lineDash(i), mark: lineMark(i)})
		}
	}
	return entries
}

func reportedCurve(model string, value func(study.PublishedResult) float64, names *seriesNames) curve {
	c := curve{class: "behind", label: "published report", colour: publicInk, mark: lineMark(3), width: vg.Points(1), names: names}
	for _, r := range study.PublishedResults() {
		if y := value(r); r.Model == model && y > 0 {
			c.points = append(c.points, curvePoint{x: float64(r.CPUs), y: y})
		}
	}
	return c
}

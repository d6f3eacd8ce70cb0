package page

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/overhead"
)

// overheadFigures draws the explanation.
func overheadFigures(e overhead.Explanation) ([]figure, error) {
	var figures []figure
	for _, draw := range []func(overhead.Explanation) (figure, error){lossFigure, overheadFigure, fittedFigure, leftOutFigure, forecastFigure} {
		f, err := draw(e)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

var grey = color.NRGBA{0xA0, 0xA0, 0xA0, 0xFF}

// lossColours are those of the work and of the losses, in the order of overhead.ShortestRun.
var lossColours = []color.Color{lineColours[0], lineColours[3], grey, lineColours[1], lineColours[2], lineColours[5], lineColours[4]}

// lossFigure draws, for the shortest run on each CPU count, the share of the CPUs' time that was work
// and what the rest was lost by, as the model has it.
func lossFigure(e overhead.Explanation) (figure, error) {
	f := figure{Name: "losses", Title: "What the time of the CPUs goes to, by the fitted model",
		Caption: "Each bar is the shortest run on one number of CPUs; its height is the time of all its CPUs. Blue is the work that one " +
			"core would need for everything, shared out: if every CPU were a whole core and nothing else cost time, the bar would be all " +
			"blue. The rest is lost, and the colours say by what: a CPU that is the second hyperthread of a core adds less than a core; " +
			"in the serial part all CPUs but one wait; so they do while chunks are handed out one by one."}
	sh := sheet{title: f.Title, names: &seriesNames{}}
	labels := []string{"work"}
	for _, l := range e.Overheads[0].Shortest[0].Losses {
		labels = append(labels, l.Name)
	}
	shown := make([]bool, len(labels))
	shown[0] = true
	for _, h := range e.Overheads {
		sh.panels = append(sh.panels, lossPanel(h, labels, sh.names, shown))
	}
	tidy(sh.panels)
	sh.legend = [][]legendEntry{filledEntries(labels, lossColours, shown)}
	return sh.drawInto(f)
}

func lossPanel(h overhead.Overhead, labels []string, names *seriesNames, shown []bool) *plot.Plot {
	var stack stackedBars
	for _, run := range h.Shortest {
		shares := []float64{100 * run.Ideal / run.Time}
		for i, l := range run.Losses {
			shares = append(shares, 100*l.Seconds/run.Time)
			shown[i+1] = shown[i+1] || l.Seconds > run.Time/200
		}
		stack.add(fmt.Sprint(run.CPUs), shares)
	}
	return stack.panel(overheadPanelTitle(h), "CPUs", "share of the CPUs' time (%)", labels, lossColours, names, 100)
}

// overheadPanelTitle is two lines: the model, and its voxels with the engine.
func overheadPanelTitle(h overhead.Overhead) string {
	return fmt.Sprintf("%s\n%s, %s", words.Shorten(modelname.WordsOf(h.Model), 44), words.Voxels(h.Voxels), words.Shorten(h.Name, 30))
}

// stackedBars are bars side by side, each of the same parts.
type stackedBars struct {
	places []string
	shares [][]float64 // by bar, then part
}

func (b *stackedBars) add(place string, shares []float64) {
	b.places, b.shares = append(b.places, place), append(b.shares, shares)
}

// panel draws the bars; top is the height of the axis, 0 for that of the highest bar.
func (b stackedBars) panel(title, x, y string, labels []string, colours []color.Color, names *seriesNames, top float64) *plot.Plot {
	p := newPlot(title, x, y)
	p.Add(gridLines{})
	at, base := make([]float64, len(b.places)), make([]float64, len(b.places))
	high := 0.0
	for i := range at {
		at[i] = float64(i)
	}
	for part, label := range labels {
		to := slices.Clone(base)
		drawn := false
		for i := range at {
			to[i] += b.shares[i][part]
			high = max(high, to[i])
			drawn = drawn || b.shares[i][part] > 0
		}
		if drawn {
			p.Add(bars{label: label, at: at, from: base, to: to, colour: colours[part], names: names})
		}
		base = to
	}
	if top == 0 {
		top = max(high*1.05, 1e-9)
	}
	p.X.Min, p.X.Max = -0.8, float64(len(at))-0.2
	p.X.Tick.Marker = placeTicks(b.places)
	p.Y.Min, p.Y.Max = 0, top
	p.Y.Tick.Marker = linearTicks{words.Plain}
	return p
}

// overheadFigure draws the measured overhead of each core, from the accounts of the workers' time.
func overheadFigure(e overhead.Explanation) (figure, error) {
	f := figure{Name: "overhead", Title: "Overhead of each core, measured",
		Caption: "What a core's time went to instead of the work, at the best number of chunks on each number of CPUs: taking chunks " +
			"(dispatch), taking them from other workers (steal), waiting for the first (start wait), standing idle while the last ones " +
			"end (tail wait). Slower work is the time that the kernels took more than on the smallest number of CPUs, for the same " +
			"voxels: cores that share memory, clock or hyperthreads slow each other. Measured by the workers themselves, not fitted."}
	sh := sheet{title: f.Title, names: &seriesNames{}}
	labels, colours := overheadLabels()
	shown := make([]bool, len(labels))
	measured := resultsOf(e.Summary)
	for _, k := range measured.panels() {
		for _, v := range measured.variants.All {
			if stack := measured.overheadStack(k, v, shown); len(stack.places) > 0 {
				title := fmt.Sprintf("%s\n%s, %s", words.Shorten(modelname.WordsOf(k.model), 44), words.Voxels(k.voxels),
					words.Shorten(measured.variants.Name(v), 40))
				sh.panels = append(sh.panels, stack.panel(title, "CPUs", "share of each core's time (%)", labels, colours, sh.names, 0))
			}
		}
	}
	if len(sh.panels) == 0 {
		f.Missing = "None of the engines says where its workers' time went (voxfit's own runs do)."
		return f, nil
	}
	tidy(sh.panels)
	sh.legend = [][]legendEntry{filledEntries(labels, colours, shown)}
	return sh.drawInto(f)
}

// overheadParts are the parts of the overhead in the order in which they are stacked. work is the
// compute time of the same voxels on the smallest number of CPUs.
var overheadParts = []struct {
	words  string
	of     func(s study.Split, work float64) float64
	colour color.Color
}{
	{"slower work", func(s study.Split, work float64) float64 { return max(0, s.Compute-work) }, lineColours[0]},
	{"dispatch", func(s study.Split, _ float64) float64 { return s.Dispatch }, lineColours[1]},
	{"steal", func(s study.Split, _ float64) float64 { return s.Steal }, lineColours[5]},
	{"start wait", func(s study.Split, _ float64) float64 { return s.StartWait }, lineColours[4]},
	{"tail wait", func(s study.Split, _ float64) float64 { return s.TailWait }, lineColours[3]},
	{"outside the schedule", func(s study.Split, _ float64) float64 { return s.Unaccounted }, grey},
}

func overheadLabels() (labels []string, colours []color.Color) {
	for _, part := range overheadParts {
		labels, colours = append(labels, part.words), append(colours, part.colour)
	}
	return labels, colours
}

// overheadStack is a bar for each CPU count on which a variant's best run was accounted for.
func (r results) overheadStack(k panelKey, v study.Variant, shown []bool) (stack stackedBars) {
	work := 0.0
	for _, l := range r.linesOf(k) { // ascending CPU counts
		p := l.Best()
		if r.variants.Of(l.Condition) != v || !p.HasSplit {
			continue
		}
		if work == 0 {
			work = p.Split.Compute
		}
		whole := float64(l.CPUs) * p.Time.Mean
		var shares []float64
		for i, part := range overheadParts {
			x := part.of(p.Split, work)
			shares = append(shares, 100*x/whole)
			shown[i] = shown[i] || x > whole/1e4
		}
		stack.add(fmt.Sprint(l.CPUs), shares)
	}
	return stack
}

// fittedFigure draws the times against the number of chunks with the fitted curves.
func fittedFigure(e overhead.Explanation) (figure, error) {
	f := figure{Name: "fitted", Title: "Time against the number of chunks, measured and fitted",
		Caption: "Marks are measured (means, with 95% intervals), lines are the fitted model: one formula for all CPU counts of a panel. " +
			"To the left CPUs go without a chunk; to the right the cost of each chunk shows. Where marks leave their line, something " +
			"happened that the model does not know, such as an engine that ran out of memory."}
	cpus := allCPUCounts(e)
	return curveFigure(e, f, "number of chunks", "time (s)", cpus, func(h overhead.Overhead, names *seriesNames) []curve {
		var curves []curve
		for _, c := range h.Curves {
			i := slices.Index(cpus, c.CPUs)
			line := curve{class: "series", label: fmt.Sprintf("fitted, %s", words.Count(c.CPUs, "CPU")), colour: lineColour(i), width: vg.Points(1.3), names: names}
			marks := curve{class: "series", label: fmt.Sprintf("measured, %s", words.Count(c.CPUs, "CPU")), colour: lineColour(i), mark: lineMark(i), loose: true, names: names}
			for _, m := range c.Measured {
				half := 0.0
				if m.Time.N > 1 {
					half = m.Time.Half
				}
				marks.points = append(marks.points, curvePoint{float64(m.Chunks), m.Time.Mean, half})
			}
			for _, t := range c.Fitted {
				line.points = append(line.points, curvePoint{x: float64(t.Chunks), y: t.Seconds})
			}
			curves = append(curves, line, marks)
		}
		return curves
	})
}

// leftOutFigure draws predictions of left-out CPU counts against what was measured.
func leftOutFigure(e overhead.Explanation) (figure, error) {
	f := figure{Name: "leftout", Title: "CPU counts left out: prediction against measurement",
		Caption: "Each mark is one number of chunks on one number of CPUs, predicted by a fit to the other CPU counts alone. On the grey " +
			"line prediction and measurement agree; above it, predictions are too long."}
	cpus := allCPUCounts(e)
	return curveFigure(e, f, "measured time (s)", "predicted time (s)", cpus, func(h overhead.Overhead, names *seriesNames) []curve {
		if len(h.Curves) < 2 {
			return nil
		}
		span := emptyRange()
		var curves []curve
		for _, c := range h.Curves {
			i := slices.Index(cpus, c.CPUs)
			marks := curve{class: "series", label: fmt.Sprintf("%s, left out", words.Count(c.CPUs, "CPU")), colour: lineColour(i), mark: lineMark(i), loose: true, names: names}
			for _, m := range c.Measured {
				if m.LeftOut > 0 {
					marks.points = append(marks.points, curvePoint{x: m.Time.Mean, y: m.LeftOut})
					span.add(m.Time.Mean)
				}
			}
			curves = append(curves, marks)
		}
		equal := curve{class: "behind", label: "prediction = measurement", colour: publicInk, width: vg.Points(1), names: names,
			points: []curvePoint{{x: span.low, y: span.low}, {x: span.high, y: span.high}}}
		return append([]curve{equal}, curves...)
	})
}

// forecastFigure draws what a fit to the smaller CPU counts says of the largest, with its intervals.
func forecastFigure(e overhead.Explanation) (figure, error) {
	f := figure{Name: "forecast", Title: "The largest CPU count, predicted from the smaller ones",
		Caption: "Marks are measured on the largest number of CPUs. The line is predicted by a fit to the smaller numbers alone; between the " +
			"dashed lines a measurement should lie nineteen times of twenty."}
	cpus := allCPUCounts(e)
	return curveFigure(e, f, "number of chunks", "time (s)", cpus, func(h overhead.Overhead, names *seriesNames) []curve {
		if h.Forecast == nil {
			return nil
		}
		i := slices.Index(cpus, h.Forecast.CPUs)
		made := func(label string, of func(overhead.ForecastPoint) float64) curve {
			k := curve{class: "series", label: label, colour: lineColour(i), width: vg.Points(1.3), names: names}
			for _, p := range h.Forecast.Points {
				k.points = append(k.points, curvePoint{x: float64(p.Chunks), y: of(p)})
			}
			return k
		}
		middle := made("predicted", func(p overhead.ForecastPoint) float64 { return p.Predicted.Value })
		low := made("95% interval", func(p overhead.ForecastPoint) float64 { return p.Predicted.Low })
		high := made("95% interval", func(p overhead.ForecastPoint) float64 { return p.Predicted.High })
		low.dashes, high.dashes = lineDash(1), lineDash(1)
		low.width, high.width = vg.Points(0.8), vg.Points(0.8)
		marks := made("measured", func(p overhead.ForecastPoint) float64 { return p.Measured })
		marks.mark, marks.loose = lineMark(i), true
		return []curve{low, high, middle, marks}
	})
}

// allCPUCounts are those of all overheads, ascending: each has its colour and mark.
func allCPUCounts(e overhead.Explanation) []int {
	var cpus []int
	for _, h := range e.Overheads {
		cpus = append(cpus, h.CPUCounts...)
	}
	slices.Sort(cpus)
	return slices.Compact(cpus)
}

// curveFigure draws a panel for each overhead, each with axes of its own: a data set of five thousand
// voxels beside one of half a million would leave both flat on common ones.
func curveFigure(e overhead.Explanation, f figure, x, y string, cpus []int, curves func(overhead.Overhead, *seriesNames) []curve) (figure, error) {
	sh := sheet{title: f.Title, names: &seriesNames{}}
	used := map[int]bool{}
	for _, h := range e.Overheads {
		drawn := curves(h, sh.names)
		if len(drawn) == 0 {
			continue
		}
		xs, ys := emptyRange(), emptyRange()
		for _, k := range drawn {
			k.extend(&xs, &ys)
			for j, n := range cpus {
				used[n] = used[n] || k.mark != nil && k.colour == lineColour(j) && slices.Contains(h.CPUCounts, n)
			}
		}
		p := newPlot(overheadPanelTitle(h), x, y)
		var across plot.Ticker = powerTicks{powerLabel}
		if x != "number of chunks" {
			across = decadeTicks{words.Plain}
		}
		sx := xs.logAcross(&p.X, math.Pow(xs.high/xs.low, 0.04), across)
		sy := ys.logAcross(&p.Y, math.Pow(ys.high/ys.low, 0.04), decadeTicks{words.Plain})
		quantity{}.fill(p, drawn, sx, sy)
		sh.panels = append(sh.panels, p)
	}
	if len(sh.panels) == 0 {
		f.Missing = "All runs are on one CPU count: there is none to leave out."
		return f, nil
	}
	tidy(sh.panels)
	var entries []legendEntry
	for i, n := range cpus {
		if used[n] {
			entries = append(entries, legendEntry{words: words.Count(n, "CPU"), colour: lineColour(i), mark: lineMark(i)})
		}
	}
	sh.legend = [][]legendEntry{entries}
	return sh.drawInto(f)
}

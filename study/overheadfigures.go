package study

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	modelname "github.com/voxfit/voxfit/model/name"
)

// Figures draws the explanation.
func (e Explanation) Figures() ([]Figure, error) {
	var figures []Figure
	for _, draw := range []func() (Figure, error){e.lossFigure, e.overheadFigure, e.fittedFigure, e.leftOutFigure, e.forecastFigure} {
		f, err := draw()
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

var grey = color.NRGBA{0xA0, 0xA0, 0xA0, 0xFF}

// lossColours are those of the parts of a loss, in the order of Overhead.losses.
var lossColours = []color.Color{lineColours[3], grey, lineColours[1], lineColours[2], lineColours[5], lineColours[4]}

// lossFigure draws, for the shortest run on each CPU count, the share of the CPUs' time that was work
// and what the rest was lost by, as the model has it.
func (e Explanation) lossFigure() (Figure, error) {
	f := Figure{Name: "losses", Title: "What the time of the CPUs goes to, by the fitted model",
		Caption: "Each bar is the shortest run on one number of CPUs; its height is the time of all its CPUs. Blue is the work that one " +
			"core would need for everything, shared out: if every CPU were a whole core and nothing else cost time, the bar would be all " +
			"blue. The rest is lost, and the colours say by what: a CPU that is the second hyperthread of a core adds less than a core; " +
			"in the serial part all CPUs but one wait; so they do while chunks are handed out one by one."}
	sh := sheet{title: f.Title, names: &seriesNames{}}
	shown := map[int]bool{}
	for i := range e.Overheads {
		sh.panels = append(sh.panels, e.Overheads[i].lossPanel(sh.names, shown))
	}
	tidy(sh.panels)
	entries := []legendEntry{{words: "work", colour: lineColours[0], filled: true}}
	_, names := e.Overheads[0].losses(e.Overheads[0].settings[0])
	for i, l := range names {
		if shown[i] {
			entries = append(entries, legendEntry{words: l.name, colour: lossColours[i], filled: true})
		}
	}
	sh.legend = [][]legendEntry{entries}
	svg, err := sh.draw()
	f.SVG = svg
	return f, err
}

func (h *Overhead) lossPanel(names *seriesNames, shown map[int]bool) *plot.Plot {
	var stack stackedBars
	for _, cpus := range h.CPUCounts {
		with, _ := divide(h.settings, func(s setting) bool { return s.cpus == cpus })
		s := shortest(with)
		ideal, losses := h.losses(s)
		whole := h.fit.time(s)
		shares := []float64{100 * ideal / whole}
		for i, l := range losses {
			shares = append(shares, 100*l.seconds/whole)
			shown[i] = shown[i] || l.seconds > whole/200
		}
		stack.add(fmt.Sprint(cpus), shares)
	}
	_, losses := h.losses(h.settings[0])
	labels, colours := []string{"work"}, append([]color.Color{lineColours[0]}, lossColours...)
	for _, l := range losses {
		labels = append(labels, l.name)
	}
	return stack.panel(h.panelTitle(), "CPUs", "share of the CPUs' time (%)", labels, colours, names, 100)
}

// panelTitle is two lines: the model, and its voxels with the engine.
func (h *Overhead) panelTitle() string {
	return fmt.Sprintf("%s\n%s, %s", shorten(modelname.WordsOf(h.Model), 44), countOfVoxels(h.Voxels), shorten(h.engine, 30))
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
	p.Y.Tick.Marker = linearTicks{plainLabel}
	return p
}

// overheadFigure draws the measured overhead of each core, from the accounts of the workers' time.
func (e Explanation) overheadFigure() (Figure, error) {
	f := Figure{Name: "overhead", Title: "Overhead of each core, measured",
		Caption: "What a core's time went to instead of the work, at the best number of chunks on each number of CPUs: taking chunks " +
			"(dispatch), taking them from other workers (steal), waiting for the first (start wait), standing idle while the last ones " +
			"end (tail wait). Slower work is the time that the kernels took more than on the smallest number of CPUs, for the same " +
			"voxels: cores that share memory, clock or hyperthreads slow each other. Measured by the workers themselves, not fitted."}
	sh := sheet{title: f.Title, names: &seriesNames{}}
	shown := map[int]bool{}
	names := e.summary.naming()
	for _, k := range e.summary.panels() {
		for _, v := range names.all {
			if p := e.summary.overheadPanel(k, v, names, sh.names, shown); p != nil {
				sh.panels = append(sh.panels, p)
			}
		}
	}
	if len(sh.panels) == 0 {
		f.Missing = "None of the engines says where its workers' time went (voxfit's own runs do)."
		return f, nil
	}
	tidy(sh.panels)
	var entries []legendEntry
	for i, part := range overheadParts {
		if shown[i] {
			entries = append(entries, legendEntry{words: part.words, colour: part.colour, filled: true})
		}
	}
	sh.legend = [][]legendEntry{entries}
	svg, err := sh.draw()
	f.SVG = svg
	return f, err
}

// overheadParts are the parts of the overhead in the order in which they are stacked. work is the
// compute time of the same voxels on the smallest number of CPUs.
var overheadParts = []struct {
	words  string
	of     func(s Split, work float64) float64
	colour color.Color
}{
	{"slower work", func(s Split, work float64) float64 { return max(0, s.Compute-work) }, lineColours[0]},
	{"dispatch", func(s Split, _ float64) float64 { return s.Dispatch }, lineColours[1]},
	{"steal", func(s Split, _ float64) float64 { return s.Steal }, lineColours[5]},
	{"start wait", func(s Split, _ float64) float64 { return s.StartWait }, lineColours[4]},
	{"tail wait", func(s Split, _ float64) float64 { return s.TailWait }, lineColours[3]},
	{"outside the schedule", func(s Split, _ float64) float64 { return s.Unaccounted }, grey},
}

func (s Summary) overheadPanel(k panelKey, v variant, names naming, series *seriesNames, shown map[int]bool) *plot.Plot {
	var stack stackedBars
	work := 0.0
	for _, l := range s.linesOf(k) { // ascending CPU counts
		p := l.Best()
		if names.of(l.Condition) != v || !p.HasSplit {
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
	if len(stack.places) == 0 {
		return nil
	}
	var labels []string
	var colours []color.Color
	for _, part := range overheadParts {
		labels, colours = append(labels, part.words), append(colours, part.colour)
	}
	title := fmt.Sprintf("%s\n%s, %s", shorten(modelname.WordsOf(k.model), 44), countOfVoxels(k.voxels), shorten(names.name(v), 40))
	return stack.panel(title, "CPUs", "share of each core's time (%)", labels, colours, series, 0)
}

// fittedFigure draws the times against the number of chunks with the fitted curves.
func (e Explanation) fittedFigure() (Figure, error) {
	f := Figure{Name: "fitted", Title: "Time against the number of chunks, measured and fitted",
		Caption: "Marks are measured (means, with 95% intervals), lines are the fitted model: one formula for all CPU counts of a panel. " +
			"To the left CPUs go without a chunk; to the right the cost of each chunk shows. Where marks leave their line, something " +
			"happened that the model does not know, such as an engine that ran out of memory."}
	cpus := e.cpuCounts()
	return e.curveFigure(f, "number of chunks", "time (s)", cpus, func(h *Overhead, names *seriesNames) []curve {
		var curves []curve
		for _, n := range h.CPUCounts {
			i := slices.Index(cpus, n)
			line := curve{class: "series", label: fmt.Sprintf("fitted, %s", countOf(n, "CPU")), colour: lineColour(i), width: vg.Points(1.3), names: names}
			marks := curve{class: "series", label: fmt.Sprintf("measured, %s", countOf(n, "CPU")), colour: lineColour(i), mark: lineMark(i), loose: true, names: names}
			with, _ := divide(h.settings, func(s setting) bool { return s.cpus == n })
			for _, s := range with {
				half := 0.0
				if d := Describe(s.times); d.N > 1 {
					half = d.Half
				}
				marks.points = append(marks.points, curvePoint{float64(s.chunks), s.time, half})
			}
			most := with[len(with)-1].chunks
			for chunks := with[0].chunks; chunks < most; chunks = max(chunks+1, chunks*5/4) {
				line.points = append(line.points, curvePoint{x: float64(chunks), y: h.fit.time(newSetting(h.Voxels, n, chunks, with[0].cores))})
			}
			line.points = append(line.points, curvePoint{x: float64(most), y: h.fit.time(with[len(with)-1])})
			curves = append(curves, line, marks)
		}
		return curves
	})
}

// leftOutFigure draws predictions of left-out CPU counts against what was measured.
func (e Explanation) leftOutFigure() (Figure, error) {
	f := Figure{Name: "leftout", Title: "CPU counts left out: prediction against measurement",
		Caption: "Each mark is one number of chunks on one number of CPUs, predicted by a fit to the other CPU counts alone. On the grey " +
			"line prediction and measurement agree; above it, predictions are too long."}
	cpus := e.cpuCounts()
	return e.curveFigure(f, "measured time (s)", "predicted time (s)", cpus, func(h *Overhead, names *seriesNames) []curve {
		if h.leftOut == nil {
			return nil
		}
		span := emptyRange()
		var curves []curve
		for _, n := range h.CPUCounts {
			i := slices.Index(cpus, n)
			marks := curve{class: "series", label: fmt.Sprintf("%s, left out", countOf(n, "CPU")), colour: lineColour(i), mark: lineMark(i), loose: true, names: names}
			for j, s := range h.settings {
				if s.cpus == n && h.leftOut[j] > 0 {
					marks.points = append(marks.points, curvePoint{x: s.time, y: h.leftOut[j]})
					span.add(s.time)
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
func (e Explanation) forecastFigure() (Figure, error) {
	f := Figure{Name: "forecast", Title: "The largest CPU count, predicted from the smaller ones",
		Caption: "Marks are measured on the largest number of CPUs. The line is predicted by a fit to the smaller numbers alone; between the " +
			"dashed lines a measurement should lie nineteen times of twenty."}
	cpus := e.cpuCounts()
	return e.curveFigure(f, "number of chunks", "time (s)", cpus, func(h *Overhead, names *seriesNames) []curve {
		if h.Forecast == nil {
			return nil
		}
		i := slices.Index(cpus, h.Forecast.CPUs)
		made := func(label string, of func(ForecastPoint) float64) curve {
			k := curve{class: "series", label: label, colour: lineColour(i), width: vg.Points(1.3), names: names}
			for _, p := range h.Forecast.Points {
				k.points = append(k.points, curvePoint{x: float64(p.Chunks), y: of(p)})
			}
			return k
		}
		middle := made("predicted", func(p ForecastPoint) float64 { return p.Predicted.Value })
		low := made("95% interval", func(p ForecastPoint) float64 { return p.Predicted.Low })
		high := made("95% interval", func(p ForecastPoint) float64 { return p.Predicted.High })
		low.dashes, high.dashes = lineDash(1), lineDash(1)
		low.width, high.width = vg.Points(0.8), vg.Points(0.8)
		marks := made("measured", func(p ForecastPoint) float64 { return p.Measured })
		marks.mark, marks.loose = lineMark(i), true
		return []curve{low, high, middle, marks}
	})
}

// cpuCounts are the CPU counts of all overheads, ascending: each has its colour and mark.
func (e Explanation) cpuCounts() []int {
	var cpus []int
	for _, h := range e.Overheads {
		cpus = append(cpus, h.CPUCounts...)
	}
	slices.Sort(cpus)
	return slices.Compact(cpus)
}

// curveFigure draws a panel for each overhead, each with axes of its own: a data set of five thousand
// voxels beside one of half a million would leave both flat on common ones.
func (e Explanation) curveFigure(f Figure, x, y string, cpus []int, curves func(*Overhead, *seriesNames) []curve) (Figure, error) {
	sh := sheet{title: f.Title, names: &seriesNames{}}
	used := map[int]bool{}
	for i := range e.Overheads {
		h := &e.Overheads[i]
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
		p := newPlot(h.panelTitle(), x, y)
		var across plot.Ticker = powerTicks{powerLabel}
		if x != "number of chunks" {
			across = decadeTicks{plainLabel}
		}
		sx := xs.logAcross(&p.X, math.Pow(xs.high/xs.low, 0.04), across)
		sy := ys.logAcross(&p.Y, math.Pow(ys.high/ys.low, 0.04), decadeTicks{plainLabel})
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
			entries = append(entries, legendEntry{words: countOf(n, "CPU"), colour: lineColour(i), mark: lineMark(i)})
		}
	}
	sh.legend = [][]legendEntry{entries}
	svg, err := sh.draw()
	f.SVG = svg
	return f, err
}

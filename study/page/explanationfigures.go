package page

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/overhead"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// explanationFigures draws the explanation. Of a busy machine's runs there is what was measured, and nothing that was
// fitted.
func explanationFigures(e overhead.Explanation) ([]figure, error) {
	var figures []figure
	all := []func(overhead.Explanation) (figure, error){lossFigure, overheadFigure, fittedFigure, leftOutFigure, forecastFigure}
	if e.Busy != "" {
		all = all[1:2]
	}
	for _, draw := range all {
		f, err := draw(e)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// fittedFigure draws the times against the number of chunks with the fitted curves.
func fittedFigure(e overhead.Explanation) (figure, error) {
	f := figure{Name: "fitted", Title: "Time against the number of chunks, measured and fitted",
		Caption: "Marks are measured (medians, with 95% intervals), lines are the fitted model: one formula for all CPU counts of a panel. " +
			"To the left CPUs go without a chunk; to the right the cost of each chunk shows. Where marks leave their line, something " +
			"happened that the model does not know, such as an engine that ran out of memory."}
	cpus := allCPUCounts(e)
	return curveFigure(e, f, "number of chunks", "time (s)", cpus, func(h overhead.Overhead) []drawing.Curve {
		var curves []drawing.Curve
		for _, c := range h.Curves {
			i := slices.Index(cpus, c.CPUs)
			line := drawing.Curve{Class: "series", Label: fmt.Sprintf("fitted, %s", words.Count(c.CPUs, "CPU")), Colour: drawing.Colour(i), Width: vg.Points(1.3)}
			marks := drawing.Curve{Class: "series", Label: fmt.Sprintf("measured, %s", words.Count(c.CPUs, "CPU")), Colour: drawing.Colour(i), Mark: drawing.Mark(i), Loose: true}
			for _, m := range c.Measured {
				half := 0.0
				if m.Time.N > 1 {
					half = m.Time.Half
				}
				marks.Points = append(marks.Points, drawing.Around(float64(m.Chunks), m.Time.Median, half))
			}
			for _, t := range c.Fitted {
				line.Points = append(line.Points, drawing.Point{X: float64(t.Chunks), Y: t.Seconds})
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
	return curveFigure(e, f, "measured time (s)", "predicted time (s)", cpus, func(h overhead.Overhead) []drawing.Curve {
		if len(h.Curves) < 2 {
			return nil
		}
		span := drawing.EmptyRange()
		var curves []drawing.Curve
		for _, c := range h.Curves {
			i := slices.Index(cpus, c.CPUs)
			marks := drawing.Curve{Class: "series", Label: fmt.Sprintf("%s, left out", words.Count(c.CPUs, "CPU")), Colour: drawing.Colour(i), Mark: drawing.Mark(i), Loose: true}
			for _, m := range c.Measured {
				if m.LeftOut > 0 {
					marks.Points = append(marks.Points, drawing.Point{X: m.Time.Median, Y: m.LeftOut})
					span.Add(m.Time.Median)
				}
			}
			curves = append(curves, marks)
		}
		equal := drawing.Curve{Class: "behind", Label: "prediction = measurement", Colour: drawing.Behind, Width: vg.Points(1),
			Points: []drawing.Point{{X: span.Low, Y: span.Low}, {X: span.High, Y: span.High}}}
		return append([]drawing.Curve{equal}, curves...)
	})
}

// forecastFigure draws what a fit to the smaller CPU counts says of the largest, with its intervals.
func forecastFigure(e overhead.Explanation) (figure, error) {
	f := figure{Name: "forecast", Title: "The largest CPU count, predicted from the smaller ones",
		Caption: "Marks are measured on the largest number of CPUs. The line is predicted by a fit to the smaller numbers alone; between the " +
			"dashed lines a measurement should lie nineteen times of twenty."}
	cpus := allCPUCounts(e)
	return curveFigure(e, f, "number of chunks", "time (s)", cpus, func(h overhead.Overhead) []drawing.Curve {
		if h.Forecast == nil {
			return nil
		}
		i := slices.Index(cpus, h.Forecast.CPUs)
		made := func(label string, of func(overhead.ForecastPoint) float64) drawing.Curve {
			k := drawing.Curve{Class: "series", Label: label, Colour: drawing.Colour(i), Width: vg.Points(1.3)}
			for _, p := range h.Forecast.Points {
				k.Points = append(k.Points, drawing.Point{X: float64(p.Chunks), Y: of(p)})
			}
			return k
		}
		middle := made("predicted", func(p overhead.ForecastPoint) float64 { return p.Predicted.Value })
		low := made("95% interval", func(p overhead.ForecastPoint) float64 { return p.Predicted.Low })
		high := made("95% interval", func(p overhead.ForecastPoint) float64 { return p.Predicted.High })
		low.Dashes, high.Dashes = drawing.Dash(1), drawing.Dash(1)
		low.Width, high.Width = vg.Points(0.8), vg.Points(0.8)
		marks := made("measured", func(p overhead.ForecastPoint) float64 { return p.Measured })
		marks.Mark, marks.Loose = drawing.Mark(i), true
		return []drawing.Curve{low, high, middle, marks}
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

// curveFigure draws a panel for each overhead. Each panel has axes of its own, because with common axes the curves of
// small data sets would be flat beside those of large ones.
func curveFigure(e overhead.Explanation, f figure, x, y string, cpus []int, curves func(overhead.Overhead) []drawing.Curve) (figure, error) {
	sh := drawing.Sheet{Title: f.Title}
	used := map[int]bool{}
	for _, h := range e.Overheads {
		drawn := curves(h)
		if len(drawn) == 0 {
			continue
		}
		xs, ys := drawing.EmptyRange(), drawing.EmptyRange()
		for _, k := range drawn {
			k.Extend(&xs, &ys)
			for j, n := range cpus {
				used[n] = used[n] || k.Mark != nil && k.Colour == drawing.Colour(j) && slices.Contains(h.CPUCounts, n)
			}
		}
		var across plot.Ticker = drawing.PowerTicks{Label: drawing.PowerLabel}
		if x != "number of chunks" {
			across = drawing.DecadeTicks{Label: words.Plain}
		}
		sh.AddCurves(drawing.Words{Title: overheadPanelTitle(h), X: x, Y: y}, xs.LogAxis(math.Pow(xs.High/xs.Low, 0.04), across),
			ys.LogAxis(math.Pow(ys.High/ys.Low, 0.04), drawing.DecadeTicks{Label: words.Plain}), drawn)
	}
	if sh.Empty() {
		f.Missing = "All runs are on one CPU count: there is none to leave out."
		return f, nil
	}
	sh.Tidy(true)
	var entries []drawing.LegendEntry
	for i, n := range cpus {
		if used[n] {
			entries = append(entries, drawing.LegendEntry{Words: words.Count(n, "CPU"), Colour: drawing.Colour(i), Mark: drawing.Mark(i)})
		}
	}
	sh.Legend = [][]drawing.LegendEntry{entries}
	return drawInto(f, &sh)
}

package page

import (
	"fmt"
	"strings"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// The five figures of the published study, each with what to look for in it.

const errorBarsAre = "Error bars are 95% intervals of the median; they are cut at the frame."

func (d drawer) timeFigure() (figure, error) {
	f := figure{Name: "time", Title: "Time as a percentage of the serial time"}
	q := quantity{axis: "time (% of serial)", of: func(p study.Point) study.Stat { return p.Percent },
		Value: drawing.Value{Level: 100, Top: 100, Label: func(x float64) string { return words.Plain(x) + "%" }}}
	if !d.anyKnown(q.of) {
		f.Title = "Time"
		q = quantity{axis: "time (s)", of: func(p study.Point) study.Stat { return p.Time }, Value: drawing.Value{Label: words.Plain}}
	}
	f.Caption = "Each line is one number of CPUs; the work is cut into more and more chunks from left to right. " +
		"Towards the left there are fewer chunks than CPUs, and CPUs stand idle; towards the right the cost of handing out " +
		"each chunk grows until it shows. Look for the flat floor between the two: any number of chunks there is a good one. " +
		errorBarsAre + d.bestSentence()
	return d.finish(f, q, "There are no timed runs to draw.")
}

func (d drawer) speedUpFigure() (figure, error) {
	f := figure{Name: "speedup", Title: "Speed-up over the serial fit",
		Caption: "The serial time divided by the time. With n CPUs the ideal is n; where a line bends away from the doubling " +
			"of the chunks, the CPUs are all busy, and what limits the run is no longer the number of chunks but the memory, " +
			"the second thread of each core, or the handing out. The dashed line is the serial fit. " + errorBarsAre}
	q := quantity{axis: "speed-up", of: func(p study.Point) study.Stat { return p.SpeedUp }, Value: drawing.Value{Powers: true, Level: 1, Top: 1, Label: words.Plain}}
	return d.finish(f, q, noSerial)
}

func (d drawer) efficiencyFigure() (figure, error) {
	f := figure{Name: "efficiency", Title: "Efficiency per core",
		Caption: "The speed-up divided by the number of CPUs: the share of each CPU that is put to use. The dashed line is " +
			"perfect use. A line that is low over all chunk counts has more CPUs than the machine can feed (two threads of one " +
			"core count as two CPUs); a line that falls only towards the right pays for small chunks. " + errorBarsAre}
	q := quantity{axis: "efficiency per core", of: func(p study.Point) study.Stat { return p.Efficiency }, Value: drawing.Value{Linear: true, Level: 1, Top: 1, Label: words.Plain}}
	return d.finish(f, q, noSerial)
}

const noSerial = "No serial time is known for these runs: run the serial engine too, or give the serial times."

// finish draws a chunk figure, or says why not.
func (d drawer) finish(f figure, q quantity, missing string) (figure, error) {
	var err error
	f.Drawing, err = d.chunkFigure(f.Title, q)
	if f.SVG == nil {
		f.Missing = d.unless(missing)
	}
	return f, err
}

// unless returns why a figure is missing: because other programs disturbed the runs, or else for the given reason.
func (d drawer) unless(missing string) string {
	if d.Disturbed > 0 {
		return "Other programs disturbed the runs or the serial runs, so that their times are not compared."
	}
	return missing
}

func (d drawer) peakFigure() (figure, error) {
	f := figure{Name: "peak", Title: "Peak efficiency against CPUs",
		Caption: "The efficiency at the best number of chunks, for each number of CPUs. It tells how well a model scales: the " +
			"flatter the line, the less is lost by giving the work more CPUs."}
	if d.behind != nil {
		f.Caption += " The grey line is the published report's, made on one " + study.PublishedMachine + "."
	}
	if text := d.oneCPUCount("efficiency", func(p study.Point) study.Stat { return p.Efficiency }); text != "" {
		f.Missing = text
		return f, nil
	}
	q := quantity{axis: "peak efficiency per core", of: func(p study.Point) study.Stat { return p.Efficiency }, Value: drawing.Value{Linear: true, Level: 1, Top: 1, Label: words.Plain}}
	var err error
	f.Drawing, err = d.cpuFigure(f.Title, q, func(r study.PublishedResult) float64 { return r.PeakEfficiency })
	if f.SVG == nil {
		f.Missing = d.unless(noSerial)
	}
	return f, err
}

func (d drawer) costFigure() (figure, error) {
	f := figure{Name: "cost", Title: "Cost of a run against CPUs"}
	q := quantity{axis: "US$ a run", of: func(p study.Point) study.Stat { return p.Cost }, Value: drawing.Value{Label: words.Plain}}
	reported := func(r study.PublishedResult) float64 { return r.Dollars }
	what := "a run"
	if d.behind != nil { // their data set and ours differ in size
		f.Title = "Cost of a million voxels against CPUs"
		q.axis, q.of = "US$ a million voxels", func(p study.Point) study.Stat { return p.CostPerMVox }
		reported = func(r study.PublishedResult) float64 { return r.Dollars / study.PublishedVoxels * 1e6 }
		what = "a million voxels"
	}
	f.Caption = fmt.Sprintf("What %s costs at the best number of chunks, at the price of renting a machine with that many CPUs "+
		"for just that time (US dollars an hour by CPU count: %s). Efficiency is money: a machine that is used half as well costs "+
		"twice as much for the same voxels.", what, d.Prices)
	if text := d.oneCPUCount(q.axis, q.of); text != "" {
		f.Missing = text
		return f, nil
	}
	var err error
	f.Drawing, err = d.cpuFigure(f.Title, q, reported)
	if f.SVG == nil {
		f.Missing = d.unless(fmt.Sprintf("None of the CPU counts is in the price table (%s).", d.Prices))
	}
	return f, err
}

// oneCPUCount says the values in words where all runs have one CPU count, so that a curve over CPUs would be one point.
// It is empty where there are several counts, or where the published study's curves lie behind.
func (d drawer) oneCPUCount(what string, of func(study.Point) study.Stat) string {
	cpus := d.cpuCounts()
	if len(cpus) != 1 || d.behind != nil {
		return ""
	}
	var said []string
	for _, k := range d.panels() {
		for _, l := range d.linesOf(k) {
			if s := of(l.Best()); s.Known() {
				said = append(said, fmt.Sprintf("%s, %s: %s", k.title(), d.name(l.Condition), words.Significant(s.Median, 3)))
			}
		}
	}
	if said == nil {
		return ""
	}
	return fmt.Sprintf("All runs are on %s, so that there is no curve over CPUs. Here the %s is: %s.", words.Count(cpus[0], "CPU"), what, strings.Join(said, "; "))
}

func (d drawer) anyKnown(of func(study.Point) study.Stat) bool {
	for _, l := range d.Lines {
		for _, p := range l.Points {
			if of(p).Known() {
				return true
			}
		}
	}
	return false
}

// bestSentence names the fastest setting of each model.
func (d drawer) bestSentence() string {
	var named []string
	for _, k := range d.panels() {
		var best study.Line
		for _, l := range d.linesOf(k) {
			if best.Points == nil || l.Best().Time.Median < best.Best().Time.Median {
				best = l
			}
		}
		p := best.Best()
		named = append(named, fmt.Sprintf("%s with %s and %s chunks (%s s)", k.title(), words.Count(best.CPUs, "CPU"),
			nearBest(best), words.Significant(p.Time.Median, 3)))
	}
	if len(named) == 0 || d.Busy() {
		return ""
	}
	return " Fastest: " + strings.Join(named, "; ") + "."
}

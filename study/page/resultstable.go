package page

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/cells"
	"github.com/voxfit/voxfit/study/internal/words"
)

// resultsHeader names the columns of the results table, on the terminal and on the page.
var resultsHeader = []string{"model", "voxels", "engine", "CPUs", "serial s", "best s", "± 95%", "chunks",
	"speed-up", "efficiency", "inflation", "others took", "$ a run"}

// resultsRows returns the results table: the serial runs, and the best point of every line.
func (r results) resultsRows() [][]string {
	var rows [][]string
	for _, k := range r.panelsAndSerial() {
		for _, b := range r.Serial {
			if b.Model == k.model && b.Voxels == k.voxels {
				rows = append(rows, []string{modelname.WordsOf(b.Model), words.Thousands(b.Voxels), r.serialName(b), strconv.Itoa(b.CPUs),
					medianOf(b.Time, 3), medianOf(b.Time, 3), halfOf(b.Time), "-", "-", "-", "-", othersOf(b.Account()), "-"})
			}
		}
		for _, l := range r.linesOf(k) {
			rows = append(rows, resultsRow(l, r.name(l.Condition)))
		}
	}
	return rows
}

// serialName returns the engine of serial runs, with what tells it from other serial runs of the same data.
func (r results) serialName(b study.Baseline) string {
	name := b.Engine
	for _, part := range []struct {
		text string
		of   func(study.Condition) string
	}{
		{", " + b.ISA, func(c study.Condition) string { return c.ISA }},
		{", " + b.Schedule, func(c study.Condition) string { return c.Schedule }},
		{" on " + b.Host, func(c study.Condition) string { return c.Host }},
	} {
		if part.of(b.Condition) != "" && slices.ContainsFunc(r.Serial, func(o study.Baseline) bool {
			return o.Engine == b.Engine && o.Model == b.Model && o.Voxels == b.Voxels && part.of(o.Condition) != part.of(b.Condition)
		}) {
			name += part.text
		}
	}
	return name
}

func resultsRow(l study.Line, name string) []string {
	p := l.Best()
	serial, inflation := "-", "-"
	if l.Baseline != nil {
		serial = medianOf(l.Baseline.Time, 3)
	}
	if p.Inflation > 0 {
		inflation = words.Significant(p.Inflation, 3)
	}
	return []string{modelname.WordsOf(l.Model), words.Thousands(l.Voxels), name, strconv.Itoa(l.CPUs), serial, medianOf(p.Time, 3),
		halfOf(p.Time), nearBest(l), medianOf(p.SpeedUp, 3), hundredthsOf(p.Efficiency), inflation, othersOf(p.Split, p.HasSplit),
		medianOf(p.Cost, 2)}
}

// othersOf writes which share of the CPUs other programs and the host took while a run wanted them.
func othersOf(s study.Split, known bool) string {
	wanted := s.Compute + s.Others + s.Host
	if !known || !s.HasUse || wanted == 0 {
		return "-"
	}
	return words.Percent((s.Others + s.Host) / wanted)
}

// isTextColumn says whether a column of the results table holds words. The others hold numbers, which are aligned
// right.
func isTextColumn(i int) bool { return i == 0 || i == 2 }

// WriteTable writes the results as a text table for the terminal: for every model, engine and CPU
// count the serial time, the best time and at how many chunks, speed-up, efficiency per core, inflation of
// the compute time and cost; then the notes.
func (r Report) WriteTable(w io.Writer) error {
	rows := append([][]string{resultsHeader}, resultsOf(r.Summary).resultsRows()...)
	var b strings.Builder
	writeColumns(&b, rows, isTextColumn)
	for _, note := range r.Summary.Notes {
		b.WriteString("note: " + note + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// medianOf writes the median of a Stat, or a dash where it is not known.
func medianOf(s study.Stat, digits int) string {
	if !s.Known() {
		return "-"
	}
	return words.Significant(s.Median, digits)
}

// hundredthsOf writes the median of a share with two decimals.
func hundredthsOf(s study.Stat) string {
	if !s.Known() {
		return "-"
	}
	return strconv.FormatFloat(s.Median, 'f', 2, 64)
}

// halfOf writes half the interval, or a dash where there is none.
func halfOf(s study.Stat) string {
	if !s.Known() || math.IsNaN(s.Half) {
		return "-"
	}
	return words.Significant(s.Half, 2)
}

// summaryHeader names the columns of summary.csv. Times are in seconds and costs in US dollars. Intervals are half the
// 95% confidence interval. A cell is empty where the value is not known.
var summaryHeader = []string{"model", "num_vox", "host", "engine", "isa", "pinned", "schedule", "pin", "places", "nodes", "cpu_count", "num_chunks",
	"vox_per_chunk", "runs", "time_median", "time_mad", "time_ci95", "serial_time", "serial_source", "percent_of_serial",
	"speed_up", "speed_up_ci95", "efficiency", "cost_a_run", "cost_a_million_voxels",
	"compute_s", "dispatch_s", "steal_s", "start_wait_s", "tail_wait_s", "others_s", "host_steal_s", "unaccounted_s", "compute_inflation", "peak_rss",
	"disturbed"}

// writeSummary writes every point of the summary as one row of a CSV file.
func writeSummary(w io.Writer, s study.Summary) error {
	out := csv.NewWriter(w)
	out.Write(summaryHeader) // the writer keeps its first error for Error below
	for _, l := range s.Lines {
		for _, p := range l.Points {
			out.Write(summaryRow(l, p))
		}
	}
	out.Flush()
	return out.Error()
}

func summaryRow(l study.Line, p study.Point) []string {
	serial, source := "", ""
	if l.Baseline != nil {
		serial, source = cells.Float(l.Baseline.Time.Median), l.Baseline.Source
	}
	row := []string{l.Model, strconv.Itoa(l.Voxels), l.Host, l.Engine, l.ISA, strconv.FormatBool(l.Pinned),
		l.Schedule, l.Pin, l.Places, strconv.Itoa(l.Nodes), strconv.Itoa(l.CPUs), strconv.Itoa(p.Chunks), strconv.Itoa(p.VoxPerChunk),
		strconv.Itoa(p.Time.N), cells.Float(p.Time.Median), knownCell(p.Time, p.Time.MAD), knownCell(p.Time, p.Time.Half),
		serial, source, knownCell(p.Percent, p.Percent.Median), knownCell(p.SpeedUp, p.SpeedUp.Median),
		knownCell(p.SpeedUp, p.SpeedUp.Half), knownCell(p.Efficiency, p.Efficiency.Median),
		knownCell(p.Cost, p.Cost.Median), knownCell(p.CostPerMVox, p.CostPerMVox.Median)}
	for _, x := range []float64{p.Split.Compute, p.Split.Dispatch, p.Split.Steal, p.Split.StartWait, p.Split.TailWait,
		p.Split.Others, p.Split.Host, p.Split.Unaccounted} {
		if p.HasSplit {
			row = append(row, cells.Float(x))
		} else {
			row = append(row, "")
		}
	}
	inflation, rss := "", ""
	if p.Inflation > 0 {
		inflation = cells.Float(p.Inflation)
	}
	if p.PeakRSS > 0 {
		rss = fmt.Sprint(p.PeakRSS)
	}
	return append(row, inflation, rss, strconv.FormatBool(p.Disturbed))
}

func knownCell(s study.Stat, x float64) string {
	if !s.Known() || x != x {
		return ""
	}
	return cells.Float(x)
}

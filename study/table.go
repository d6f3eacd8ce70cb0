package study

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	modelname "github.com/voxfit/voxfit/model/name"
)

// resultsHeader names the columns of the results table, on the terminal and on the page.
var resultsHeader = []string{"model", "voxels", "engine", "CPUs", "serial s", "best s", "± 95%", "chunks",
	"speed-up", "efficiency", "inflation", "$ a run"}

// resultsRows is the results table: the serial runs and, for every line, its best point.
func (s Summary) resultsRows() [][]string {
	var rows [][]string
	names := s.naming()
	for _, k := range s.panelsAndSerial() {
		for _, b := range s.Serial {
			if b.Model == k.model && b.Voxels == k.voxels {
				rows = append(rows, []string{modelname.WordsOf(b.Model), thousands(b.Voxels), b.Engine, strconv.Itoa(b.CPUs),
					meanOf(b.Time, 3), meanOf(b.Time, 3), halfOf(b.Time), "-", "-", "-", "-", "-"})
			}
		}
		for _, l := range s.linesOf(k) {
			rows = append(rows, l.resultsRow(names.name(names.of(l.Condition))))
		}
	}
	return rows
}

func (l Line) resultsRow(name string) []string {
	p := l.Best()
	serial, inflation := "-", "-"
	if l.Baseline != nil {
		serial = meanOf(l.Baseline.Time, 3)
	}
	if p.Inflation > 0 {
		inflation = significant(p.Inflation, 3)
	}
	return []string{modelname.WordsOf(l.Model), thousands(l.Voxels), name, strconv.Itoa(l.CPUs), serial, meanOf(p.Time, 3),
		halfOf(p.Time), thousands(p.Chunks), meanOf(p.SpeedUp, 3), hundredthsOf(p.Efficiency), inflation, meanOf(p.Cost, 2)}
}

// isTextColumn says whether a column of the results table holds words; the others hold numbers and
// are set to the right.
func isTextColumn(i int) bool { return i == 0 || i == 2 }

// WriteTable writes the results as a text table for the terminal: for every model, engine and CPU
// count the serial time, the best time and at how many chunks, speed-up, efficiency per core, inflation of
// the compute time and cost; then the notes.
func (s Summary) WriteTable(w io.Writer) error {
	rows := append([][]string{resultsHeader}, s.resultsRows()...)
	var b strings.Builder
	writeColumns(&b, rows, isTextColumn)
	for _, note := range s.Notes {
		b.WriteString("note: " + note + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// summaryHeader names the columns of summary.csv. Times are in seconds, costs in US dollars,
// intervals are half the 95% confidence interval; what is not known is empty.
var summaryHeader = []string{"model", "num_vox", "host", "engine", "isa", "pinned", "schedule", "pin", "places", "nodes", "cpu_count", "num_chunks",
	"vox_per_chunk", "runs", "time_mean", "time_sd", "time_ci95", "serial_time", "serial_source", "percent_of_serial",
	"speed_up", "speed_up_ci95", "efficiency", "cost_a_run", "cost_a_million_voxels",
	"compute_s", "dispatch_s", "steal_s", "start_wait_s", "tail_wait_s", "unaccounted_s", "compute_inflation", "peak_rss"}

// WriteCSV writes every point of the summary as one row of a CSV file.
func (s Summary) WriteCSV(w io.Writer) error {
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

func summaryRow(l Line, p Point) []string {
	serial, source := "", ""
	if l.Baseline != nil {
		serial, source = formatFloat(l.Baseline.Time.Mean), l.Baseline.Source
	}
	row := []string{l.Model, strconv.Itoa(l.Voxels), l.Host, l.Engine, l.ISA, strconv.FormatBool(l.Pinned),
		l.Schedule, l.Pin, l.Places, strconv.Itoa(l.Nodes), strconv.Itoa(l.CPUs), strconv.Itoa(p.Chunks), strconv.Itoa(p.VoxPerChunk),
		strconv.Itoa(p.Time.N), formatFloat(p.Time.Mean), knownCell(p.Time, p.Time.SD), knownCell(p.Time, p.Time.Half),
		serial, source, knownCell(p.Percent, p.Percent.Mean), knownCell(p.SpeedUp, p.SpeedUp.Mean),
		knownCell(p.SpeedUp, p.SpeedUp.Half), knownCell(p.Efficiency, p.Efficiency.Mean),
		knownCell(p.Cost, p.Cost.Mean), knownCell(p.CostPerMVox, p.CostPerMVox.Mean)}
	for _, x := range []float64{p.Split.Compute, p.Split.Dispatch, p.Split.Steal, p.Split.StartWait, p.Split.TailWait,
		p.Split.Unaccounted} {
		if p.HasSplit {
			row = append(row, formatFloat(x))
		} else {
			row = append(row, "")
		}
	}
	inflation, rss := "", ""
	if p.Inflation > 0 {
		inflation = formatFloat(p.Inflation)
	}
	if p.PeakRSS > 0 {
		rss = fmt.Sprint(p.PeakRSS)
	}
	return append(row, inflation, rss)
}

func knownCell(s Stat, x float64) string {
	if !s.Known() || x != x {
		return ""
	}
	return formatFloat(x)
}

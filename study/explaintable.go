package study

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// title names an overhead: the model, its voxels and the engine.
func (h *Overhead) title() string { return panelKey{h.Model, h.Voxels}.title() + ", " + h.engine }

// coefficientRows is the table of what was fitted.
func (h *Overhead) coefficientRows() [][]string {
	row := func(name string, e *Estimate, scale float64, unit, what string) []string {
		if e == nil {
			return []string{name, "-", "", unit, "cannot be told from the others by these runs"}
		}
		return []string{name, significant(scale*e.Value, 3), e.interval(scale), unit, what}
	}
	rows := [][]string{
		row("work", h.Work, 1, "s", "all the work, on one core"),
		row("serial part", h.Serial, 1, "s", "of every run, however many CPUs"),
		row("each chunk", h.Chunk, 1e3, "ms", "to hand out one task"),
		row("each core", h.Core, 1e3, "ms", "for one more core in use"),
		row("contention", h.Contention, 1, "s", "of work more for each other busy CPU of the socket"),
	}
	if h.Thread != nil {
		rows = append(rows, row("hyperthread", h.Thread, 100, "%", "of a core, that the second hyperthread of a core adds"))
	}
	return rows
}

var coefficientHeader = []string{"cost", "value", "95% interval", "unit", "meaning"}

// comparisonRows is the table of errors on runs left out.
func (h *Overhead) comparisonRows() [][]string {
	var rows [][]string
	for _, c := range append(append([]Comparison{}, h.Forms...), h.Laws...) {
		rows = append(rows, []string{c.Name, c.Within.inWords(), c.CPUs.inWords(), c.Chunks.inWords(), c.Largest.inWords()})
	}
	return rows
}

func (h *Overhead) comparisonHeader() []string {
	largest := "largest CPU count"
	if h.Forecast != nil {
		largest = fmt.Sprintf("%d from %s", h.Forecast.CPUs, inList(h.Forecast.From))
	}
	return []string{"time =", "fitted to all", "CPU count left out", "chunk count left out", largest}
}

// inWords is median and mean of the absolute errors.
func (e Errors) inWords() string {
	if e.N == 0 {
		return "-"
	}
	return percent(e.Median) + " / " + percent(e.Mean)
}

// WriteTable writes the explanation for a terminal.
func (e Explanation) WriteTable(w io.Writer) error {
	var b strings.Builder
	for i, h := range e.Overheads {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %s, %s of CPUs (%s) and chunks\n\n", h.title(), countOf(h.Runs, "run"), countOf(h.Settings, "setting"),
			inList(h.CPUCounts))
		writeColumns(&b, append([][]string{coefficientHeader}, h.coefficientRows()...), func(i int) bool { return i != 1 })
		b.WriteString("\nError on runs left out, median / mean:\n\n")
		writeColumns(&b, append([][]string{h.comparisonHeader()}, h.comparisonRows()...), func(i int) bool { return i == 0 })
		if len(h.Reported) > 0 {
			b.WriteString("\n" + reportedTitle + "\n\n")
			writeColumns(&b, append([][]string{reportedHeader}, h.reportedRows()...), func(int) bool { return false })
		}
		b.WriteString("\n")
		for _, sentence := range h.Limits {
			writeWrapped(&b, "- ", sentence)
		}
	}
	b.WriteString("\n")
	for _, note := range e.Notes {
		writeWrapped(&b, "note: ", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeColumns sets rows in columns: words to the left, numbers to the right.
func writeColumns(b *strings.Builder, rows [][]string, isText func(int) bool) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if isText(i) {
				line.WriteString(cell + pad)
			} else {
				line.WriteString(pad + cell)
			}
			line.WriteString("  ")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// writeWrapped breaks a sentence into lines of a terminal.
func writeWrapped(b *strings.Builder, lead, text string) {
	const width = 100
	line := lead
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = strings.Repeat(" ", len(lead))
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

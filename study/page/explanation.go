package page

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/overhead"
)

// An Explanation is the overheads of a study as a page of its own.
type Explanation struct {
	Title       string
	Version     string    // of the program
	Made        time.Time // when the page was made
	Sources     []string  // the CSV files that were read
	Repeat      []string  // the commands that make this page again
	Explanation overhead.Explanation
}

// An overheadSection is what the template of the section sees, on this page and on that of a Report.
type overheadSection struct {
	Models         []overheadModel
	First, Figures []pageFigure // before the models, and after
	Notes          []string
	Resamples      int
	ReportedTitle  string
	ReportedHeader []cell
	Missing        string
}

type overheadModel struct {
	Title, From                         string
	Limits                              []string
	CoefficientHeader, ComparisonHeader []cell
	Coefficients, Comparisons, Reported [][]cell
}

func newOverheadSection(e overhead.Explanation) (*overheadSection, error) {
	figures, err := explanationFigures(e)
	if err != nil {
		return nil, err
	}
	all := pageFigures(figures)
	s := &overheadSection{First: all[:2], Figures: all[2:], Notes: e.Notes, Resamples: e.Resamples,
		ReportedTitle: reportedTitle, ReportedHeader: cellsOf(reportedHeader, isNumber)}
	for _, h := range e.Overheads {
		m := overheadModel{Title: titleOf(h), Limits: h.Limits}
		m.From = fmt.Sprintf("%s timed runs, %s: CPU counts %s, each in several numbers of chunks.", words.Thousands(h.Runs),
			words.Count(h.Settings, "setting"), words.List(h.CPUCounts))
		m.CoefficientHeader, m.Coefficients = cellsOf(coefficientHeader, isNoValue), rowsOf(coefficientRows(h), isNoValue)
		m.ComparisonHeader, m.Comparisons = cellsOf(comparisonHeader(h), isName), rowsOf(comparisonRows(h), isName)
		m.Reported = rowsOf(reportedRows(h), isNumber)
		s.Models = append(s.Models, m)
	}
	return s, nil
}

// Write writes index.html, one file that needs no other, and beside it figures/*.svg. The
// directory is made when it is not there; each file is replaced as a whole, index.html last.
func (x Explanation) Write(dir string) error {
	section, err := newOverheadSection(x.Explanation)
	if err != nil {
		return err
	}
	runs := 0
	for _, h := range x.Explanation.Overheads {
		runs += h.Runs
	}
	page := struct {
		Explanation
		Runs, MadeOn string
		InShort      []string
		Overhead     *overheadSection
	}{x, words.Thousands(runs) + " timed runs", dayAndTime(x.Made), overheadsInShort(x.Explanation), section}
	return writePage(dir, "explanation.html.tmpl", page, section.figures())
}

func (s *overheadSection) figures() []figure {
	var all []figure
	for _, f := range append(slices.Clone(s.First), s.Figures...) {
		all = append(all, f.figure)
	}
	return all
}

// overheadsInShort says for each model and engine, on its largest data set, what limits it and what its costs are.
func overheadsInShort(e overhead.Explanation) []string {
	var sentences []string
	said := map[study.Condition]bool{}
	for _, h := range e.Overheads { // the larger data set first
		c := h.Condition
		c.Voxels = 0
		if !said[c] {
			said[c] = true
			sentences = append(sentences, titleOf(h)+". "+h.Limits[0]+" "+costsShort(h))
		}
	}
	return sentences
}

// costsShort is the costs, and how well they predict, in two sentences.
func costsShort(h overhead.Overhead) string {
	var costs []string
	for _, c := range []struct {
		what  string
		e     *study.Estimate
		scale float64
		unit  string
	}{{"serial", h.Serial, 1, "s"}, {"each chunk", h.Chunk, 1e3, "ms"}, {"each core", h.Core, 1e3, "ms"},
		{"a second hyperthread adds, of a core,", h.Thread, 100, "%"}} {
		if c.e != nil {
			costs = append(costs, c.what+" "+c.e.InWords(c.scale, c.unit))
		}
	}
	text := "Fitted, with 95% intervals: " + strings.Join(costs, "; ") + "."
	if f := h.Forecast; f != nil {
		text += fmt.Sprintf(" A fit to %s alone is off by %s (median) on %d.", words.CPUs(f.From), words.Percent(f.Errors.Median), f.CPUs)
	}
	return text
}

// WriteTable writes the explanation for a terminal.
func (x Explanation) WriteTable(w io.Writer) error {
	var b strings.Builder
	for i, h := range x.Explanation.Overheads {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %s, %s of CPUs (%s) and chunks\n\n", titleOf(h), words.Count(h.Runs, "run"), words.Count(h.Settings, "setting"),
			words.List(h.CPUCounts))
		writeColumns(&b, append([][]string{coefficientHeader}, coefficientRows(h)...), isNoValue)
		b.WriteString("\nError on runs left out, median / mean:\n\n")
		writeColumns(&b, append([][]string{comparisonHeader(h)}, comparisonRows(h)...), isName)
		if len(h.Reported) > 0 {
			b.WriteString("\n" + reportedTitle + "\n\n")
			writeColumns(&b, append([][]string{reportedHeader}, reportedRows(h)...), isNumber)
		}
		b.WriteString("\n")
		for _, sentence := range h.Limits {
			writeWrapped(&b, "- ", sentence)
		}
	}
	b.WriteString("\n")
	for _, note := range x.Explanation.Notes {
		writeWrapped(&b, "note: ", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

package study

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/voxfit/voxfit/disk"
)

// An ExplanationPage is an Explanation as a page of its own.
type ExplanationPage struct {
	Title       string
	Version     string    // of the program
	Made        time.Time // when the page was made
	Sources     []string  // the CSV files that were read
	Repeat      []string  // the commands that make this page again
	Explanation Explanation
}

// overheadPage is what the template of the section sees.
type overheadPage struct {
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

// overheadSection is the report's section; nil when the report has neither an explanation nor a
// reason why there is none.
func (r Report) overheadSection() (*overheadPage, error) {
	switch {
	case r.Explanation != nil:
		return r.Explanation.section()
	case r.Unexplained != "":
		return &overheadPage{Missing: r.Unexplained}, nil
	}
	return nil, nil
}

func (e Explanation) section() (*overheadPage, error) {
	figures, err := e.Figures()
	if err != nil {
		return nil, err
	}
	numbers := func(int) bool { return false }
	all := pageFigures(figures)
	p := &overheadPage{First: all[:2], Figures: all[2:], Notes: e.Notes, ReportedTitle: reportedTitle, ReportedHeader: cells(reportedHeader, numbers)}
	for i := range e.Overheads {
		h := &e.Overheads[i]
		p.Resamples = len(h.drawn)
		isText, isName := func(i int) bool { return i != 1 }, func(i int) bool { return i == 0 }
		m := overheadModel{Title: h.title(), Limits: h.Limits, CoefficientHeader: cells(coefficientHeader, isText),
			ComparisonHeader: cells(h.comparisonHeader(), isName)}
		m.From = fmt.Sprintf("%s timed runs, %s: CPU counts %s, each in several numbers of chunks.", thousands(h.Runs),
			countOf(h.Settings, "setting"), inList(h.CPUCounts))
		for _, row := range h.coefficientRows() {
			m.Coefficients = append(m.Coefficients, cells(row, isText))
		}
		for _, row := range h.comparisonRows() {
			m.Comparisons = append(m.Comparisons, cells(row, isName))
		}
		for _, row := range h.reportedRows() {
			m.Reported = append(m.Reported, cells(row, numbers))
		}
		p.Models = append(p.Models, m)
	}
	return p, nil
}

// WriteExplanation writes index.html, one file that needs no other, and beside it figures/*.svg. The
// directory is made when it is not there; each file is replaced as a whole, index.html last.
func WriteExplanation(dir string, x ExplanationPage) error {
	section, err := x.Explanation.section()
	if err != nil {
		return err
	}
	page := struct {
		ExplanationPage
		Runs, MadeOn string
		InShort      []string
		Overhead     *overheadPage
	}{ExplanationPage: x, InShort: x.Explanation.inShort(), Runs: thousands(x.Explanation.runs()) + " timed runs", Overhead: section}
	if !x.Made.IsZero() {
		page.MadeOn = x.Made.Format("2006-01-02 15:04 MST")
	}
	var index bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&index, "explain.html.tmpl", page); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "figures"), 0o755); err != nil {
		return err
	}
	for _, f := range section.figures() {
		if err := writeFigure(filepath.Join(dir, "figures", f.Name+".svg"), f.Figure); err != nil {
			return err
		}
	}
	return disk.Replace(filepath.Join(dir, "index.html"), index.Bytes())
}

func (e Explanation) runs() int {
	n := 0
	for _, h := range e.Overheads {
		n += h.Runs
	}
	return n
}

func (p *overheadPage) figures() []pageFigure { return append(slices.Clone(p.First), p.Figures...) }

// inShort says for each model and engine, on its largest data set, what limits it and what its costs are.
func (e Explanation) inShort() []string {
	var sentences []string
	said := map[Condition]bool{}
	for i := range e.Overheads { // the larger data set first
		h := &e.Overheads[i]
		c := h.Condition
		c.Voxels = 0
		if !said[c] {
			said[c] = true
			sentences = append(sentences, h.title()+". "+h.limitSentence()+" "+h.costsShort())
		}
	}
	return sentences
}

// costsShort is the costs, and how well they predict, in two sentences.
func (h *Overhead) costsShort() string {
	var words []string
	for _, c := range []struct {
		what  string
		e     *Estimate
		scale float64
		unit  string
	}{{"serial", h.Serial, 1, "s"}, {"each chunk", h.Chunk, 1e3, "ms"}, {"each core", h.Core, 1e3, "ms"},
		{"a second hyperthread adds, of a core,", h.Thread, 100, "%"}} {
		if c.e != nil {
			words = append(words, c.what+" "+c.e.inWords(c.scale, c.unit))
		}
	}
	text := "Fitted, with 95% intervals: " + strings.Join(words, "; ") + "."
	if f := h.Forecast; f != nil {
		text += fmt.Sprintf(" A fit to %s alone is off by %s (median) on %d.", cpusInWords(f.From), percent(f.Errors.Median), f.CPUs)
	}
	return text
}

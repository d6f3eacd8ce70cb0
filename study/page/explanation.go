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

// An Explanation is a page that shows an explanation of package overhead.
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
	InShort        []overhead.Said
	Answers        []overhead.Answer
	Busy           string // says that the machine was; empty otherwise
	Guessed        string // says that CPUs are taken for cores; empty otherwise
	OnTop          bool   // the page has the answers above this section
	Gaps           *gapSection
	Models         []overheadModel
	First, Figures []pageFigure // before the models, and after
	Notes          []string
	Resamples      int
	ReportedTitle  string
	Missing        string
}

type overheadModel struct {
	Title, From                             string
	Limits                                  []string
	Coefficients, Comparisons, Alternatives table
	Reported                                *table
}

// A gapSection says where the fit is off on the published report's own machine, and what was tried to explain it.
type gapSection struct {
	Sentences []string
	Table     table
}

func newOverheadSection(e overhead.Explanation) (*overheadSection, error) {
	figures, err := explanationFigures(e)
	if err != nil {
		return nil, err
	}
	all := pageFigures(figures)
	for i := range all {
		all[i].Number = 0 // the other figures of a report have numbers
	}
	first := min(2, len(all))
	s := &overheadSection{InShort: e.InShort, Answers: e.Answers, Busy: e.Busy, Guessed: e.Guessed, Gaps: gapsOf(e), First: all[:first], Figures: all[first:], Notes: e.Notes, Resamples: e.Resamples, ReportedTitle: reportedTitle}
	for _, h := range e.Overheads {
		m := overheadModel{Title: titleOf(h), Limits: h.Limits}
		m.From = fmt.Sprintf("%s, on %s.", timesOfFit(h.Runs, h.Settings), words.CPUs(h.CPUCounts))
		m.Coefficients = newTable(coefficientHeader, coefficientRows(h), isNoValue)
		m.Comparisons = newTable(comparisonHeader(h), comparisonRows(h), isName)
		m.Alternatives = newTable(alternativeHeader(h), alternativeRows(h), isWord)
		if len(h.Reported) > 0 {
			reported := newTable(reportedHeader, reportedRows(h), isNumber)
			m.Reported = &reported
		}
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
	section.OnTop = true
	page := struct {
		Explanation
		Runs, Whose, MadeOn, Disturbed string
		Numbers                        table
		Overhead                       *overheadSection
	}{x, timesIn(x.Explanation.Summary.Records, x.Explanation.Summary.Settings), whoseRuns(x.Explanation.Summary), dayAndTime(x.Made),
		disturbedIn(x.Explanation.Summary),
		newTable(numbersHeader, numbersRows(x.Explanation), isName), section}
	return writePage(dir, "explanation.html.tmpl", page, section.figures())
}

// disturbedIn says what other programs did to the runs that were fitted.
func disturbedIn(s study.Summary) string {
	text := s.DisturbedSentence()
	if s.Disturbed > 0 {
		text += " Their times are fitted as they are; a setting that is far off counts little."
	}
	return text
}

// timesOfFit is what a fit was made to.
func timesOfFit(runs, settings int) string {
	if runs == settings {
		return timesIn(runs, settings)
	}
	return timesIn(runs, settings) + ", " + words.Count(settings, "setting")
}

func (s *overheadSection) figures() []figure {
	var all []figure
	for _, f := range append(slices.Clone(s.First), s.Figures...) {
		all = append(all, f.figure)
	}
	return all
}

// withCheck returns an answer as a line of text.
func withCheck(s overhead.Said) string {
	text := s.Answer
	if s.Of != "" {
		text = s.Of + ": " + text
	}
	if s.Check != "" {
		text += " Check: " + s.Check
	}
	return text
}

// WriteTable writes the explanation for a terminal.
func (x Explanation) WriteTable(w io.Writer) error {
	var b strings.Builder
	e := x.Explanation
	writeWrapped(&b, "", timesIn(e.Summary.Records, e.Summary.Settings)+", "+whoseRuns(e.Summary)+".")
	if e.Busy != "" {
		writeWrapped(&b, "", e.Busy)
		_, err := io.WriteString(w, b.String())
		return err
	}
	for _, warning := range []string{e.Guessed, disturbedIn(e.Summary)} {
		if warning != "" {
			b.WriteString("\n")
			writeWrapped(&b, "", warning)
		}
	}
	for i, s := range e.InShort {
		b.WriteString("\n")
		writeWrapped(&b, fmt.Sprintf("%d. ", i+1), withCheck(s))
	}
	for _, a := range e.Answers {
		b.WriteString("\n")
		writeWrapped(&b, "", a.Question)
		for _, s := range a.Said {
			writeWrapped(&b, "    ", withCheck(s))
		}
	}
	b.WriteString("\n")
	writeColumns(&b, append([][]string{numbersHeader}, numbersRows(e)...), isName)
	if g := e.GapSentences(); g != nil {
		b.WriteString("\n")
		for _, sentence := range g {
			writeWrapped(&b, "", sentence)
		}
		b.WriteString("\n")
		writeColumns(&b, append([][]string{gapHeader(e)}, gapRows(e)...), isWordOfGap)
	}
	for _, h := range e.Overheads {
		b.WriteString("\n")
		fmt.Fprintf(&b, "%s: %s, on %s\n\n", titleOf(h), timesOfFit(h.Runs, h.Settings), words.CPUs(h.CPUCounts))
		writeColumns(&b, append([][]string{coefficientHeader}, coefficientRows(h)...), isNoValue)
		b.WriteString("\nError on runs left out, median / mean:\n\n")
		writeColumns(&b, append([][]string{comparisonHeader(h)}, comparisonRows(h)...), isName)
		b.WriteString("\n" + alternativesTitle + "\n\n")
		writeColumns(&b, append([][]string{alternativeHeader(h)}, alternativeRows(h)...), isWord)
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

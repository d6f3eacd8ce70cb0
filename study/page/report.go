package page

import (
	"bytes"
	"math"
	"strconv"
	"time"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/overhead"
)

// A Report is everything that the page of a study shows. Empty fields are left out of the page.
type Report struct {
	Title   string
	Command string    // the exact command that made the runs
	Version string    // of the program
	Made    time.Time // when the report was made
	Machine []Fact    // what the runs were made on
	Data    []Fact    // what was fitted
	Sources []string  // the CSV files that were read
	Repeat  []string  // the commands that make the study and this page again
	Summary study.Summary
	// Published, when not nil, is a summary of the published study's runs: its curves are drawn
	// behind ours, and its report's results are set beside ours in a table.
	Published *study.Summary
	// Explanation, when not nil, is drawn as a section; Unexplained says instead why there is none.
	Explanation *overhead.Explanation
	Unexplained string
}

// A Fact is one line of a list: a name and a value.
type Fact struct{ Name, Value string }

// reportPage is what the template sees.
type reportPage struct {
	Report
	Runs, Whose     string
	MadeOn          string
	InShort         []string
	Results         table
	Figures         []pageFigure
	Beside          *table
	Overhead        *overheadSection
	PublishedOn     string
	PublishedVoxels string
}

// Write writes index.html, one file that needs no other, and beside it figures/*.svg and
// summary.csv with the same figures and numbers for use elsewhere. The directory is made when
// it is not there. Each file is replaced as a whole, index.html last. A figure that an earlier
// report had and this one has not is removed.
func (r Report) Write(dir string) error {
	figures, err := studyFigures(r.Summary, r.Published)
	if err != nil {
		return err
	}
	p := newReportPage(r, figures)
	switch {
	case r.Explanation != nil:
		if p.Overhead, err = newOverheadSection(*r.Explanation); err != nil {
			return err
		}
		figures = append(figures, p.Overhead.figures()...)
	case r.Unexplained != "":
		p.Overhead = &overheadSection{Missing: r.Unexplained}
	}
	var table bytes.Buffer
	if err := writeSummary(&table, r.Summary); err != nil {
		return err
	}
	return writePage(dir, "report.html.tmpl", p, figures, file{"summary.csv", table.Bytes()})
}

func newReportPage(r Report, figures []figure) reportPage {
	if r.Title == "" {
		r.Title = "A timing study of voxel fits"
	}
	results := resultsOf(r.Summary)
	p := reportPage{
		Report: r, Runs: timesIn(r.Summary.Records, r.Summary.Settings), Whose: whoseRuns(r.Summary), MadeOn: dayAndTime(r.Made), InShort: results.inShort(), Figures: pageFigures(figures),
		Results:     newTable(resultsHeader, results.resultsRows(), isTextColumn),
		PublishedOn: study.PublishedMachine, PublishedVoxels: words.Thousands(study.PublishedVoxels),
	}
	if r.Published != nil {
		beside := newTable(besideHeader, results.besideRows(), func(i int) bool { return i < 2 })
		p.Beside = &beside
	}
	return p
}

// timesIn says how many times there are. One time of each setting may be a run's, or a median of runs: files do not tell.
func timesIn(records, settings int) string {
	switch {
	case records == 1:
		return "1 timed run"
	case records == settings:
		return words.Thousands(settings) + " settings with one time each"
	}
	return words.Thousands(records) + " timed runs"
}

var besideHeader = []string{"model", "study", "CPUs", "voxels", "best s", "voxels a second", "speed-up", "peak efficiency",
	"$ a million voxels"}

// besideRows sets the published report's results beside ours, for the models that both have.
// Voxels a second and the cost of a million voxels make data sets of different size comparable.
func (r results) besideRows() [][]string {
	var rows [][]string
	for _, k := range r.panels() {
		theirs := publishedRows(k)
		if len(theirs) == 0 {
			continue
		}
		rows = append(rows, theirs...)
		for _, l := range r.linesOf(k) {
			p := l.Best()
			rows = append(rows, []string{modelname.WordsOf(l.Model), "this: " + r.name(l.Condition), strconv.Itoa(l.CPUs),
				words.Thousands(l.Voxels), medianOf(p.Time, 3), voxelsASecond(l.Voxels, p.Time.Median),
				medianOf(p.SpeedUp, 3), hundredthsOf(p.Efficiency), medianOf(p.CostPerMVox, 2)})
		}
	}
	return rows
}

func publishedRows(k panelKey) [][]string {
	published := func(x float64) string { // with the digits that were published
		if x == 0 {
			return "-"
		}
		return words.Plain(x)
	}
	var rows [][]string
	for _, r := range study.PublishedResults() {
		if r.Model != k.model {
			continue
		}
		rate, cost := "-", "-"
		if r.BestSeconds > 0 {
			rate = voxelsASecond(study.PublishedVoxels, r.BestSeconds)
		}
		if r.Dollars > 0 {
			cost = words.Significant(r.Dollars/study.PublishedVoxels*1e6, 2)
		}
		rows = append(rows, []string{modelname.WordsOf(r.Model), "published: Ray", strconv.Itoa(r.CPUs), words.Thousands(study.PublishedVoxels),
			published(r.BestSeconds), rate, published(r.SpeedUp), published(r.PeakEfficiency), cost})
	}
	return rows
}

// voxelsASecond is a rate with three significant digits.
func voxelsASecond(voxels int, seconds float64) string {
	rate := float64(voxels) / seconds
	if rate < 100 {
		return words.Significant(rate, 3)
	}
	unit := math.Pow10(int(math.Floor(math.Log10(rate))) - 2)
	return words.Thousands(int(math.Round(rate/unit) * unit))
}

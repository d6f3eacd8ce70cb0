package study

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/voxfit/voxfit/disk"
	modelname "github.com/voxfit/voxfit/model/name"
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
	Summary Summary
	// Published, when not nil, is a summary of the published study's runs: its curves are drawn
	// behind ours, and its report's results are set beside ours in a table.
	Published *Summary
	// Explanation, when not nil, is drawn as a section; Unexplained says instead why there is none.
	Explanation *Explanation
	Unexplained string
}

// A Fact is one line of a list: a name and a value.
type Fact struct{ Name, Value string }

//go:embed *.html.tmpl
var pageTexts embed.FS

var pageTemplates = template.Must(template.ParseFS(pageTexts, "*.html.tmpl"))

// page is what the template sees.
type page struct {
	Report
	Runs            string
	MadeOn          string
	InShort         []string
	ResultsHeader   []cell
	Results         [][]cell
	Figures         []pageFigure
	BesideHeader    []cell
	Beside          [][]cell
	Overhead        *overheadPage
	PublishedOn     string
	PublishedVoxels string
}

type cell struct {
	Text   string
	Number bool
}

type pageFigure struct {
	Figure
	Number int
	Inline template.HTML // our own drawing: its texts are escaped where it is made
}

// WriteReport writes index.html, one file that needs no other, and beside it figures/*.svg and
// summary.csv with the same figures and numbers for use elsewhere. The directory is made when
// it is not there. Each file is replaced as a whole, index.html last. A figure that an earlier
// report had and this one has not is removed.
func WriteReport(dir string, r Report) error {
	figures, err := r.Summary.Figures(r.Published)
	if err != nil {
		return err
	}
	p := newPage(r, figures)
	if p.Overhead, err = r.overheadSection(); err != nil {
		return err
	}
	if p.Overhead != nil {
		for _, f := range p.Overhead.figures() {
			figures = append(figures, f.Figure)
		}
	}
	var index, table bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&index, "page.html.tmpl", p); err != nil {
		return err
	}
	if err := r.Summary.WriteCSV(&table); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "figures"), 0o755); err != nil {
		return err
	}
	for _, f := range figures {
		if err := writeFigure(filepath.Join(dir, "figures", f.Name+".svg"), f); err != nil {
			return err
		}
	}
	if err := disk.Replace(filepath.Join(dir, "summary.csv"), table.Bytes()); err != nil {
		return err
	}
	return disk.Replace(filepath.Join(dir, "index.html"), index.Bytes())
}

func writeFigure(path string, f Figure) error {
	if f.SVG != nil {
		return disk.Replace(path, standaloneSVG(f.SVG))
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func newPage(r Report, figures []Figure) page {
	if r.Title == "" {
		r.Title = "A timing study of voxel fits"
	}
	p := page{Report: r, InShort: r.Summary.inShort(), PublishedOn: publishedMachine, PublishedVoxels: thousands(publishedVoxels)}
	p.Runs = thousands(r.Summary.Records) + " timed runs"
	if r.Summary.Records == 1 {
		p.Runs = "1 timed run"
	}
	if !r.Made.IsZero() {
		p.MadeOn = r.Made.Format("2006-01-02 15:04 MST")
	}
	p.Figures = pageFigures(figures)
	p.ResultsHeader = cells(resultsHeader, isTextColumn)
	for _, row := range r.Summary.resultsRows() {
		p.Results = append(p.Results, cells(row, isTextColumn))
	}
	if r.Published != nil {
		isText := func(i int) bool { return i < 2 }
		p.BesideHeader = cells(besideHeader, isText)
		for _, row := range r.Summary.besideRows() {
			p.Beside = append(p.Beside, cells(row, isText))
		}
	}
	return p
}

func pageFigures(figures []Figure) []pageFigure {
	var all []pageFigure
	for i, f := range figures {
		all = append(all, pageFigure{Figure: f, Number: i + 1, Inline: template.HTML(f.SVG)})
	}
	return all
}

func cells(row []string, isText func(int) bool) []cell {
	out := make([]cell, len(row))
	for i, s := range row {
		out[i] = cell{s, !isText(i)}
	}
	return out
}

// inShort says in one sentence for each model and engine what its best run reached.
func (s Summary) inShort() []string {
	var sentences []string
	names := s.naming()
	for _, k := range s.panels() {
		for _, v := range names.all {
			l := s.fastest(k, v, names)
			if l == nil {
				continue
			}
			p := l.Best()
			text := fmt.Sprintf("%s, %s: %s s on %s in %s", k.title(), names.name(v), meanOf(p.Time, 3),
				countOf(l.CPUs, "CPU"), chunksInWords(p.Chunks))
			if p.SpeedUp.Known() {
				text += fmt.Sprintf("; %s times as fast as the serial fit (%s s), with %s%% of each CPU put to use",
					meanOf(p.SpeedUp, 3), meanOf(l.Baseline.Time, 3), significant(100*p.Efficiency.Mean, 2))
			}
			sentences = append(sentences, text+".")
		}
	}
	return sentences
}

// fastest is the line of a panel and a variant with the least time at its best; nil without any.
func (s Summary) fastest(k panelKey, v variant, names naming) *Line {
	var best *Line
	for _, l := range s.linesOf(k) {
		if names.of(l.Condition) == v && (best == nil || l.Best().Time.Mean < best.Best().Time.Mean) {
			best = &l
		}
	}
	return best
}

var besideHeader = []string{"model", "study", "CPUs", "voxels", "best s", "voxels a second", "speed-up", "peak efficiency",
	"$ a million voxels"}

// besideRows sets the published report's results beside ours, for the models that both have.
// Voxels a second and the cost of a million voxels make data sets of different size comparable.
func (s Summary) besideRows() [][]string {
	var rows [][]string
	names := s.naming()
	for _, k := range s.panels() {
		theirs := publishedRows(k)
		if len(theirs) == 0 {
			continue
		}
		rows = append(rows, theirs...)
		for _, l := range s.linesOf(k) {
			p := l.Best()
			rows = append(rows, []string{modelname.WordsOf(l.Model), "this: " + names.name(names.of(l.Condition)), strconv.Itoa(l.CPUs),
				thousands(l.Voxels), meanOf(p.Time, 3), voxelsASecond(l.Voxels, p.Time.Mean),
				meanOf(p.SpeedUp, 3), hundredthsOf(p.Efficiency), meanOf(p.CostPerMVox, 2)})
		}
	}
	return rows
}

func publishedRows(k panelKey) [][]string {
	published := func(x float64) string { // with the digits that were published
		if x == 0 {
			return "-"
		}
		return plainLabel(x)
	}
	var rows [][]string
	for _, r := range PublishedResults() {
		if r.Model != k.model {
			continue
		}
		rate, cost := "-", "-"
		if r.BestSeconds > 0 {
			rate = voxelsASecond(publishedVoxels, r.BestSeconds)
		}
		if r.Dollars > 0 {
			cost = significant(r.Dollars/publishedVoxels*1e6, 2)
		}
		rows = append(rows, []string{modelname.WordsOf(r.Model), "published: Ray", strconv.Itoa(r.CPUs), thousands(publishedVoxels),
			published(r.BestSeconds), rate, published(r.SpeedUp), published(r.PeakEfficiency), cost})
	}
	return rows
}

// voxelsASecond is a rate with three significant digits.
func voxelsASecond(voxels int, seconds float64) string {
	rate := float64(voxels) / seconds
	if rate < 100 {
		return significant(rate, 3)
	}
	unit := math.Pow10(int(math.Floor(math.Log10(rate))) - 2)
	return thousands(int(math.Round(rate/unit) * unit))
}

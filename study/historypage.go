package study

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/voxfit/voxfit/disk"
)

// A HistoryPage is a History as a page.
type HistoryPage struct {
	Version string    // of the program
	Made    time.Time // when the page was made
	Source  string    // the CSV file
	Repeat  string    // the command that makes this page again
	History History
}

var timesHeader = []string{"step", "set", "commits", "first", "us a voxel", "last", "us a voxel", "95% interval", "last / first", "share of the peak"}

// timesRows are a row for each step and set: its first and its last record.
func (h History) timesRows() [][]string {
	var rows [][]string
	for _, step := range h.distinct(func(r SpeedRecord) string { return r.Step }) {
		for _, set := range h.sets() {
			records := h.of(step, set)
			if len(records) == 0 {
				continue
			}
			first, last := records[0], records[len(records)-1]
			peak := "-"
			if !math.IsNaN(last.Peak) {
				peak = fmt.Sprintf("%.0f%%", 100*last.Peak)
			}
			rows = append(rows, []string{step, set, fmt.Sprint(len(records)), first.Commit, significant(first.Us, 4), last.Commit,
				significant(last.Us, 4), significant(last.Low, 4) + " to " + significant(last.High, 4), fmt.Sprintf("%.3f", last.Us/first.Us), peak})
		}
	}
	return rows
}

// WriteHistory writes index.html, one file that needs no other, and beside it figures/*.svg. The directory is made when it is
// not there; each file is replaced as a whole, index.html last.
func WriteHistory(dir string, x HistoryPage) error {
	figures, err := x.History.figures()
	if err != nil {
		return err
	}
	isText := func(i int) bool { return slices.Contains([]int{0, 1, 3, 5}, i) }
	page := struct {
		HistoryPage
		MadeOn      string
		Facts       []Fact
		InShort     []string
		Figures     []pageFigure
		TimesHeader []cell
		Times       [][]cell
	}{HistoryPage: x, InShort: x.History.changes(), Figures: pageFigures(figures), TimesHeader: cells(timesHeader, isText)}
	p := x.History.Processor
	page.Facts = []Fact{{"vendor", p.Vendor}, {"family", fmt.Sprint(p.Family)}, {"model", fmt.Sprint(p.Model)}, {"stepping", fmt.Sprint(p.Stepping)}}
	for _, row := range x.History.timesRows() {
		page.Times = append(page.Times, cells(row, isText))
	}
	if !x.Made.IsZero() {
		page.MadeOn = x.Made.Format("2006-01-02 15:04 MST")
	}
	var index bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&index, "history.html.tmpl", page); err != nil {
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
	return disk.Replace(filepath.Join(dir, "index.html"), index.Bytes())
}

package page

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// A History is a page that shows the speeds of one kind of processor, commit by commit.
type History struct {
	Version string    // of the program
	Made    time.Time // when the page was made
	Source  string    // the CSV file
	Repeat  string    // the command that makes this page again
	History study.History
}

// Write writes index.html, one file that needs no other, and beside it figures/*.svg. The directory is made when it is
// not there; each file is replaced as a whole, index.html last.
func (x History) Write(dir string) error {
	h := speeds{x.History}
	figures, err := h.figures()
	if err != nil {
		return err
	}
	isText := func(i int) bool { return slices.Contains([]int{0, 1, 3, 5}, i) }
	p := x.History.Processor
	return writePage(dir, "history.html.tmpl", struct {
		History
		Processor study.Processor
		MadeOn    string
		Facts     []Fact
		InShort   []string
		Figures   []pageFigure
		Times     table
	}{x, p, dayAndTime(x.Made),
		[]Fact{{"vendor", p.Vendor}, {"family", fmt.Sprint(p.Family)}, {"model", fmt.Sprint(p.Model)}, {"stepping", fmt.Sprint(p.Stepping)}},
		h.changes(), pageFigures(figures), newTable(timesHeader, h.timesRows(), isText)}, figures)
}

var timesHeader = []string{"step", "set", "commits", "first", "us a voxel", "last", "us a voxel", "95% interval", "last / first", "share of the peak"}

// timesRows returns a row for each step and set, with its first and its last record.
func (h speeds) timesRows() [][]string {
	var rows [][]string
	for _, step := range h.steps() {
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
			rows = append(rows, []string{step, set, fmt.Sprint(len(records)), first.Commit, words.Significant(first.Us, 4), last.Commit,
				words.Significant(last.Us, 4), words.Significant(last.Low, 4) + " to " + words.Significant(last.High, 4), fmt.Sprintf("%.3f", last.Us/first.Us), peak})
		}
	}
	return rows
}

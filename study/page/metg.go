package page

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/metg"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// METG is a page that shows what several schedulers take to hand out a task, from one study or from those of several
// machines.
type METG struct {
	Version string // of the program that makes the page
	Repeat  string // the command that makes this page again
	Studies []metg.Study
}

// share is the efficiency by which a METG is defined.
const share = 0.5

// Write writes index.html, one file that needs no other, and beside it figures/*.svg.
func (x METG) Write(dir string) error {
	var figures []figure
	var parts []metgPart
	for i, s := range x.Studies {
		name := "efficiency"
		if len(x.Studies) > 1 {
			name = fmt.Sprintf("efficiency-%d", i+1)
		}
		f, err := efficiencyFigure(s, name)
		if err != nil {
			return err
		}
		figures = append(figures, f)
		parts = append(parts, metgPart{
			Facts: metgFacts(s), Table: newTable(metgHeader, metgRows(s), metgIsText), Missing: missingOf(s), What: whatOf(s),
		})
	}
	for i, f := range pageFigures(figures) {
		parts[i].Figure = f
	}
	return writePage(dir, "metg.html.tmpl", struct {
		METG
		Several bool
		InShort []string
		Parts   []metgPart
	}{x, len(x.Studies) > 1, x.InShort(), parts}, figures)
}

// A metgPart is one study's part of the page.
type metgPart struct {
	Facts   []Fact
	Figure  pageFigure
	Table   table
	Missing []Fact
	What    []Fact
}

// Host is the machine of the part.
func (p metgPart) Host() string { return p.Facts[0].Value }

func metgFacts(s metg.Study) []Fact {
	return []Fact{
		{"machine", s.Host}, {"processor", s.Processor},
		{"workers", fmt.Sprintf("%s, on CPUs %s (%s)", words.Count(s.Workers(), "worker"), words.List(s.CPUs), words.Count(s.Cores, "core"))},
		{"rounds", fmt.Sprint(s.Rounds)}, {"measured", dayAndTime(s.Made)}, {"voxfit", s.Version},
	}
}

var metgHeader = []string{"scheduler", "METG(50%)", "interval", "best efficiency", "a task without work", "interval", "a steal", "interval"}

func metgIsText(i int) bool { return i < 1 }

// metgRows returns the rows of the table, the least METG first.
func metgRows(s metg.Study) [][]string {
	var rows [][]string
	for _, o := range byMETG(s) {
		g := o.METG(s.Workers(), share)
		text := duration(g.Median)
		switch {
		case g.Below:
			text = "below " + text
		case g.Above:
			text = "above " + text
		}
		rows = append(rows, append([]string{o.Name, text, interval(g.Spread), fmt.Sprintf("%.2f", o.Best(s.Workers()))}, append(spreadCells(o.EmptyTask(s.Workers())), spreadCells(o.Steal())...)...))
	}
	return rows
}

func spreadCells(s metg.Spread) []string {
	if s.N == 0 {
		return []string{"-", "-"}
	}
	return []string{duration(s.Median), interval(s)}
}

// durationInWords writes a median, with its interval where there is one.
func durationInWords(s metg.Spread) string {
	if s.N < 2 {
		return duration(s.Median)
	}
	return fmt.Sprintf("%s (%s)", duration(s.Median), interval(s))
}

// interval is a dash where there was one round.
func interval(s metg.Spread) string {
	if s.N < 2 {
		return "-"
	}
	return duration(s.Low) + " to " + duration(s.High)
}

// byMETG returns the schedulers that were measured, the least METG first, and last those of which it is only known that
// it lies above some length.
func byMETG(s metg.Study) []metg.Opponent {
	measured := slices.DeleteFunc(slices.Clone(s.Opponents), func(o metg.Opponent) bool { return len(o.Measured) == 0 })
	slices.SortStableFunc(measured, func(a, b metg.Opponent) int {
		x, y := a.METG(s.Workers(), share), b.METG(s.Workers(), share)
		switch {
		case x.Above != y.Above && y.Above:
			return -1
		case x.Above != y.Above:
			return 1
		}
		return cmp.Compare(x.Median, y.Median)
	})
	return measured
}

func missingOf(s metg.Study) []Fact {
	var facts []Fact
	for _, o := range s.Opponents {
		if o.Missing != "" {
			facts = append(facts, Fact{o.Name, o.Missing})
		}
	}
	return facts
}

func whatOf(s metg.Study) []Fact {
	var facts []Fact
	for _, o := range s.Opponents {
		what := o.What
		if o.Version != "" {
			what += "; " + o.Version
		}
		facts = append(facts, Fact{o.Name, what})
	}
	return facts
}

// duration writes seconds as people read them: 85 ns, 1.2 us, 3.4 ms.
func duration(seconds float64) string {
	if math.IsNaN(seconds) {
		return "-"
	}
	for _, unit := range []struct {
		size float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}} {
		if x := seconds / unit.size; math.Abs(x) >= 0.9995 {
			return words.Significant(math.Round(x*1e3)/1e3, 3) + " " + unit.name
		}
	}
	ns := seconds / 1e-9
	if math.Abs(ns) < 1 {
		return fmt.Sprintf("%.1f ns", ns)
	}
	return words.Significant(ns, 2) + " ns"
}

// rounded writes a ratio with two significant digits: 4,000 for 3,987.
func rounded(x float64) string {
	unit := math.Pow(10, math.Max(0, math.Floor(math.Log10(x))-1))
	return words.Thousands(int(math.Round(x/unit) * unit))
}

// InShort says in sentences, of studies that nothing disturbed, how the cost of voxfit's tasks compares with that of others'.
func (x METG) InShort() []string {
	var sentences []string
	for _, s := range x.Studies {
		ours, found := s.Found("voxfit")
		if !found || len(ours.Measured) == 0 {
			continue
		}
		own := ours.METG(s.Workers(), share)
		lead := ""
		if len(x.Studies) > 1 {
			lead = s.Host + ": "
		}
		if _, disturbed := s.Disturbed(); disturbed {
			continue
		}
		bound := ""
		if own.Below {
			bound = "less than "
		}
		sentences = append(sentences, fmt.Sprintf("%sOn %s, voxfit's workers spend half of their time on work when a task takes %s%s.",
			lead, words.Count(s.Workers(), "CPU"), bound, durationInWords(own.Spread)))
		if ray, found := s.Found("ray"); found && len(ray.Measured) > 0 {
			theirs := ray.METG(s.Workers(), share)
			bound := ""
			if theirs.Above || own.Below {
				bound = "more than "
			}
			sentences = append(sentences, fmt.Sprintf("%sWith Ray a task must take %s%s for that, %sabout %s times as long.",
				lead, bound, durationInWords(theirs.Spread), bound, rounded(theirs.Median/own.Median)))
		}
		if steal := ours.Steal(); steal.N > 0 {
			sentences = append(sentences, fmt.Sprintf("%sA worker without work of its own has another's after %s.", lead, durationInWords(steal)))
		}
	}
	return sentences
}

// Busy says of each study during which other programs took the CPUs that they did.
func (x METG) Busy() []string {
	var sentences []string
	for _, s := range x.Studies {
		if best, disturbed := s.Disturbed(); disturbed {
			lead := ""
			if len(x.Studies) > 1 {
				lead = s.Host + ": "
			}
			sentences = append(sentences, fmt.Sprintf("%sOther programs took the CPUs meanwhile: even the longest tasks had an efficiency of no more "+
				"than %.2f (the median of the schedulers), where it is near 1 on a machine with nothing else to do. What follows is no "+
				"measure of the schedulers. Measure again when the machine is idle.", lead, best))
		}
	}
	return sentences
}

// WriteTable writes the table for a terminal, and which schedulers were not measured and why.
func (x METG) WriteTable(w io.Writer) error {
	var b strings.Builder
	for _, s := range x.Studies {
		fmt.Fprintf(&b, "%s: %s, %s, %s\n\n", s.Host, s.Processor, words.Count(s.Workers(), "worker"), words.Count(s.Rounds, "round"))
		if rows := metgRows(s); len(rows) > 0 {
			writeColumns(&b, append([][]string{metgHeader}, rows...), metgIsText)
		}
		b.WriteString("\n")
		for _, f := range missingOf(s) {
			writeWrapped(&b, "not measured: ", f.Name+": "+f.Value)
		}
	}
	for _, sentence := range append(x.Busy(), x.InShort()...) {
		writeWrapped(&b, "", sentence)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// efficiencyFigure draws the efficiency of each scheduler by the length of its tasks. It has two panels: schedulers in
// this program and in compiled languages, and those in Python.
func efficiencyFigure(s metg.Study, name string) (figure, error) {
	f := figure{Name: name, Title: "Efficiency of tasks by their length",
		Caption: "The share of the workers' time that went to the tasks' own work, by how long the work of one task takes. Points are " +
			"medians over the rounds, bars the intervals that hold them. The dashed line is a half: a curve crosses it at its METG(50%). " +
			"Further to the left is better. The legend has the curves of each panel on lines of their own."}
	sh := drawing.Sheet{Title: f.Title}
	for _, panel := range metgPanels {
		xs, ys := drawing.EmptyRange(), drawing.EmptyRange()
		var curves []drawing.Curve
		var entries []drawing.LegendEntry
		for _, o := range s.Opponents {
			i := slices.Index(panel.names, o.Name)
			if i < 0 || len(o.Measured) == 0 {
				continue
			}
			k := drawing.Curve{Class: "series", Label: o.Name, Colour: drawing.Colour(i), Dashes: drawing.Dash(i), Mark: drawing.Mark(i), Width: vg.Points(1.4)}
			for _, p := range o.Curve(s.Workers()) {
				k.Points = append(k.Points, drawing.Point{X: p.Task / panel.unit, Y: p.Efficiency.Median, Low: p.Efficiency.Low, High: p.Efficiency.High})
			}
			k.Extend(&xs, &ys)
			curves = append(curves, k)
			entries = append(entries, drawing.LegendEntry{Words: o.Name, Colour: drawing.Colour(i), Dashes: drawing.Dash(i), Mark: drawing.Mark(i)})
		}
		if len(curves) == 0 {
			continue
		}
		y := drawing.Range{Low: 0.1, High: 1}.ValueAxis(drawing.Value{Linear: true, Level: share, Top: 1, Label: words.Plain})
		sh.AddCurves(drawing.Words{Title: panel.title, X: "work of a task (" + panel.name + ")", Y: "efficiency"}, xs.LogAxis(1.3, drawing.DecadeTicks{Label: shortest}), y, curves)
		sh.Legend = append(sh.Legend, entries)
	}
	if sh.Empty() {
		f.Missing = "Nothing was measured."
		return f, nil
	}
	sh.Tidy(false)
	return drawInto(f, &sh)
}

// shortest writes the label of a tick. It rounds away the error of binary fractions.
func shortest(x float64) string { return words.Plain(math.Round(x*1e6) / 1e6) }

var metgPanels = []struct {
	title string
	unit  float64 // of its axis, in seconds
	name  string
	names []string
}{
	{"In Go", 1e-6, "us", []string{"voxfit", "channel", "errgroup", "voxfit-dynamic", "voxfit-static", "voxfit-elastic"}},
	{"In C, C++ and Rust", 1e-6, "us", []string{"openmp-static", "openmp-dynamic", "openmp-tasks", "tbb", "rayon", "tbb-auto", "rayon-auto"}},
	{"In Python", 1e-3, "ms", []string{"multiprocessing", "joblib", "dask", "dask-distributed", "ray"}},
}

package page

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// splitParts are the parts of a Split in the order in which they are stacked.
var splitParts = []struct {
	words  string
	of     func(study.Split) float64
	colour color.Color
}{
	{"compute", func(s study.Split) float64 { return s.Compute }, lineColours[0]},
	{"dispatch", func(s study.Split) float64 { return s.Dispatch }, lineColours[1]},
	{"steal", func(s study.Split) float64 { return s.Steal }, lineColours[5]},
	{"start wait", func(s study.Split) float64 { return s.StartWait }, lineColours[4]},
	{"tail wait", func(s study.Split) float64 { return s.TailWait }, lineColours[3]},
	{"outside the schedule", func(s study.Split) float64 { return s.Unaccounted }, grey},
}

// mostSplits is how many lines of a model get a panel; of more, those with the most CPUs.
const mostSplits = 3

// splitFigure draws where the core-seconds went: a panel for each line whose runs were accounted
// for, a stacked bar for each number of chunks.
func (d drawing) splitFigure() (figure, error) {
	f := figure{Name: "account", Title: "Where the core-seconds went",
		Caption: "Each bar is one number of chunks; its height is what the run used up: the number of CPUs times the time. Blue " +
			"is spent in the kernels. The rest is lost: waiting for a first chunk (start wait), taking chunks (dispatch), taking " +
			"them from other workers (steal), and standing idle while the last chunks end (tail wait). Few chunks lose by the " +
			"tail; many lose by dispatch. Compute that grows with the number of CPUs means that they share something: memory, or " +
			"the two threads of one core. Each panel has its own scale."}
	sh := sheet{title: f.Title, names: &seriesNames{}}
	shown := make([]bool, len(splitParts))
	for _, k := range d.panels() {
		for _, l := range d.splitLines(k) {
			sh.panels = append(sh.panels, d.splitPanel(k, l, sh.names, shown))
		}
	}
	if len(sh.panels) == 0 {
		f.Missing = "None of the engines says where its workers' time went."
		return f, nil
	}
	columns := columnsFor(len(sh.panels))
	for i, p := range sh.panels {
		if i%columns != 0 {
			p.Y.Label.Text = ""
		}
	}
	var labels []string
	var colours []color.Color
	for _, part := range splitParts {
		labels, colours = append(labels, part.words), append(colours, part.colour)
	}
	sh.legend = [][]legendEntry{filledEntries(labels, colours, shown)}
	return sh.drawInto(f)
}

// splitLines are the lines of a panel that have an account: of more than mostSplits, those with
// the most CPUs.
func (d drawing) splitLines(k panelKey) []study.Line {
	var lines []study.Line
	for _, l := range d.linesOf(k) {
		for _, p := range l.Points {
			if p.HasSplit {
				lines = append(lines, l)
				break
			}
		}
	}
	if len(lines) > mostSplits {
		lines = lines[len(lines)-mostSplits:]
	}
	return lines
}

// splitPanel draws one line's bars, at the logarithm of their chunks.
func (d drawing) splitPanel(k panelKey, l study.Line, names *seriesNames, shown []bool) *plot.Plot {
	title := fmt.Sprintf("%s\n%s, %s, %s", words.Shorten(modelname.WordsOf(k.model), 44), words.Voxels(k.voxels),
		d.name(l.Condition), words.Count(l.CPUs, "CPU"))
	p := newPlot(title, "number of chunks", "core-seconds")
	var at, base []float64
	var splits []study.Split
	for _, q := range l.Points {
		if q.HasSplit {
			at = append(at, math.Log2(float64(q.Chunks)))
			splits = append(splits, q.Split)
		}
	}
	base = make([]float64, len(at))
	p.Add(gridLines{})
	high := 0.0
	for i, part := range splitParts {
		top := make([]float64, len(at))
		for j, s := range splits {
			top[j] = base[j] + part.of(s)
			high = max(high, top[j])
		}
		if !visible(base, top, splits) {
			continue
		}
		shown[i] = true
		p.Add(bars{label: part.words, at: at, from: base, to: top, colour: part.colour, names: names})
		base = top
	}
	p.X.Min, p.X.Max = at[0]-0.9, at[len(at)-1]+0.9
	p.X.Tick.Marker = scaledTicks{powerTicks{powerLabel}, scale{log: true}}
	p.Y.Min, p.Y.Max = 0, high*1.04
	p.Y.Tick.Marker = linearTicks{words.Plain}
	return p
}

// visible says whether a part is as much as a thousandth of any bar.
func visible(from, to []float64, splits []study.Split) bool {
	for i, s := range splits {
		whole := s.Compute + s.Dispatch + s.Steal + s.StartWait + s.TailWait + s.Unaccounted
		if to[i]-from[i] > whole/1000 {
			return true
		}
	}
	return false
}

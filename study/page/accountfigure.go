package page

import (
	"fmt"
	"math"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// splitParts are the parts of a Split in the order in which they are stacked.
var splitParts = []struct {
	drawing.Part
	of func(study.Split) float64
}{
	{drawing.Part{Label: "compute", Colour: drawing.Colour(0)}, func(s study.Split) float64 { return s.Compute }},
	{drawing.Part{Label: "dispatch", Colour: drawing.Colour(1)}, func(s study.Split) float64 { return s.Dispatch }},
	{drawing.Part{Label: "steal", Colour: drawing.Colour(5)}, func(s study.Split) float64 { return s.Steal }},
	{drawing.Part{Label: "start wait", Colour: drawing.Colour(4)}, func(s study.Split) float64 { return s.StartWait }},
	{drawing.Part{Label: "tail wait", Colour: drawing.Colour(3)}, func(s study.Split) float64 { return s.TailWait }},
	{drawing.Part{Label: "other programs", Colour: othersColour}, func(s study.Split) float64 { return s.Others }},
	{drawing.Part{Label: "the host of the virtual machine", Colour: drawing.Colour(2)}, func(s study.Split) float64 { return s.Host }},
	{drawing.Part{Label: "outside the schedule", Colour: grey}, func(s study.Split) float64 { return s.Unaccounted }},
}

// mostSplits is how many lines of a model get a panel. Where there are more, those with the most CPUs get one.
const mostSplits = 3

// splitFigure draws where the core-seconds went: a panel for each line whose runs were accounted
// for, a stacked bar for each number of chunks.
func (d drawer) splitFigure() (figure, error) {
	f := figure{Name: "account", Title: "Where the core-seconds went",
		Caption: "Each bar is one number of chunks; its height is what the run used up: the number of CPUs times the time. Blue " +
			"is spent in the kernels. The rest is lost: waiting for a first chunk (start wait), taking chunks (dispatch), taking " +
			"them from other workers (steal), and standing idle while the last chunks end (tail wait). What other programs and the host of a " +
			"virtual machine took of the CPUs is no cost of the program. Few chunks lose by the " +
			"tail; many lose by dispatch. Compute that grows with the number of CPUs means that they share something: memory, or " +
			"the two threads of one core. Each panel has its own scale."}
	sh := drawing.Sheet{Title: f.Title}
	parts := make([]drawing.Part, len(splitParts))
	for i, part := range splitParts {
		parts[i] = part.Part
	}
	shown := make([]bool, len(parts))
	for _, k := range d.panels() {
		for _, l := range d.splitLines(k) {
			d.addSplit(&sh, k, l, parts, shown)
		}
	}
	if sh.Empty() {
		f.Missing = "None of the engines says where its workers' time went."
		return f, nil
	}
	sh.Tidy(false)
	sh.Legend = [][]drawing.LegendEntry{drawing.FilledEntries(parts, shown)}
	return drawInto(f, &sh)
}

// splitLines returns the lines of a panel that have an account: at most mostSplits, those with the most CPUs.
func (d drawer) splitLines(k panelKey) []study.Line {
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

// addSplit draws one line's bars, each at the logarithm of its number of chunks. A part that is not visible in any bar
// is left out.
func (d drawer) addSplit(sh *drawing.Sheet, k panelKey, l study.Line, parts []drawing.Part, shown []bool) {
	var stack drawing.Stack
	var splits []study.Split
	for _, q := range l.Points {
		if q.HasSplit {
			stack.At = append(stack.At, math.Log2(float64(q.Chunks)))
			stack.Values = append(stack.Values, make([]float64, len(parts)))
			splits = append(splits, q.Split)
		}
	}
	base, high := make([]float64, len(splits)), 0.0
	for i, part := range splitParts {
		top := make([]float64, len(splits))
		for j, s := range splits {
			top[j] = base[j] + part.of(s)
			high = max(high, top[j])
		}
		if !visible(base, top, splits) {
			continue
		}
		shown[i] = true
		for j, s := range splits {
			stack.Values[j][i] = part.of(s)
		}
		base = top
	}
	title := fmt.Sprintf("%s\n%s, %s, %s", words.Shorten(modelname.WordsOf(k.model), 44), words.Voxels(k.voxels),
		d.name(l.Condition), words.Count(l.CPUs, "CPU"))
	x := drawing.Axis{Min: stack.At[0] - 0.9, Max: stack.At[len(stack.At)-1] + 0.9, Log: true, Ticks: drawing.PowerTicks{Label: drawing.PowerLabel}}
	sh.AddStack(drawing.Words{Title: title, X: "number of chunks", Y: "core-seconds"}, x, stack, parts, high*1.04)
}

// visible says whether a part is as much as a thousandth of any bar.
func visible(from, to []float64, splits []study.Split) bool {
	for i, s := range splits {
		whole := s.Sum()
		if to[i]-from[i] > whole/1000 {
			return true
		}
	}
	return false
}

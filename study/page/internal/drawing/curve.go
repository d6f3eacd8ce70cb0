package drawing

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/voxfit/voxfit/study/internal/words"
)

// A Curve is one line of a panel: points with error bars, joined.
type Curve struct {
	Label  string // shown when the mouse is over it
	Class  string // of its group in the SVG
	Points []Point
	Colour color.Color
	Dashes []vg.Length
	Mark   draw.GlyphDrawer // nil: no marks and no error bars
	Width  vg.Length
	Loose  bool   // only marks, not joined
	End    string // a word at its end, for curves that the legend does not tell from others
}

// A Point is one point of a curve. It has an error bar from Low to High, if High is above Low. Place is what X is in
// words, where it is no number that a reader knows.
type Point struct {
	X, Y, Low, High float64
	Place           string
}

// Around returns a point with an error bar of half to each side, or without one unless half is above 0.
func Around(x, y, half float64) Point {
	if !(half > 0) {
		return Point{X: x, Y: y}
	}
	return Point{X: x, Y: y, Low: y - half, High: y + half}
}

// hasBar says whether the point has an error bar.
func (q Point) hasBar() bool { return q.High > q.Low }

// Extend extends the ranges of both axes to the curve's points and, in part, to their error bars.
func (k Curve) Extend(xs, ys *Range) {
	for _, q := range k.Points {
		xs.Add(q.X)
		ys.addBar(q)
	}
}

// A drawnCurve is a curve in its panel.
type drawnCurve struct {
	Curve
	names  *seriesNames
	sx, sy scale
	words  Words // of its panel
}

// Plot draws the curve. Error bars are drawn first and are clipped at the frame.
func (k drawnCurve) Plot(c draw.Canvas, p *plot.Plot) {
	k.names.begin(c, k.Class, k.Label)
	defer k.names.end(c)
	x, y := p.Transforms(&c)
	at := make([]vg.Point, len(k.Points))
	for i, q := range k.Points {
		at[i] = vg.Point{X: x(k.sx.at(q.X)), Y: y(k.sy.at(q.Y))}
	}
	if k.Mark != nil {
		for i, q := range k.Points {
			k.errorBar(c, p, at[i].X, q)
		}
	}
	if !k.Loose {
		c.StrokeLines(draw.LineStyle{Color: k.Colour, Width: k.Width, Dashes: k.Dashes}, c.ClipLinesXY(at)...)
	}
	for i, q := range at {
		if k.Mark != nil && c.Contains(q) {
			k.names.begin(c, "value", k.valueOf(k.Points[i]))
			c.DrawGlyph(draw.GlyphStyle{Color: k.Colour, Radius: vg.Points(2.4), Shape: k.Mark}, q)
			k.names.end(c)
		}
	}
}

// valueOf says in words what a point shows: the curve, its values on both axes, and its interval. Of an interval to both
// sides alike it says half.
func (k drawnCurve) valueOf(q Point) string {
	text := fmt.Sprintf("%s; %s %s; %s %s", k.Label, k.words.X, cmp.Or(q.Place, number(q.X)), k.words.Y, number(q.Y))
	up, down := q.High-q.Y, q.Y-q.Low
	switch {
	case !q.hasBar():
	case math.Abs(up-down) < 1e-9*q.Y:
		text += " ± " + number(up)
	default:
		text += fmt.Sprintf(" (%s to %s)", number(q.Low), number(q.High))
	}
	return text
}

// number writes a whole number as such, and others with three digits.
func number(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e9 {
		return words.Thousands(int(x))
	}
	return words.Significant(x, 3)
}

func (k drawnCurve) errorBar(c draw.Canvas, p *plot.Plot, x vg.Length, q Point) {
	if !q.hasBar() {
		return
	}
	low, high := p.Y.Min, min(k.sy.at(q.High), p.Y.Max)
	if q.Low > 0 {
		low = max(k.sy.at(q.Low), p.Y.Min)
	}
	if low >= high {
		return
	}
	_, y := p.Transforms(&c)
	bar := draw.LineStyle{Color: k.Colour, Width: vg.Points(0.9)}
	c.StrokeLine2(bar, x, y(low), x, y(high))
	const cap = 2.2
	if low > p.Y.Min {
		c.StrokeLine2(bar, x-cap, y(low), x+cap, y(low))
	}
	if high < p.Y.Max {
		c.StrokeLine2(bar, x-cap, y(high), x+cap, y(high))
	}
}

// endWords writes the words at the ends of curves. Where curves end close together, the words are moved apart.
type endWords []drawnCurve

// Plot writes the words, the lowest first. Each keeps its distance from those below it.
func (e endWords) Plot(c draw.Canvas, p *plot.Plot) {
	const size, distance = 7, 7
	x, y := p.Transforms(&c)
	type word struct {
		text string
		at   vg.Point
	}
	var found []word
	for _, k := range e {
		if k.End != "" && len(k.Points) > 0 {
			last := k.Points[len(k.Points)-1]
			found = append(found, word{k.End, vg.Point{X: x(k.sx.at(last.X)) + 3, Y: y(k.sy.at(last.Y))}})
		}
	}
	slices.SortFunc(found, func(a, b word) int { return cmp.Compare(a.at.Y, b.at.Y) })
	style := textStyle(size)
	style.Color = Behind
	style.YAlign = draw.YCenter
	for i := range found {
		for _, below := range found[:i] {
			if found[i].at.X-below.at.X < 2*size && below.at.X-found[i].at.X < 2*size {
				found[i].at.Y = max(found[i].at.Y, below.at.Y+distance)
			}
		}
		c.FillText(style, found[i].at, found[i].text)
	}
}

// A level is a horizontal line across a panel: the serial time, the ideal efficiency.
type level struct {
	y  float64
	sy scale
}

// Plot draws the line where the panel shows its height.
func (l level) Plot(c draw.Canvas, p *plot.Plot) {
	if y := l.sy.at(l.y); y >= p.Y.Min && y <= p.Y.Max {
		_, at := p.Transforms(&c)
		c.StrokeLine2(draw.LineStyle{Color: Behind, Width: vg.Points(0.8), Dashes: []vg.Length{4, 3}},
			c.Min.X, at(y), c.Max.X, at(y))
	}
}

// gridLines are faint lines at the labelled ticks.
type gridLines struct{}

// Plot draws the lines.
func (gridLines) Plot(c draw.Canvas, p *plot.Plot) {
	style := draw.LineStyle{Color: gridInk, Width: vg.Points(0.5)}
	x, y := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if !t.IsMinor() && t.Value >= p.X.Min && t.Value <= p.X.Max {
			c.StrokeLine2(style, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if !t.IsMinor() && t.Value >= p.Y.Min && t.Value <= p.Y.Max {
			c.StrokeLine2(style, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}

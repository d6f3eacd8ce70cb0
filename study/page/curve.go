package page

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A curve is one line of a panel: its points with error bars, joined.
type curve struct {
	label  string // what the mouse shows over it
	class  string
	points []curvePoint
	colour color.Color
	dashes []vg.Length
	mark   draw.GlyphDrawer // nil: no marks and no error bars
	width  vg.Length
	loose  bool   // marks alone, not joined
	end    string // a word for endWords, for curves that the legend does not tell apart
	names  *seriesNames
	sx, sy scale // of the panel that it is drawn in
}

type curvePoint struct{ x, y, half float64 }

// Plot draws the curve. Error bars are drawn first and cut at the frame.
func (k curve) Plot(c draw.Canvas, p *plot.Plot) {
	k.names.begin(c, k.class, k.label)
	defer k.names.end(c)
	x, y := p.Transforms(&c)
	at := make([]vg.Point, len(k.points))
	for i, q := range k.points {
		at[i] = vg.Point{X: x(k.sx.at(q.x)), Y: y(k.sy.at(q.y))}
	}
	if k.mark != nil {
		for i, q := range k.points {
			k.errorBar(c, p, at[i].X, q)
		}
	}
	if !k.loose {
		c.StrokeLines(draw.LineStyle{Color: k.colour, Width: k.width, Dashes: k.dashes}, c.ClipLinesXY(at)...)
	}
	for _, q := range at {
		if k.mark != nil && c.Contains(q) {
			c.DrawGlyph(draw.GlyphStyle{Color: k.colour, Radius: vg.Points(2.4), Shape: k.mark}, q)
		}
	}
}

func (k curve) errorBar(c draw.Canvas, p *plot.Plot, x vg.Length, q curvePoint) {
	if !(q.half > 0) {
		return
	}
	low, high := p.Y.Min, min(k.sy.at(q.y+q.half), p.Y.Max)
	if q.y > q.half {
		low = max(k.sy.at(q.y-q.half), p.Y.Min)
	}
	if low >= high {
		return
	}
	_, y := p.Transforms(&c)
	bar := draw.LineStyle{Color: k.colour, Width: vg.Points(0.9)}
	c.StrokeLine2(bar, x, y(low), x, y(high))
	const cap = 2.2
	if low > p.Y.Min {
		c.StrokeLine2(bar, x-cap, y(low), x+cap, y(low))
	}
	if high < p.Y.Max {
		c.StrokeLine2(bar, x-cap, y(high), x+cap, y(high))
	}
}

// endWords writes the end of each curve that has one, pushed apart where curves end together.
type endWords []curve

// Plot writes the words, the lowest first: each keeps its distance from those below it.
func (e endWords) Plot(c draw.Canvas, p *plot.Plot) {
	const size, distance = 7, 7
	x, y := p.Transforms(&c)
	type word struct {
		text string
		at   vg.Point
	}
	var words []word
	for _, k := range e {
		if k.end != "" && len(k.points) > 0 {
			last := k.points[len(k.points)-1]
			words = append(words, word{k.end, vg.Point{X: x(k.sx.at(last.x)) + 3, Y: y(k.sy.at(last.y))}})
		}
	}
	slices.SortFunc(words, func(a, b word) int { return cmp.Compare(a.at.Y, b.at.Y) })
	style := textStyle(size)
	style.Color = publicInk
	style.YAlign = draw.YCenter
	for i := range words {
		for _, below := range words[:i] {
			if words[i].at.X-below.at.X < 2*size && below.at.X-words[i].at.X < 2*size {
				words[i].at.Y = max(words[i].at.Y, below.at.Y+distance)
			}
		}
		c.FillText(style, words[i].at, words[i].text)
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
		c.StrokeLine2(draw.LineStyle{Color: publicInk, Width: vg.Points(0.8), Dashes: []vg.Length{4, 3}},
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

// bars are one part of the stacked bars of a panel: from and to at each place.
type bars struct {
	label  string
	at     []float64
	from   []float64
	to     []float64
	colour color.Color
	names  *seriesNames
}

// Plot draws the part in every bar. The bars are as wide as the closest two allow.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	b.names.begin(c, "series", b.label)
	defer b.names.end(c)
	x, y := p.Transforms(&c)
	step := 2.0 // two doublings of the chunks, where there are but few bars
	for i := 1; i < len(b.at); i++ {
		step = min(step, b.at[i]-b.at[i-1])
	}
	half := vg.Length(0.36 * step / (p.X.Max - p.X.Min) * float64(c.Max.X-c.Min.X))
	c.SetColor(b.colour)
	for i, at := range b.at {
		if b.to[i] <= b.from[i] {
			continue
		}
		low, high := y(b.from[i]), y(math.Min(b.to[i], p.Y.Max))
		var path vg.Path
		path.Move(vg.Point{X: x(at) - half, Y: low})
		path.Line(vg.Point{X: x(at) + half, Y: low})
		path.Line(vg.Point{X: x(at) + half, Y: high})
		path.Line(vg.Point{X: x(at) - half, Y: high})
		path.Close()
		c.Fill(path)
	}
}

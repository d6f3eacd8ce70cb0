package drawing

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/voxfit/voxfit/study/internal/words"
)

// bars draws one part of the stacked bars of a panel. It is drawn between from and to at each place.
type bars struct {
	label  string
	at     []float64
	from   []float64
	to     []float64
	colour color.Color
	names  *seriesNames
	words  Words    // of its panel
	places []string // of each bar, in words
}

// Plot draws the part in every bar. Bars are as wide as the distance between the closest two allows.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	b.names.begin(c, "series", b.label)
	defer b.names.end(c)
	x, y := p.Transforms(&c)
	step := 2.0 // two doublings of the number of chunks, where there are few bars
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
		b.names.begin(c, "value", fmt.Sprintf("%s; %s %s; %s %s", b.label, b.words.X, b.places[i], b.words.Y, number(b.to[i]-b.from[i])))
		c.Fill(path)
		b.names.end(c)
	}
}

// A Part is one of the parts that every bar of a panel is stacked of.
type Part struct {
	Label  string
	Colour color.Color
}

// A Stack holds bars side by side, which all have the same parts.
type Stack struct {
	At     []float64   // the place of each bar on the axis
	Values [][]float64 // for each bar, the value of each part
}

// Add adds a bar after the others.
func (b *Stack) Add(values []float64) {
	b.At, b.Values = append(b.At, float64(len(b.At))), append(b.Values, values)
}

// PlacesAxis returns the axis of bars at the places 0, 1, 2 ..., with words beneath each.
func PlacesAxis(places []string) Axis {
	return Axis{Min: -0.8, Max: float64(len(places)) - 0.2, Ticks: PlaceTicks(places)}
}

// placesOf returns the place of each bar in words: those of the axis, or the number at whose logarithm the bar stands.
func placesOf(x Axis, stack Stack) []string {
	places := make([]string, len(stack.At))
	named, _ := x.Ticks.(PlaceTicks)
	for i, at := range stack.At {
		switch {
		case i < len(named):
			places[i] = strings.ReplaceAll(named[i], "\n", " ")
		case x.Log:
			places[i] = number(math.Round(math.Exp2(at)))
		}
	}
	return places
}

// AddStack adds a panel of stacked bars; top is the height of its axis, 0 for that of the highest bar.
func (s *Sheet) AddStack(w Words, x Axis, stack Stack, parts []Part, top float64) {
	p := newPlot(w)
	p.Add(gridLines{})
	base := make([]float64, len(stack.At))
	high := 0.0
	for i, part := range parts {
		to := slices.Clone(base)
		drawn := false
		for j := range stack.At {
			to[j] += stack.Values[j][i]
			high = max(high, to[j])
			drawn = drawn || stack.Values[j][i] > 0
		}
		if drawn {
			p.Add(bars{label: part.Label, at: stack.At, from: base, to: to, colour: part.Colour, names: &s.names, words: w, places: placesOf(x, stack)})
		}
		base = to
	}
	if top == 0 {
		top = max(high*1.05, 1e-9)
	}
	x.set(&p.X)
	Axis{Max: top, Ticks: LinearTicks{words.Plain}}.set(&p.Y)
	s.panels = append(s.panels, p)
}

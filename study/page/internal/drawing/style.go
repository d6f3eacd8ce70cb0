package drawing

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// lineColours are those of Okabe and Ito (2008), "Color universal design": people with any of the common kinds of
// colour blindness can tell them apart. Their yellow is left out (too light for a thin line on white), and so is their
// black (it vanishes on a dark page).
var lineColours = []color.Color{
	color.NRGBA{0x00, 0x72, 0xB2, 0xFF}, // blue
	color.NRGBA{0xE6, 0x9F, 0x00, 0xFF}, // orange
	color.NRGBA{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	color.NRGBA{0xD5, 0x5E, 0x00, 0xFF}, // vermillion
	color.NRGBA{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	color.NRGBA{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
}

var (
	// Ink stands for the page's text colour, which replaces it.
	Ink = color.NRGBA{A: 0xFF}
	// Behind is the colour of curves that lie behind those that a figure is about.
	Behind  = color.NRGBA{0x9A, 0x9A, 0x9A, 0xFF}
	gridInk = color.NRGBA{0x80, 0x80, 0x80, 0x40}
)

// lineDashes and lineMarks are used with lineColours, so that no curve is told from others by its colour alone.
var (
	lineDashes = [][]vg.Length{nil, {5, 3}, {1.5, 2.5}, {7, 2.5, 1.5, 2.5}}
	lineMarks  = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}, draw.RingGlyph{},
		draw.TriangleGlyph{}, draw.SquareGlyph{}}
)

// Colour returns the colour of the i-th curve. Colours repeat where there are more curves.
func Colour(i int) color.Color { return lineColours[i%len(lineColours)] }

// Dash returns the dashes of the i-th curve; nil for a solid line.
func Dash(i int) []vg.Length { return lineDashes[i%len(lineDashes)] }

// Colours is how many curves have colours of their own.
var Colours = len(lineColours)

// Mark returns the mark at the points of the i-th curve. A curve whose colour repeats that of another has another mark.
func Mark(i int) draw.GlyphDrawer { return lineMarks[(i+i/len(lineColours))%len(lineMarks)] }

func sans(points float64) font.Font {
	return font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, vg.Points(points))
}

func textStyle(points float64) text.Style {
	return text.Style{Color: Ink, Font: sans(points), Handler: plot.DefaultTextHandler}
}

// newPlot returns an empty plot in the style that all figures have. It has no background, so that the page's is seen.
func newPlot(w Words) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text = w.Title
	p.Title.Padding = vg.Points(5)
	p.Title.TextStyle.Font = sans(9.5)
	p.Title.TextStyle.Color = Ink
	p.X.Label.Text, p.Y.Label.Text = w.X, w.Y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = sans(9)
		a.Label.TextStyle.Color = Ink
		a.Label.Padding = vg.Points(3)
		a.Tick.Label.Font = sans(8.5)
		a.Tick.Label.Color = Ink
		a.Tick.Length = vg.Points(4)
		a.Tick.Color, a.Color = Ink, Ink
		a.Padding = 0
	}
	return p
}

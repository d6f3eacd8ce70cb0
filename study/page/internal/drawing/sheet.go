package drawing

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Sizes of a figure, in points.
const (
	panelWidth   = 262
	panelHeight  = 205
	soloWidth    = 420 // of a panel that stands alone
	soloHeight   = 250
	panelGap     = 12
	margin       = 8
	legendRow    = 15
	legendSample = 24
	legendGap    = 14
	legendIndent = 6
)

// A LegendEntry is one line of a legend: a sample and its words.
type LegendEntry struct {
	Words  string
	Colour color.Color
	Dashes []vg.Length
	Mark   draw.GlyphDrawer
	Filled bool // a square of the colour, for stacked bars
}

// FilledEntries returns the legend of stacked bars: an entry for each part that is shown.
func FilledEntries(parts []Part, shown []bool) []LegendEntry {
	var entries []LegendEntry
	for i, part := range parts {
		if shown[i] {
			entries = append(entries, LegendEntry{Words: part.Label, Colour: part.Colour, Filled: true})
		}
	}
	return entries
}

// A Sheet is a figure before it is drawn: panels in rows, and beneath them the legend.
type Sheet struct {
	Title  string
	Legend [][]LegendEntry // each group begins a new line, and is wrapped if it is too long

	panels []*plot.Plot
	names  seriesNames
}

// Words are the title of a panel and the names of its axes.
type Words struct{ Title, X, Y string }

// Empty says whether no panel was added.
func (s *Sheet) Empty() bool { return len(s.panels) == 0 }

// AddCurves adds a panel of curves. Each curve is drawn over those before it.
func (s *Sheet) AddCurves(w Words, x, y Axis, curves []Curve) {
	p := newPlot(w)
	x.set(&p.X)
	y.set(&p.Y)
	p.Add(gridLines{})
	if y.Level > 0 {
		p.Add(level{y.Level, y.scale()})
	}
	var drawn endWords
	for _, k := range curves {
		drawn = append(drawn, drawnCurve{k, &s.names, x.scale(), y.scale(), w})
		p.Add(drawn[len(drawn)-1])
	}
	p.Add(drawn)
	s.panels = append(s.panels, p)
}

// Tidy removes the words of inner vertical axes, where all panels of a row have the same. If across is true it also
// removes those of inner horizontal axes.
func (s *Sheet) Tidy(across bool) {
	columns := columnsFor(len(s.panels))
	for i, p := range s.panels {
		if i%columns != 0 {
			p.Y.Label.Text = ""
		}
		if across && i+columns < len(s.panels) {
			p.X.Label.Text = ""
		}
	}
}

// columnsFor returns how many panels are placed side by side.
func columnsFor(panels int) int {
	if panels == 3 || panels > 4 {
		return 3
	}
	return min(panels, 2)
}

// A Drawing is a figure that can be part of a page.
type Drawing struct {
	SVG   []byte  // nil: nothing is drawn
	Width float64 // in pixels
}

// Draw draws the sheet.
func (s *Sheet) Draw() (Drawing, error) {
	columns := columnsFor(len(s.panels))
	rows := (len(s.panels) + columns - 1) / columns
	width := vg.Length(columns*panelWidth + (columns-1)*panelGap + 2*margin)
	height := vg.Length(rows*panelHeight + (rows-1)*panelGap)
	if len(s.panels) == 1 {
		width, height = soloWidth+2*margin, soloHeight
	}
	legend := s.wrapLegend(width - 2*margin)
	under := vg.Length(len(legend)*legendRow + 14)

	canvas := vgsvg.New(width, height+under+2*margin)
	all := draw.New(canvas)
	grid := make([][]*plot.Plot, rows)
	for i := range grid {
		grid[i] = make([]*plot.Plot, columns)
		copy(grid[i], s.panels[i*columns:min((i+1)*columns, len(s.panels))])
	}
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: panelGap, PadY: panelGap,
		PadLeft: margin, PadRight: margin, PadTop: margin, PadBottom: margin + under}
	for i, canvases := range plot.Align(grid, tiles, all) {
		for j, c := range canvases {
			if grid[i][j] != nil {
				grid[i][j].Draw(c)
			}
		}
	}
	for i, row := range legend {
		drawLegendRow(all, row, margin+under-vg.Length(i+1)*legendRow)
	}
	svg, err := finishSVG(canvas, s.Title, &s.names)
	return Drawing{svg, width.Points()}, err
}

// wrapLegend breaks the groups of the legend into rows of at most the given width.
func (s *Sheet) wrapLegend(width vg.Length) [][]LegendEntry {
	var rows [][]LegendEntry
	for _, group := range s.Legend {
		var row []LegendEntry
		used := vg.Length(legendIndent)
		for _, e := range group {
			if len(row) > 0 && used+e.width() > width {
				rows, row, used = append(rows, row), nil, legendIndent
			}
			row = append(row, e)
			used += e.width()
		}
		if len(row) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

func (e LegendEntry) width() vg.Length {
	return textStyle(8.5).Width(e.Words) + legendGap + legendSample
}

func drawLegendRow(c draw.Canvas, row []LegendEntry, y vg.Length) {
	x := c.Min.X + margin + legendIndent
	for _, e := range row {
		e.drawSample(c, x, y)
		style := textStyle(8.5)
		style.YAlign = draw.YCenter
		c.FillText(style, vg.Point{X: x + legendSample, Y: y}, e.Words)
		x += e.width()
	}
}

func (e LegendEntry) drawSample(c draw.Canvas, x, y vg.Length) {
	const length = legendSample - 5
	if e.Filled {
		c.SetColor(e.Colour)
		c.Fill(vg.Rectangle{Min: vg.Point{X: x + 6, Y: y - 4}, Max: vg.Point{X: x + length, Y: y + 4}}.Path())
		return
	}
	c.StrokeLine2(draw.LineStyle{Color: e.Colour, Width: vg.Points(1.6), Dashes: e.Dashes}, x, y, x+length, y)
	if e.Mark != nil {
		c.DrawGlyph(draw.GlyphStyle{Color: e.Colour, Radius: vg.Points(2.6), Shape: e.Mark}, vg.Point{X: x + length/2, Y: y})
	}
}

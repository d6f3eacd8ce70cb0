package page

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

// A legendEntry is one sample and its words.
type legendEntry struct {
	words  string
	colour color.Color
	dashes []vg.Length
	mark   draw.GlyphDrawer
	filled bool // a square of the colour, for stacked bars
	plain  bool // words alone: the heading of the entries that follow
}

// A sheet is a figure before it is drawn: panels in rows, with the legend beneath them where it
// covers nothing.
type sheet struct {
	title  string
	panels []*plot.Plot
	legend [][]legendEntry // one group a line, wrapped where it is too long
	names  *seriesNames
}

// columnsFor is how many panels stand side by side.
func columnsFor(panels int) int {
	if panels == 3 || panels > 4 {
		return 3
	}
	return min(panels, 2)
}

func (s sheet) draw() ([]byte, error) {
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
	return finishSVG(canvas, s.title, s.names)
}

// drawInto draws the sheet as the drawing of a figure.
func (s sheet) drawInto(f figure) (figure, error) {
	svg, err := s.draw()
	f.SVG = svg
	return f, err
}

// filledEntries are those of the parts of stacked bars that are shown.
func filledEntries(labels []string, colours []color.Color, shown []bool) []legendEntry {
	var entries []legendEntry
	for i, label := range labels {
		if shown[i] {
			entries = append(entries, legendEntry{words: label, colour: colours[i], filled: true})
		}
	}
	return entries
}

// wrapLegend breaks the groups of the legend into rows of at most that width.
func (s sheet) wrapLegend(width vg.Length) [][]legendEntry {
	var rows [][]legendEntry
	for _, group := range s.legend {
		var row []legendEntry
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

func (e legendEntry) width() vg.Length {
	w := textStyle(8.5).Width(e.words) + legendGap
	if !e.plain {
		w += legendSample
	}
	return w
}

func drawLegendRow(c draw.Canvas, row []legendEntry, y vg.Length) {
	x := c.Min.X + margin + legendIndent
	for _, e := range row {
		start := x
		if !e.plain {
			e.drawSample(c, x, y)
			start += legendSample
		}
		style := textStyle(8.5)
		style.YAlign = draw.YCenter
		c.FillText(style, vg.Point{X: start, Y: y}, e.words)
		x += e.width()
	}
}

func (e legendEntry) drawSample(c draw.Canvas, x, y vg.Length) {
	const length = legendSample - 5
	if e.filled {
		c.SetColor(e.colour)
		c.Fill(vg.Rectangle{Min: vg.Point{X: x + 6, Y: y - 4}, Max: vg.Point{X: x + length, Y: y + 4}}.Path())
		return
	}
	c.StrokeLine2(draw.LineStyle{Color: e.colour, Width: vg.Points(1.6), Dashes: e.dashes}, x, y, x+length, y)
	if e.mark != nil {
		c.DrawGlyph(draw.GlyphStyle{Color: e.colour, Radius: vg.Points(2.6), Shape: e.mark}, vg.Point{X: x + length/2, Y: y})
	}
}

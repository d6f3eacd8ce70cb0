package drawing

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// seriesNames collects the names of a drawing's series in the order in which they are drawn. gonum's SVG canvas has no
// named groups. A translation by zero opens a group without a name, and finishSVG finds these groups and names them.
type seriesNames struct{ groups []seriesGroup }

type seriesGroup struct{ class, label string }

const unnamedGroup = `<g transform="translate(0, 0)">`

func (n *seriesNames) begin(c draw.Canvas, class, label string) {
	n.groups = append(n.groups, seriesGroup{class, label})
	c.Push()
	c.Translate(vg.Point{})
}

func (n *seriesNames) end(c draw.Canvas) { c.Pop() }

var (
	svgOpening = regexp.MustCompile(`(?s)^.*?<svg [^>]*>`)
	svgTexts   = regexp.MustCompile(`(?s)<text( [^>]*font-size:)([0-9.]+)(px[^>]*>)([^<]*)</text>`)
	svgFonts   = regexp.MustCompile(`font-family:[^;"]*;font-variant:[^;"]*;font-weight:[^;"]*;font-style:[^;"]*;?`)
)

// withLength adds to a text the length that gonum measured when it placed the text. A browser that has none of our
// fonts then squeezes wider letters into the same place. Raised digits have no such length, because the font that gonum
// measures with lacks some of them.
func withLength(text string) string {
	m := svgTexts.FindStringSubmatch(text)
	size, err := strconv.ParseFloat(m[2], 64)
	words := html.UnescapeString(m[4])
	if err != nil || strings.TrimSpace(words) == "" || strings.ContainsAny(words, string(raisedDigits)) {
		return text
	}
	width := textStyle(size).Width(words).Points()
	return fmt.Sprintf(`<text textLength="%.5g" lengthAdjust="spacingAndGlyphs"%s%s%s%s</text>`, width, m[1], m[2], m[3], m[4])
}

// finishSVG changes gonum's drawing so that it can be part of a page: it has no XML prelude, the page's text colour
// instead of black, one font, and a name for every series, which browsers show under the mouse and screen readers read.
// The drawing has a fixed size, so that it scrolls on narrow pages; on others the page's style stretches it.
func finishSVG(c *vgsvg.Canvas, title string, names *seriesNames) ([]byte, error) {
	var raw bytes.Buffer
	if _, err := c.WriteTo(&raw); err != nil {
		return nil, err
	}
	width, height := c.Size()
	opening := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%.5[1]g" height="%.5[2]g" viewBox="0 0 %.5[1]g %.5[2]g" role="img" aria-label="%[3]s" `+
		`fill="currentColor" font-family="'Liberation Sans', Arial, Helvetica, sans-serif">`,
		width.Points(), height.Points(), html.EscapeString(title))
	body := svgOpening.ReplaceAllLiteralString(raw.String(), "")
	body = svgFonts.ReplaceAllLiteralString(body, "")
	body = svgTexts.ReplaceAllStringFunc(body, withLength)
	body = strings.NewReplacer("stroke:#000000", "stroke:currentColor", "fill:#000000", "fill:currentColor").Replace(body)

	parts := strings.Split(body, unnamedGroup)
	if len(parts) != len(names.groups)+1 {
		return nil, fmt.Errorf("figure %q: %d series drawn, %d groups found", title, len(names.groups), len(parts)-1)
	}
	var out strings.Builder
	out.WriteString(opening + parts[0])
	for i, g := range names.groups {
		fmt.Fprintf(&out, `<g class="%s"><title>%s</title>`, html.EscapeString(g.class), html.EscapeString(g.label))
		out.WriteString(parts[i+1])
	}
	return []byte(out.String()), nil
}

// StandaloneSVG makes a finished drawing a file of its own: dark on white, whatever the viewer's background is.
func StandaloneSVG(inline []byte) []byte {
	const prelude = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<svg style="color:#1a1a1a;background:#ffffff" `
	return append([]byte(prelude), bytes.TrimPrefix(inline, []byte("<svg "))...)
}

package page

import (
	"strings"
	"unicode/utf8"
)

// A table is a table of the page, in the form that its template shows.
type table struct {
	Header []cell
	Rows   [][]cell
}

// A cell is one cell of a table. Class says how the page's style sets it: "n" is a number, aligned right; "n i" is a
// number whose interval may stand on a line of its own; "k" is words that stay on one line, and "long" words that do
// not.
type cell struct{ Text, Class string }

// newTable makes a table. isText says which columns hold words.
func newTable(header []string, rows [][]string, isText func(int) bool) table {
	var t table
	for i, text := range header {
		c := cell{Text: text}
		if !isText(i) {
			c.Class = "n i"
		}
		t.Header = append(t.Header, c)
	}
	for _, row := range rows {
		var cells []cell
		for i, text := range row {
			cells = append(cells, newCell(text, isText(i)))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func newCell(text string, isText bool) cell {
	const long = 16 // characters
	value, interval, found := strings.Cut(text, " (")
	switch {
	case !isText && found:
		return cell{value + " (" + strings.ReplaceAll(interval, " ", "\u00a0"), "n i"}
	case !isText:
		return cell{text, "n"}
	case utf8.RuneCountInString(text) > long:
		return cell{text, "long"}
	}
	return cell{text, "k"}
}

// writeColumns writes rows as aligned columns: words left, numbers right.
func writeColumns(b *strings.Builder, rows [][]string, isText func(int) bool) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if isText(i) {
				line.WriteString(cell + pad)
			} else {
				line.WriteString(pad + cell)
			}
			line.WriteString("  ")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// writeWrapped breaks a sentence into lines for a terminal.
func writeWrapped(b *strings.Builder, lead, text string) {
	const width = 100
	line := lead
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = strings.Repeat(" ", len(lead))
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

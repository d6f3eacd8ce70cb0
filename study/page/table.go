package page

import (
	"strings"
	"unicode/utf8"
)

// A cell is one cell of a table on the page. Numbers are aligned right.
type cell struct {
	Text   string
	Number bool
}

func cellsOf(row []string, isText func(int) bool) []cell {
	out := make([]cell, len(row))
	for i, s := range row {
		out[i] = cell{s, !isText(i)}
	}
	return out
}

func rowsOf(rows [][]string, isText func(int) bool) [][]cell {
	var out [][]cell
	for _, row := range rows {
		out = append(out, cellsOf(row, isText))
	}
	return out
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

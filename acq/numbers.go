package acq

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/lock"
)

// maxTextBytes is far more than any table of gradients needs, and keeps an image that was given by
// mistake from being read whole.
const maxTextBytes = 16 << 20

// numbers is a text file of numbers: rows of them, and the lines that are comments.
type numbers struct {
	rows     [][]float64
	lines    []int    // where each row stands, counted from 1
	comments []string // without the leading #
}

func readNumbers(path string) (numbers, error) {
	f, err := lock.OpenToRead(path)
	if err != nil {
		return numbers{}, err // names the file already
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTextBytes+1))
	if err != nil {
		return numbers{}, err
	}
	if len(text) > maxTextBytes {
		return numbers{}, fmt.Errorf("%s: found more than %s, expected a small text file of numbers", path, plural.Count(maxTextBytes, "byte"))
	}
	t, err := parseNumbers(string(text))
	if err != nil {
		return numbers{}, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// parseNumbers reads what FSL, DIPY and MRtrix3 write, and what people type: numbers separated by any
// white space or commas, NaN in any case, lines that end in any way, comments from # to the end of the
// line, empty lines, a byte order mark.
func parseNumbers(text string) (numbers, error) {
	var t numbers
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	for i, line := range strings.Split(text, "\n") {
		line, comment, found := strings.Cut(line, "#")
		if found {
			t.comments = append(t.comments, strings.TrimSpace(comment))
		}
		row, err := parseRow(line)
		if err != nil {
			return numbers{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		if len(row) > 0 {
			t.rows = append(t.rows, row)
			t.lines = append(t.lines, i+1)
		}
	}
	if len(t.rows) == 0 {
		return numbers{}, errors.New("found no numbers, expected at least one")
	}
	return t, nil
}

func parseRow(line string) ([]float64, error) {
	fields := strings.FieldsFunc(line, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	row := make([]float64, len(fields))
	for i, field := range fields {
		x, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil, fmt.Errorf("found %s, expected a number", excerpt(field))
		}
		row[i] = x
	}
	return row, nil
}

// excerpt quotes the beginning of what stands in place of a number, which may be a whole binary file.
func excerpt(field string) string {
	if len(field) > 24 {
		return strconv.QuoteToASCII(field[:24]) + "..."
	}
	return strconv.QuoteToASCII(field)
}

// width is the number of columns, or an error when the rows are not equally long.
func (t numbers) width() (int, error) {
	n := len(t.rows[0])
	for i, row := range t.rows {
		if len(row) != n {
			return 0, fmt.Errorf("line %d: found %s, expected %d as on line %d",
				t.lines[i], plural.Count(len(row), "number"), n, t.lines[0])
		}
	}
	return n, nil
}

// flat is all numbers in the order of the file.
func (t numbers) flat() []float64 {
	var all []float64
	for _, row := range t.rows {
		all = append(all, row...)
	}
	return all
}

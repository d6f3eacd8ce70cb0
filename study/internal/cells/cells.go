package cells

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
)

// Float writes a number with as many digits as it takes to read the same number back.
func Float(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// Wrong returns the error for a cell: it names the column, what was found and what was wanted.
func Wrong(name, found, want string) error {
	return fmt.Errorf("%s is %q, want %s", name, found, want)
}

// RowError puts the file's name before an error of the CSV reader, in one line.
func RowError(path string, err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("%s: line %d: %w", path, parse.Line, parse.Err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// Package plural writes a number with its noun, for messages and tables.
package plural

import (
	"strconv"
	"strings"
)

// Count writes a number of things, such as 1 node, 2 nodes or 0 vertices. what is the noun in the singular, and may
// have words before it.
func Count[N ~int | ~int64](n N, what string) string {
	return strconv.FormatInt(int64(n), 10) + " " + Noun(n, what)
}

// Noun returns the noun that goes with a number, without the number.
func Noun[N ~int | ~int64](n N, what string) string {
	if n == 1 {
		return what
	}
	if stem, vertex := strings.CutSuffix(what, "vertex"); vertex {
		return stem + "vertices"
	}
	return what + "s"
}

package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/internal/plural"
)

// Significant writes x with that many significant digits and never with an exponent, because the
// tables are read by people: 0.0123, 1.23, 123.
func Significant(x float64, digits int) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return Plain(x)
	}
	decimals := digits - 1 - int(math.Floor(math.Log10(math.Abs(x))))
	return strconv.FormatFloat(x, 'f', max(decimals, 0), 64)
}

// Plain writes x with the digits that it needs, and never with an exponent.
func Plain(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// Thousands writes 435686 as 435,686.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Percent writes a share as 35% or 3.5%, and a dash where it is not known.
func Percent(share float64) string {
	if math.IsNaN(share) {
		return "-"
	}
	if math.Abs(share) >= 0.1 {
		return fmt.Sprintf("%.0f%%", 100*share)
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}

// Count writes 1 run, or 3 runs.
func Count(n int, what string) string { return plural.Count(n, what) }

// Chunks writes 1 chunk, or 32,768 chunks.
func Chunks(n int) string { return thousandsOf(n, "chunk") }

// Voxels writes 1 voxel, or 435,686 voxels.
func Voxels(n int) string { return thousandsOf(n, "voxel") }

func thousandsOf(n int, what string) string {
	return Thousands(n) + " " + plural.Noun(n, what)
}

// CPUs writes 1 CPU, or 8, 16 and 36 CPUs, of one or more counts.
func CPUs(counts []int) string {
	if len(counts) == 1 {
		return Count(counts[0], "CPU")
	}
	return List(counts) + " CPUs"
}

// List writes one or more numbers as 8, 16 and 36.
func List(numbers []int) string {
	var words []string
	for _, n := range numbers {
		words = append(words, strconv.Itoa(n))
	}
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return words[0]
}

// Shorten cuts a text to at most so many letters, the last of them an ellipsis.
func Shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

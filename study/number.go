package study

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// significant writes x with that many significant digits and never with an exponent, because the
// tables are read by people: 0.0123, 1.23, 123.
func significant(x float64, digits int) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	decimals := digits - 1 - int(math.Floor(math.Log10(math.Abs(x))))
	return strconv.FormatFloat(x, 'f', max(decimals, 0), 64)
}

// meanOf writes the mean of a Stat, or a dash where it is not known.
func meanOf(s Stat, digits int) string {
	if !s.Known() {
		return "-"
	}
	return significant(s.Mean, digits)
}

// hundredthsOf writes the mean of a share with two decimals.
func hundredthsOf(s Stat) string {
	if !s.Known() {
		return "-"
	}
	return strconv.FormatFloat(s.Mean, 'f', 2, 64)
}

// halfOf writes half the interval, or a dash where there is none.
func halfOf(s Stat) string {
	if !s.Known() || math.IsNaN(s.Half) {
		return "-"
	}
	return significant(s.Half, 2)
}

// thousands writes 435686 as 435,686.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

var raisedDigits = []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")

// powerLabel writes a power of two as 2 with a raised exponent, another number as it is.
func powerLabel(n float64) string {
	k := math.Log2(n)
	if k != math.Trunc(k) {
		return significant(n, 3)
	}
	var b strings.Builder
	b.WriteByte('2')
	for _, d := range strconv.Itoa(int(k)) {
		if d == '-' {
			b.WriteRune('⁻')
			continue
		}
		b.WriteRune(raisedDigits[d-'0'])
	}
	return b.String()
}

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func areOf(n int, what string) string {
	if n == 1 {
		return "1 " + what + " was"
	}
	return fmt.Sprintf("%d %ss were", n, what)
}

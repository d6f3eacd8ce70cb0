package acq

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// A BValueScaling says whether b-values are multiplied by the squared length of their b-vectors. Scanners make
// several shells in this way: one nominal b-value, and vectors that are shorter for the lower shells.
type BValueScaling uint8

// ScaleAuto is the default. ScaleAuto, ScaleYes and ScaleNo are the choices of MRtrix3's -bvalue_scaling (3.0.4 and
// later).
const (
	// ScaleAuto scales all b-values when some vector's length is off by so much that the largest |ln(length^2)| of
	// all vectors but zeros exceeds 0.01. Otherwise vectors and b-values stay as given.
	ScaleAuto BValueScaling = iota
	// ScaleYes scales whatever the lengths are.
	ScaleYes
	// ScaleNo keeps the b-values; vectors beyond the limit are scaled to length 1.
	ScaleNo
	// ScaleDIPY takes a table by the rules of DIPY's gradient_table alone. It is for programs that stand in for DIPY
	// and get a table that DIPY made. b-values may have any unit, and stay as they are whatever the lengths of vectors.
	// Shells are found by DIPY's rule, and may have any number of directions.
	ScaleDIPY
)

var scalingNames = [...]string{ScaleAuto: "auto", ScaleYes: "yes", ScaleNo: "no", ScaleDIPY: "dipy"}

// String is "auto", "yes", "no" or "dipy".
func (s BValueScaling) String() string {
	if int(s) < len(scalingNames) {
		return scalingNames[s]
	}
	return fmt.Sprintf("BValueScaling(%d)", uint8(s))
}

// scalingLimit is MRtrix3's, on |ln(length^2)|: about half a per cent of the length.
const scalingLimit = 0.01

// The limits of an acquisition's largest b-value in s/mm2. At 50 or below, all volumes would be b0s. No scanner
// reaches 100,000. Outside of these limits b-values are in another unit.
const (
	leastLargestBval = DefaultB0Threshold
	mostLargestBval  = 100000
)

// checkUnits refuses b-values that cannot be in s/mm2. A table of zeros does not show its units.
func checkUnits(bvals []float64) error {
	largest := 0.0
	for _, b := range bvals {
		largest = max(largest, b) // NaN stays NaN; admit refuses it
	}
	const wanted = "expected s/mm2, as 1000: %s"
	switch {
	case largest > 0 && largest < leastLargestBval:
		return fmt.Errorf("the largest b-value is %.6g, which looks like ms/um2; "+wanted, largest, "multiply all b-values by 1000")
	case largest > mostLargestBval && !math.IsInf(largest, 1):
		return fmt.Errorf("the largest b-value is %.6g, which looks like s/m2; "+wanted, largest, "divide all b-values by 1000000")
	}
	return nil
}

// CheckUnits refuses b-values that cannot be in s/mm2. NewGradientTable does this for all tables but those of
// ScaleDIPY. CheckUnits is for programs that take tables by DIPY's rules, but read them from files.
func (g *GradientTable) CheckUnits() error {
	if err := checkUnits(g.Bvals); err != nil {
		return fmt.Errorf("%s: %w", g.name(), err)
	}
	return nil
}

// checkScaled refuses b-values that were in s/mm2 until they were multiplied by the squared lengths of their
// vectors. Then the vectors are at fault.
func (o gradientOptions) checkScaled(bvals []float64, bvecs [][3]float64, scaled []float64) error {
	if checkUnits(scaled) == nil {
		return nil
	}
	least, most := math.Inf(1), 0.0
	for i, v := range bvecs {
		if length := math.Sqrt(squareOf(v)); length > 0 && bvals[i] > 0 {
			least, most = min(least, length), max(most, length)
		}
	}
	lengths := fmt.Sprintf("of about %.3g", most)
	if most > 1.01*least {
		lengths = fmt.Sprintf("from %.3g to %.3g", least, most)
	}
	return fmt.Errorf("the b-vectors have lengths %s, expected 1; multiplied by the squared lengths, as MRtrix3 does, the b-values would go from %s to %s: %scorrect the b-vectors",
		lengths, listBvals(bvals), listBvals(scaled), o.withoutScaling("use %s, which keeps the b-values, or "))
}

// withoutScaling is the part of a message that names the option by which b-values stay as given, as the user's
// interface spells it. It is "" where the interface has no such option.
func (o gradientOptions) withoutScaling(format string) string {
	option := o.spelling.of("bvalue_scaling")
	if option == "" {
		return ""
	}
	return fmt.Sprintf(format, option+" "+ScaleNo.String())
}

func squareOf(v [3]float64) float64 {
	return float64(v[0]*v[0]) + float64(v[1]*v[1]) + float64(v[2]*v[2])
}

// scale multiplies b-values by the squared lengths of their vectors where the choice of scaling asks for it, and
// scales the vectors to length 1, both in place. scaled is how many b-values above 0 it has multiplied. The warning
// says what was changed.
func (o gradientOptions) scale(bvals []float64, bvecs [][3]float64) (scaled int, warning string) {
	s := o.scaling
	most := 0.0
	squares := make([]float64, len(bvecs))
	for i, v := range bvecs {
		if squares[i] = squareOf(v); squares[i] > 0 {
			most = max(most, math.Abs(math.Log(squares[i])))
		}
	}
	if !(most > scalingLimit) && s != ScaleYes {
		return 0, ""
	}
	before := listBvals(bvals)
	for i, square := range squares {
		if !(square > 0) || math.IsInf(square, 1) {
			continue // zero, or not a number: admit says what becomes of it
		}
		bvecs[i] = unit(bvecs[i])
		if s != ScaleNo {
			if bvals[i] > 0 {
				scaled++
			}
			bvals[i] *= square
		}
	}
	if s == ScaleNo {
		return 0, fmt.Sprintf("the b-vectors are not of unit length (squared lengths differ from 1 by up to %.3g%%) and were scaled to unit length; the b-values stay as given%s", 100*math.Expm1(most), o.withoutScaling(" (%s)"))
	}
	switch after := listBvals(bvals); {
	case most > scalingLimit && after == before: // b0s with a vector of another length
		return scaled, fmt.Sprintf("some b-vectors are not of unit length, so each b-value was multiplied by the squared length of its vector, as MRtrix3 does; they stay as they were but for rounding: %s", after)
	case most > scalingLimit:
		return scaled, fmt.Sprintf("the b-vectors are not of unit length, so each b-value was multiplied by the squared length of its vector, as MRtrix3 does: %s became %s%s", before, after, o.withoutScaling("; with %s they would stay as given"))
	}
	return scaled, ""
}

// listBvals names the different b-values, rounded, and how many volumes have each; where there are many, the
// lowest and the highest.
func listBvals(bvals []float64) string {
	count := map[float64]int{}
	for _, b := range bvals {
		count[roundBval(b)]++
	}
	values := slices.Sorted(maps.Keys(count))
	if len(values) > 8 {
		return fmt.Sprintf("b = %g to %g", values[0], values[len(values)-1])
	}
	words := make([]string, len(values))
	for i, b := range values {
		words[i] = fmt.Sprintf("%g (%d)", b, count[b])
	}
	return "b = " + strings.Join(words, ", ")
}

// roundBval rounds to what people read: 5 s/mm2, below 100 to 1.
func roundBval(b float64) float64 {
	if b < 100 {
		return math.Round(b)
	}
	return 5 * math.Round(b/5)
}

package kernel

import "fmt"

// A Precision is the arithmetic of a fit. It is a choice of speed, not of result: with Mixed, too, what
// is written was computed, or confirmed, in double precision, as each model's constructor says. The
// portable code computes in double precision whatever is asked for.
type Precision uint8

// The precisions.
const (
	// DefaultPrecision is Mixed for free water, sparse fascicles and non-negative least squares, and
	// Double for the other models.
	DefaultPrecision Precision = iota
	// Double is double precision throughout.
	Double
	// Mixed searches in single precision, and computes what is written in double precision.
	Mixed
)

var precisionNames = [...]string{"default", "double", "mixed"}

// String is the precision's name in lower case.
func (p Precision) String() string {
	if int(p) < len(precisionNames) {
		return precisionNames[p]
	}
	return fmt.Sprintf("Precision(%d)", uint8(p))
}

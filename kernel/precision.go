package kernel

import "fmt"

// A Precision is the arithmetic of a fit. It is a choice of speed, and not of the result: with Mixed, too, what is
// written was computed or confirmed in double precision, as the constructor of each model says. The portable code
// always computes in double precision.
type Precision uint8

// The precisions.
const (
	// DefaultPrecision is Mixed for free water, sparse fascicles and non-negative least squares. It is Double for the
	// other models.
	DefaultPrecision Precision = iota
	// Double is double precision throughout.
	Double
	// Mixed searches in single precision, and computes what is written in double precision.
	Mixed
)

var precisionNames = [...]string{"default", "double", "mixed"}

// String returns the name of the precision in lower case.
func (p Precision) String() string {
	if int(p) < len(precisionNames) {
		return precisionNames[p]
	}
	return fmt.Sprintf("Precision(%d)", uint8(p))
}

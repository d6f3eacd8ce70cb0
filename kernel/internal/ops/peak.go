package ops

// PeakLoops are loops that measure the peak speed of one instruction set's vector units. A turn of a loop is a number
// of independent fused multiply-adds of whole vectors, and nothing else.
type PeakLoops struct {
	// Float64 and Float32 do n >= 1 turns. Go cannot interrupt them, so keep n below 100,000.
	Float64, Float32 func(n int)
	// Operations64 and Operations32 are the operations of one turn. A multiply-add of one lane counts as two.
	Operations64, Operations32 int
}

// NewPeakLoops describes two loops whose turns have so many independent chains of vectors of vectorBytes bytes.
func NewPeakLoops(float64s, float32s func(n int), chains, vectorBytes int) PeakLoops {
	return PeakLoops{float64s, float32s, 2 * chains * vectorBytes / 8, 2 * chains * vectorBytes / 4}
}

package ops

// PeakLoops are the loops that measure the peak of one instruction set's vector units. A turn is
// independent fused multiply-adds of whole vectors and nothing else.
type PeakLoops struct {
	// Float64 and Float32 do n >= 1 turns. They cannot be interrupted: keep n below 100,000.
	Float64, Float32 func(n int)
	// Operations64 and Operations32 are what a turn does, a multiply-add of one lane counting as two.
	Operations64, Operations32 int
}

// NewPeakLoops describes loops of so many independent chains of vectors of so many bytes.
func NewPeakLoops(float64s, float32s func(n int), chains, vectorBytes int) PeakLoops {
	return PeakLoops{float64s, float32s, 2 * chains * vectorBytes / 8, 2 * chains * vectorBytes / 4}
}

package main

import "math"

// A format is a type of numbers: how instructions name vectors of it, and where its bits are.
type format struct {
	vectors   string // in the table of encodings
	assembler string // in Go's assembler
	bytes     int    // of a number
	fraction  int    // bits of the significand behind the point
	bias      int    // of the exponent
}

var (
	double = format{vectors: "2d", assembler: "D2", bytes: 8, fraction: 52, bias: 1023}
	single = format{vectors: "4s", assembler: "S4", bytes: 4, fraction: 23, bias: 127}
)

// isSingle tells the formats apart where more than these numbers differs.
func (f format) isSingle() bool { return f.bytes == single.bytes }

// perVector is how many numbers are in a register.
func (f format) perVector() int { return 16 / f.bytes }

// bits returns the bits of a number, in single precision twice side by side.
func (f format) bits(v float64) uint64 {
	if f.isSingle() {
		return f.pattern(uint64(math.Float32bits(float32(v))))
	}
	return math.Float64bits(v)
}

// pattern returns the bits of lanes that are all the same, as 64 bits.
func (f format) pattern(lane uint64) uint64 {
	if f.isSingle() {
		return lane<<32 | lane
	}
	return lane
}

// least and largest return the ends of the range of positive normal numbers.
func (f format) least() float64 { return math.Ldexp(1, 1-f.bias) }
func (f format) largest() float64 {
	return math.Ldexp(2-math.Ldexp(1, -f.fraction), f.bias)
}

// signAndExponent returns the mask of the bits in front of the fraction.
func (f format) signAndExponent() uint64 { return (1<<(8*f.bytes-f.fraction) - 1) << f.fraction }

// nan returns the bits of a NaN: those of the exponent, and the first one of the fraction.
func (f format) nan() uint64 { return f.signAndExponent() >> 1 }

// rounder is a number that rounds smaller ones to integers k when it is added to them. The last bits of the sum are the
// exponent of 2^k.
func (f format) rounder() float64 { return math.Ldexp(3, f.fraction-1) + float64(f.bias) }

package main

import "math"

// A format is one of numbers: how instructions name vectors of them, and where their bits are.
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

// isSingle tells the formats apart where they differ in more than these numbers.
func (f format) isSingle() bool { return f.bytes == single.bytes }

// perVector is how many numbers are in a register.
func (f format) perVector() int { return 16 / f.bytes }

// bits are those of a number, in single precision twice side by side.
func (f format) bits(v float64) uint64 {
	if f.isSingle() {
		return f.pattern(uint64(math.Float32bits(float32(v))))
	}
	return math.Float64bits(v)
}

// pattern is the bits of one lane as 64 bits.
func (f format) pattern(lane uint64) uint64 {
	if f.isSingle() {
		return lane<<32 | lane
	}
	return lane
}

// least and largest are the ends of the positive normal numbers.
func (f format) least() float64 { return math.Ldexp(1, 1-f.bias) }
func (f format) largest() float64 {
	return math.Ldexp(2-math.Ldexp(1, -f.fraction), f.bias)
}

// signAndExponent are the bits of a lane before its fraction.
func (f format) signAndExponent() uint64 { return (1<<(8*f.bytes-f.fraction) - 1) << f.fraction }

// nan are the bits of a lane that is no number: all of the exponent and the first of the fraction.
func (f format) nan() uint64 { return f.signAndExponent() >> 1 }

// rounder is a number that, when added to a smaller one, rounds it to an integer and leaves the bits of the exponent of
// two to that integer at the end.
func (f format) rounder() float64 { return math.Ldexp(3, f.fraction-1) + float64(f.bias) }

package phantom

import (
	"math"
	"math/rand/v2"
)

// A stream is one voxel's own sequence of random numbers: PCG-DXSM with 128 bits of state (O'Neill
// 2014), started from a hash of the phantom's seed, the voxel's row and what the numbers are for.
// Only Uint64 of the standard library's PCG is used, whose algorithm is named in its
// documentation; everything derived from it is computed here, because the standard library's
// NormFloat64 and ExpFloat64 call math.Log and math.Exp and so differ between platforms.
type stream struct {
	source rand.PCG
}

// purpose separates what a voxel is from the noise on it, so that the truth of a phantom does not
// depend on its SNR nor on its gradient table.
type purpose uint64

const (
	forTruth purpose = iota + 1
	forNoise
	forAnatomy
)

func newStream(seed uint64, p purpose, voxel int) stream {
	// Neighbouring seeds of a congruential generator give related sequences, so both halves of
	// the state are hashed.
	high := splitMix(seed + uint64(p)*golden)
	low := splitMix(high ^ splitMix(uint64(voxel)+golden))
	var s stream
	s.source.Seed(high, low)
	return s
}

// golden is 2^64 divided by the golden ratio, made odd: SplitMix64's increment.
const golden = 0x9e3779b97f4a7c15

// splitMix is the output function of SplitMix64 (Steele, Lea and Flood 2014), a bijection whose
// every output bit depends on every input bit.
func splitMix(x uint64) uint64 {
	x += golden
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit returns a number in [0, 1), a multiple of 2^-53.
func (s *stream) unit() float64 {
	return float64(s.source.Uint64()>>11) * 0x1p-53
}

// between returns a number in [low, high).
func (s *stream) between(low, high float64) float64 {
	return low + float64((high-low)*s.unit())
}

// exponential returns a number of the exponential distribution with mean 1.
func (s *stream) exponential() float64 {
	return exponentialOf(s.source.Uint64())
}

// exponentialOf and turnOf turn 64 random bits into a number of the exponential distribution and into an angle.
func exponentialOf(bits uint64) float64 { return -logUnit(float64(bits>>11+1) * 0x1p-53) }

func turnOf(bits uint64) float64 { return float64(int64(bits)>>11) * 0x1p-53 }

// turn returns an angle in turns, in [-1/2, 1/2).
func (s *stream) turn() float64 {
	return turnOf(s.source.Uint64())
}

// direction returns a unit vector, uniform on the sphere: Marsaglia's method (1972), which needs no
// trigonometric function.
func (s *stream) direction() [3]float64 {
	for {
		x, y := s.between(-1, 1), s.between(-1, 1)
		r := float64(x*x) + float64(y*y)
		if r >= 1 {
			continue
		}
		scale := 2 * math.Sqrt(1-r)
		return [3]float64{float64(scale * x), float64(scale * y), 1 - float64(2*r)}
	}
}

// A sequence gives the random number at any place of a row, without those before it: SplitMix64, whose state is a
// counter. Brains take one for each volume, so that a voxel's noise depends on neither the volumes before nor the
// voxels beside it.
type sequence struct{ base uint64 }

func newSequence(seed uint64, p purpose, volume int) sequence {
	return sequence{splitMix(splitMix(seed+uint64(p)*golden) ^ splitMix(uint64(volume)+golden))}
}

// pair returns the two random numbers from which the noise of a voxel is made.
func (s sequence) pair(voxel int) (exponential, turn float64) {
	at := s.base + 2*uint64(voxel)*golden
	return exponentialOf(splitMix(at)), turnOf(splitMix(at + golden))
}

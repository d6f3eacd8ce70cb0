package gunzip

import "hash/crc32"

// A sum is the CRC-32 of some bytes and their number.
type sum struct {
	crc    uint32
	length int64
	shift  uint32 // the factor for a CRC of bytes in front of these
}

// noSum is the sum of no bytes.
var noSum = sumOf(nil)

func sumOf(b []byte) sum { return sum{crc32.ChecksumIEEE(b), int64(len(b)), shift(int64(len(b)))} }

// then returns the sum of these bytes followed by others, whose sum t is from sumOf. A CRC is the remainder of a
// polynomial over GF(2). So the CRC of bytes in front of n others is multiplied by x^(8n) (zlib's crc32_combine).
func (s sum) then(t sum) sum {
	return sum{multiply(t.shift, s.crc) ^ t.crc, s.length + t.length, multiply(s.shift, t.shift)}
}

// shift returns x^(8n) modulo the CRC's polynomial.
func shift(n int64) uint32 {
	product := uint32(1) << 31 // 1: the highest bit is x^0
	for k := 0; n != 0; k, n = k+1, n>>1 {
		if n&1 != 0 {
			product = multiply(byteShifts[k], product)
		}
	}
	return product
}

// byteShifts[k] is x^(8*2^k).
var byteShifts = func() (powers [63]uint32) {
	powers[0] = 1 << (31 - 8)
	for k := 1; k < len(powers); k++ {
		powers[k] = multiply(powers[k-1], powers[k-1])
	}
	return powers
}()

// multiply returns the product of two polynomials modulo the CRC's. It has no branch that depends on them, because the
// processor would predict half of such branches wrongly.
func multiply(a, b uint32) uint32 {
	product := uint32(0)
	for bit := range 32 {
		product ^= b & -(a >> (31 - bit) & 1)
		b = b>>1 ^ crc32.IEEE&-(b&1)
	}
	return product
}

package compress

import "math"

// counts has how often each symbol occurs in a block.
type counts struct {
	ofLiterals  [literalCodes]uint16 // also of the end of the block and of lengths
	ofDistances [distanceCodes]uint16
	four        [4][256]uint16 // of bytes: neighbours go to different tables, so that no count waits for another
}

func (c *counts) clear() {
	c.ofLiterals = [literalCodes]uint16{}
	c.ofDistances = [distanceCodes]uint16{}
	c.four = [4][256]uint16{}
}

// countBytes counts literals in the four tables.
func (c *counts) countBytes(bytes []byte) {
	a, b, d, e := &c.four[0], &c.four[1], &c.four[2], &c.four[3]
	for len(bytes) >= 8 {
		x := uint64(bytes[0]) | uint64(bytes[1])<<8 | uint64(bytes[2])<<16 | uint64(bytes[3])<<24 |
			uint64(bytes[4])<<32 | uint64(bytes[5])<<40 | uint64(bytes[6])<<48 | uint64(bytes[7])<<56
		a[uint8(x)]++
		b[uint8(x>>8)]++
		d[uint8(x>>16)]++
		e[uint8(x>>24)]++
		a[uint8(x>>32)]++
		b[uint8(x>>40)]++
		d[uint8(x>>48)]++
		e[uint8(x>>56)]++
		bytes = bytes[8:]
	}
	for _, x := range bytes {
		a[x]++
	}
}

// gather adds up the four tables.
func (c *counts) gather() {
	for i := range c.four[0] {
		c.ofLiterals[i] = c.four[0][i] + c.four[1][i] + c.four[2][i] + c.four[3][i]
	}
}

// countAll counts the symbols of a block: of its sequences, and of the literals after them.
func (c *counts) countAll(bytes []byte, sequences []sequence, after int) {
	c.clear()
	for _, s := range sequences {
		c.countBytes(bytes[:s.literals])
		bytes = bytes[s.literals+s.length:]
		full, one, rest := split(int(s.length))
		written := uint16(full) + 1
		c.ofLiterals[endOfBlock+1+int(lengthCode[longest-shortest])] += uint16(full)
		if one {
			c.ofLiterals[endOfBlock+1+int(lengthCode[longest-2*shortest])]++
			written++
		}
		c.ofLiterals[endOfBlock+1+int(lengthCode[rest-shortest])]++
		c.ofDistances[distanceCode(int(s.distance)-1)] += written
	}
	c.countBytes(bytes[:after])
	c.gather()
}

// tokens returns the number of literals and matches.
func (f *finder) tokens() int {
	sum := f.after
	for _, s := range f.sequences {
		full, one, _ := split(int(s.length))
		sum += int(s.literals) + full + 1
		if one {
			sum++
		}
	}
	return sum
}

// ready counts the end of the block, and one distance if there is no match, because both must have codes. It returns
// how many codes the block's head describes.
func (c *counts) ready() (symbols, distances int) {
	c.ofLiterals[endOfBlock] = 1
	symbols, distances = literalCodes, distanceCodes
	for c.ofLiterals[symbols-1] == 0 {
		symbols--
	}
	for distances > 0 && c.ofDistances[distances-1] == 0 {
		distances--
	}
	if distances == 0 {
		c.ofDistances[0], distances = 1, 1
	}
	return symbols, distances
}

// extraBits returns the number of all extra bits after codes of lengths and distances.
func (c *counts) extraBits() (sum int) {
	for i, bits := range lengthExtra {
		sum += int(bits) * int(c.ofLiterals[endOfBlock+1+i])
	}
	for i, bits := range distanceExtra {
		sum += int(bits) * int(c.ofDistances[i])
	}
	return sum
}

// even says whether all bytes occur so equally often that codes gain nothing. This is so if the sum of squared
// differences of their counts from the mean is below twice the number of bytes.
func (c *counts) even(bytes int) bool {
	mean, sum := float64(bytes)/256, 0.0
	for _, count := range c.ofLiterals[:256] {
		d := float64(count) - mean
		sum += float64(d * d)
	}
	return sum < float64(2*bytes)
}

// estimate returns about how many bits the tokens take with codes that are made for them. This is their entropy, with
// at least one and at most 15 bits for each token.
func (c *counts) estimate(tokens int) int {
	sum, extra, matches := float32(0), 0, 0
	each := 1 / float32(tokens)
	for _, n := range c.ofLiterals[:256] {
		sum += bitsOf(n, each)
	}
	sum += 15 // the end of the block
	for i, n := range c.ofLiterals[endOfBlock+1:] {
		sum += bitsOf(n, each)
		extra += int(lengthExtra[i]) * int(n)
		matches += int(n)
	}
	if matches > 0 {
		each = 1 / float32(matches)
		for i, n := range c.ofDistances {
			sum += bitsOf(n, each)
			extra += int(distanceExtra[i]) * int(n)
		}
	}
	return int(sum) + extra
}

// bitsOf returns the entropy of a symbol that occurs n times. each is one divided by the number of all symbols.
func bitsOf(n uint16, each float32) float32 {
	if n == 0 {
		return 0
	}
	count := float32(n)
	return float32(min(max(-roughLog2(count*each), 1), 15) * count)
}

// roughLog2 returns the logarithm of a positive number to base 2, within 0.01: the exponent, plus a parabola of the
// fraction.
func roughLog2(x float32) float32 {
	all := math.Float32bits(x)
	exponent := float32(int(all>>23&255) - 128)
	fraction := math.Float32frombits(all&0x007fffff | 127<<23)
	inner := float32(-0.34484843*fraction) + 2.02466578
	return exponent + (float32(inner*fraction) - 0.67487759)
}

package compress

import "math/bits"

// lengthCode has the code of a match of length 3, 4, and so on, as its number among the 29 codes of lengths.
var lengthCode = func() (codes [256]uint8) {
	for i := range codes {
		switch {
		case i < 8:
			codes[i] = uint8(i)
		case i == 255:
			codes[i] = 28
		default: // four codes for each power of two
			power := bits.Len(uint(i)) - 1
			codes[i] = uint8(4*(power-1) + i>>(power-2)&3)
		}
	}
	return codes
}()

// lengthExtra and distanceExtra have the number of extra bits after each code.
var (
	lengthExtra = func() (extra [29]uint8) {
		for code := 8; code < 28; code++ {
			extra[code] = uint8(code/4 - 1)
		}
		return extra
	}()
	distanceExtra = func() (extra [distanceCodes]uint8) {
		for code := 4; code < distanceCodes; code++ {
			extra[code] = uint8(code/2 - 1)
		}
		return extra
	}()
)

// distanceCode returns the code of a distance less one. The extra bits after it are the lowest bits of that number.
func distanceCode(less int) int {
	if less < 4 {
		return less
	}
	power := bits.Len(uint(less)) - 1
	return 2*power + less>>(power-1)&1
}

// The fixed codes, for blocks without codes of their own.
var fixedLiterals, fixedDistances = func() (literals, distances [literalCodes + 2]code) {
	for symbol := range literalCodes {
		number, length := 0x30+symbol, 8
		switch {
		case symbol >= 280:
			number = 0xc0 + symbol - 280
		case symbol >= 256:
			number, length = symbol-256, 7
		case symbol >= 144:
			number, length = 0x190+symbol-144, 9
		}
		literals[symbol] = newCode(number, length)
	}
	for symbol := range distanceCodes {
		distances[symbol] = newCode(symbol, 5)
	}
	return literals, distances
}()

// onlyDistance has the code of distances in blocks of literals alone. Each block must have such a code.
var onlyDistance = [literalCodes + 2]code{newCode(0, 1)}

func newCode(number, length int) code {
	return code(bits.Reverse16(uint16(number))>>(16-length))<<8 | code(length)
}

// codesBits returns the number of bits of all codes, when each symbol occurs as often as counts says.
func codesBits(codes *[literalCodes + 2]code, counts []uint16) (sum int) {
	for symbol, count := range counts {
		sum += int(count) * int(codes[symbol].length())
	}
	return sum
}

// holds says whether each symbol that occurs has a code.
func holds(codes *[literalCodes + 2]code, counts []uint16) bool {
	for symbol, count := range counts {
		if count != 0 && codes[symbol] == 0 {
			return false
		}
	}
	return true
}

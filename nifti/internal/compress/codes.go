package compress

import "math/bits"

// lengthCode has the code of each length of a match, less 3, counted from the first of the 29.
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

// lengthExtra and distanceExtra are how many bits follow a code.
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

// distanceCode is the code of a distance less one. The bits that follow it are the lowest ones of that number.
func distanceCode(less int) int {
	if less < 4 {
		return less
	}
	power := bits.Len(uint(less)) - 1
	return 2*power + less>>(power-1)&1
}

// The codes of blocks that have none of their own.
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

// onlyDistance is the code of blocks that have literals alone.
var onlyDistance = [literalCodes + 2]code{newCode(0, 1)}

func newCode(number, length int) code {
	return code(bits.Reverse16(uint16(number))>>(16-length))<<8 | code(length)
}

// codesBits is how many bits the codes of so many symbols take.
func codesBits(codes *[literalCodes + 2]code, counts []uint16) (sum int) {
	for symbol, count := range counts {
		sum += int(count) * int(codes[symbol].length())
	}
	return sum
}

// holds tells whether there is a code for each symbol that occurs.
func holds(codes *[literalCodes + 2]code, counts []uint16) bool {
	for symbol, count := range counts {
		if count != 0 && codes[symbol] == 0 {
			return false
		}
	}
	return true
}

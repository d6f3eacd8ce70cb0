package nifti

// xyzt_units packs two codes in a byte: space in bits 0 to 2, time in bits 3 to 5 (nifti1.h).
const (
	spaceMask = 0x07
	timeMask  = 0x38
)

var spaceUnits = map[int]string{0: "", 1: "m", 2: "mm", 3: "um"}

var timeUnits = map[int]string{0: "", 8: "s", 16: "ms", 24: "us", 32: "Hz", 40: "ppm", 48: "rad/s"}

func decodeUnits(code int) (space, time string) {
	return spaceUnits[code&spaceMask], timeUnits[code&timeMask]
}

// encodeUnits is the inverse of decodeUnits. A name that the standard does not have becomes "unknown".
func encodeUnits(space, time string) int {
	return codeOf(spaceUnits, space) | codeOf(timeUnits, time)
}

func codeOf(units map[int]string, name string) int {
	for code, n := range units {
		if n == name {
			return code
		}
	}
	return 0
}

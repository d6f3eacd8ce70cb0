package amd64

const (
	avx512 = "avx512"
	avx2   = "avx2"
)

// Names are what the sets are called, the widest first, whether or not this build and this processor have them.
var Names = []string{avx512, avx2}

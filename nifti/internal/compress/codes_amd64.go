//go:build !purego

package compress

import "github.com/klauspost/cpuid/v2"

//go:generate go run -C _asm . -pkg compress -out ../codes_amd64.s -stubs ../codesstubs_amd64.go

var haveAssembly = cpuid.CPU.Supports(cpuid.BMI2)

// fewLiterals is the number of literals up to which the assembly is no faster.
const fewLiterals = 9

// putMost writes the codes of most of the bytes, and returns the rest of the bytes. The caller has made room.
func (w *writer) putMost(bytes []byte, codes *[literalCodes + 2]code) []byte {
	if !haveAssembly || len(bytes) < fewLiterals {
		return w.putTriples(bytes, codes)
	}
	n := len(bytes) / 3 * 3
	behind, waits := putCodes(&w.out[w.at], &bytes[0], n, (*uint32)(&codes[0]), w.waiting, uint64(w.n))
	w.at, w.waiting, w.n = w.at+int(behind), waits>>8, uint(waits&7)
	return bytes[n:]
}

// Command peak writes the loops that measure the peak of the vector units: `go generate ./kernel/amd64`
// runs it. A loop is nothing but fused multiply-adds that do not wait for one another: as many chains as
// fill every pipe at its latency (two pipes of latency 4 want 8, two of latency 5 want 10).
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// chains is the number of independent sums; Go's peakChains must be the same.
const chains = 12

func main() {
	ConstraintExpr("!purego")
	for _, set := range []struct {
		name   string
		vector func() VecVirtual
		zero   func(VecVirtual)
	}{
		{"AVX512", func() VecVirtual { return ZMM() }, func(v VecVirtual) { VPXORQ(v, v, v) }},
		{"AVX2", func() VecVirtual { return YMM() }, func(v VecVirtual) { VXORPD(v, v, v) }},
	} {
		loop("peakFloat64"+set.name, "fp64", set.vector, set.zero, func(a, b, sum VecVirtual) { VFMADD231PD(a, b, sum) })
		loop("peakFloat32"+set.name, "fp32", set.vector, set.zero, func(a, b, sum VecVirtual) { VFMADD231PS(a, b, sum) })
	}
	Generate()
}

// loop writes one function. All values are zero: the units do not look at them, and zeros neither
// overflow nor become subnormal.
func loop(name, precision string, vector func() VecVirtual, zero func(VecVirtual), fma func(a, b, sum VecVirtual)) {
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("%s does n >= 1 times %d independent %s fused multiply-adds of whole vectors.", name, chains, precision))
	n := Load(Param("n"), GP64())
	a, b := vector(), vector()
	zero(a)
	zero(b)
	var sums []VecVirtual
	for range chains {
		sum := vector()
		zero(sum)
		sums = append(sums, sum)
	}
	Label("again")
	for _, sum := range sums {
		fma(a, b, sum)
	}
	DECQ(n)
	JNE(LabelRef("again"))
	VZEROUPPER()
	RET()
}

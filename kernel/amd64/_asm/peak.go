package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peakChains is the number of independent sums. There are enough of them to keep all pipes busy: two pipes need 8 at a
// latency of 4 cycles, and 10 at 5. Package amd64 has the same constant.
const peakChains = 12

// peak writes the loops that measure the peak of the vector units. They have nothing but fused multiply-adds that do
// not wait for one another.
func peak(double, single vectors) {
	double.peakLoop("peakFloat64", "fp64")
	single.peakLoop("peakFloat32", "fp32")
}

// peakLoop writes one loop. All values are zero. The speed does not depend on values, and zeros neither overflow nor
// become subnormal.
func (v vectors) peakLoop(name, precision string) {
	v.set.function(name, "n int",
		fmt.Sprintf("does n >= 1 times %d independent %s fused multiply-adds of whole vectors.", peakChains, precision))
	n := load("n")
	vector := func() reg.VecVirtual {
		r := YMM()
		if v.is512() {
			r = ZMM()
			VPXORQ(r, r, r)
			return r
		}
		VXORPD(r, r, r)
		return r
	}
	a, b := vector(), vector()
	var sums []reg.VecVirtual
	for range peakChains {
		sums = append(sums, vector())
	}
	Label("again")
	for _, sum := range sums {
		v.fma(a, b, sum)
	}
	DECQ(n)
	JNE(LabelRef("again"))
	v.end()
}

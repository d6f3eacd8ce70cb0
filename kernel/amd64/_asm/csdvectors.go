package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vectors is an instruction set and a type of numbers as the CSD kernels see them: how wide registers
// are, and the sizes of blocks that their number allows. csd_amd64.go repeats the sizes for package
// kernel.
type vectors struct {
	element
	name     string
	bytes    int // of a register
	tile     int // edge of the squares of sums that the Cholesky factorisation keeps in registers
	panel    int // rows of a matrix that are multiplied together
	stripe   int // registers that hold a stripe of moments
	together int // stripes that are updated together: those of lmax 8, if there are registers for them
}

var (
	avx512 = vectors{element: double, name: "AVX512", bytes: 64, tile: 5, panel: 23, stripe: 7, together: 3}
	avx2   = vectors{element: double, name: "AVX2", bytes: 32, tile: 3, panel: 13, stripe: 14, together: 1}

	singleAVX512 = vectors{element: single, name: "SingleAVX512", bytes: 64, tile: 5, panel: 23, stripe: 11, together: 1}
	singleAVX2   = vectors{element: single, name: "SingleAVX2", bytes: 32, tile: 3, panel: 13, stripe: 11, together: 1}
)

// lanes is the number of voxels side by side.
func (v vectors) lanes() int { return v.bytes / v.size }

// wide says whether there are 32 registers, of 64 bytes, masks, and operands that are one number in memory.
func (v vectors) wide() bool { return v.bytes == 64 }

// tileBytes is the size of one tile of the packed triangle.
func (v vectors) tileBytes() int { return v.tile * v.tile * v.bytes }

// function begins a function; what it computes follows as its comment.
// In the signature, number and sum are the element's types.
func (v vectors) function(name, signature string, doc ...string) {
	TEXT(name+v.name, NOSPLIT, "func("+strings.NewReplacer("*number", "*"+v.goType, "*sum", "*"+v.sumType).Replace(signature)+")")
	Pragma("noescape")
	doc[0] = name + v.name + " " + doc[0]
	Doc(doc...)
}

// end ends a function that used vectors.
func (v vectors) end() {
	VZEROUPPER()
	RET()
}

var (
	zmm = []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
	ymm = []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
		reg.Y16, reg.Y17, reg.Y18, reg.Y19, reg.Y20, reg.Y21, reg.Y22, reg.Y23, reg.Y24, reg.Y25, reg.Y26, reg.Y27, reg.Y28, reg.Y29, reg.Y30, reg.Y31,
	}
)

// registers are n vector registers, the first of which is the given one.
func (v vectors) registers(first, n int) []reg.VecPhysical {
	if v.wide() {
		return zmm[first : first+n]
	}
	return ymm[first : first+n]
}

func (v vectors) register(i int) reg.VecPhysical { return v.registers(i, 1)[0] }

// at is the i-th vector from a pointer on.
func (v vectors) at(pointer reg.Register, i int) Mem {
	return Mem{Base: pointer, Disp: i * v.bytes}
}

// number is the i-th number from a pointer on.
func (v vectors) number(pointer reg.Register, i int) Mem {
	return Mem{Base: pointer, Disp: i * v.size}
}

func zero(registers ...reg.VecPhysical) {
	for _, r := range registers {
		VXORPD(r, r, r)
	}
}

// broadcastPair puts two consecutive numbers into all lanes of a register each, with one load.
func (v vectors) broadcastPair(place Mem, into []reg.VecPhysical) {
	if v.size == 4 {
		VBROADCASTSD(place, into[1])
		VMOVSLDUP(into[1], into[0])
		VMOVSHDUP(into[1], into[1])
		return
	}
	VBROADCASTF64X2(place, into[1])
	VMOVDDUP(into[1], into[0])
	VPERMILPD(U8(0xff), into[1], into[1])
}

// fill puts one number, as its bits, into all lanes.
func (v vectors) fill(r reg.VecPhysical, bits Constant) {
	value := GP64()
	MOVQ(bits, value)
	VMOVQ(value, r.AsX())
	v.broadcast(r.AsX(), r)
}

// load is a parameter in a register of its own.
func load(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

func copied(from reg.Register) reg.GPVirtual {
	r := GP64()
	MOVQ(from, r)
	return r
}

var labels int

// label makes a name that no other loop has.
func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// repeat writes a loop that counts a register down to zero; it is left out when the register is zero
// to begin with.
func repeat(name string, counter reg.Register, body func()) {
	again, done := label(name), label("after_"+name)
	TESTQ(counter, counter)
	JZ(LabelRef(done))
	Label(again)
	body()
	DECQ(counter)
	JNZ(LabelRef(again))
	Label(done)
}

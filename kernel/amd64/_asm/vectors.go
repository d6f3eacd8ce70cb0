package main

import (
	"fmt"
	"strconv"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vectors is an instruction set, a type of numbers, and the sizes of blocks that the number of registers allows. It is
// for the kernels that treat as many voxels at once as a register has lanes. tables_amd64.go repeats the sizes.
type vectors struct {
	set
	element
	tile     int // edge of the squares of sums that the Cholesky factorisation keeps in registers
	panel    int // rows of a matrix that are multiplied together
	stripe   int // registers that hold a stripe, a part of the moments of a voxel
	together int // stripes that are updated together: all of those for lmax 8, where there are registers for them
	block    int // voxels whose signals are multiplied by a matrix together; lanes are unknowns there
}

var (
	doubleAVX512 = vectors{set: avx512, element: double, tile: 5, panel: 23, stripe: 7, together: 3, block: 8}
	doubleAVX2   = vectors{set: avx2, element: double, tile: 3, panel: 13, stripe: 14, together: 1, block: 4}
	singleAVX512 = vectors{set: avx512, element: single, tile: 5, panel: 23, stripe: 11, together: 1, block: 8}
	singleAVX2   = vectors{set: avx2, element: single, tile: 3, panel: 13, stripe: 11, together: 1, block: 4}
)

// lanes is the number of voxels side by side.
func (v vectors) lanes() int { return v.bytes / v.size }

// tileBytes is the size of one tile of the packed triangle.
func (v vectors) tileBytes() int { return v.tile * v.tile * v.bytes }

// function begins a function that there may be in both precisions. In the signature, number and sum stand for the
// element's types. In the comment, words in braces stand for sizes.
func (v vectors) function(name, signature string, doc ...string) {
	signature = strings.NewReplacer("*number", "*"+v.goType, "*sum", "*"+v.sumType).Replace(signature)
	sizes := strings.NewReplacer(
		"{lanes}", strconv.Itoa(v.lanes()), "{panel}", strconv.Itoa(v.panel), "{tile}", strconv.Itoa(v.tile),
		"{stripe}", strconv.Itoa(v.stripe*v.lanes()), "{block}", strconv.Itoa(v.block))
	v.set.function(name+v.infix, signature, sizes.Replace(strings.Join(doc, " ")))
}

// end returns from a function that used vectors. Without VZEROUPPER, SSE code after it would be slow.
func (v vectors) end() {
	VZEROUPPER()
	RET()
}

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

// broadcastPair loads two consecutive numbers at once, and puts each into all lanes of a register.
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

// fill puts one number, given by its bits, into all lanes.
func (v vectors) fill(r reg.VecPhysical, bits Constant) {
	value := GP64()
	MOVQ(bits, value)
	VMOVQ(value, r.AsX())
	v.broadcast(r.AsX(), r)
}

// load puts a parameter into a register of its own.
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

// repeat writes a loop that counts a register down to zero. The loop has no turns where the register is zero at first.
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

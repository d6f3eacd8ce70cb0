package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lanes writes the kernels of the tensor models for one instruction set and one precision. A number is eight lanes of
// float64, or sixteen of float32, one voxel in each. It is in one register, or in two (the halves), which are worked on
// one after the other. Memory therefore looks the same to all instruction sets and to the drivers in Go.
//
// In the calls of holds, which say what registers have, Y0 is written in place of #0 where only 256 bits are meant.
type lanes struct {
	set
	element
	half      int // byte offset of the half that is being written
	labels    int
	constants map[string]Mem
}

func newLanes(v vectors) *lanes {
	return &lanes{set: v.set, element: v.element, constants: map[string]Mem{}}
}

// whole says whether a number is one register.
func (a *lanes) whole() bool { return a.bytes == batchBytes }

// batchBytes is the number of bytes of all lanes of a number.
const batchBytes = 64

// function begins a function. Its name and parameters are those of double precision. {lanes} stands for the voxels.
func (a *lanes) function(name, signature string, doc ...string) {
	if a.isSingle() {
		name = strings.Replace(name, "tensor", "single", 1)
		signature = strings.ReplaceAll(structure.ReplaceAllString(signature, "${0}Single"), "*float64", "*float32")
	}
	a.set.function(name, signature, strings.ReplaceAll(strings.Join(doc, " "), "{lanes}", strconv.Itoa(batchBytes/a.size)))
	a.half = 0
}

// end returns. It first clears the upper halves of the registers, without which SSE code after it would be slow.
func (a *lanes) end() {
	VZEROUPPER()
	RET()
}

// halves writes the body once for each half, or only once where a number is one register.
func (a *lanes) halves(body func()) {
	for a.half = 0; a.half < batchBytes; a.half += a.bytes {
		body()
	}
	a.half = 0
}

// at is the place of the k-th number from a pointer on: of the lanes of this half.
func (a *lanes) at(pointer reg.Register, k int) Mem {
	return Mem{Base: pointer, Disp: k*batchBytes + a.half}
}

// field is the place of the k-th element from a pointer on. Elements are the same for all lanes.
func (a *lanes) field(pointer reg.Register, k int) Mem {
	return Mem{Base: pointer, Disp: a.size * k}
}

// skip moves a pointer on by a row of so many elements.
func (a *lanes) skip(pointer reg.Register, fields int) {
	if bytes := a.size * fields; bytes < 1<<8 {
		ADDQ(Imm(uint64(bytes)), pointer)
	} else {
		ADDQ(I32(int32(bytes)), pointer)
	}
}

// argument loads a parameter into a general register.
func argument(name string, into reg.Register) {
	Load(Param(name), into.(reg.GPPhysical))
}

// rows repeats the body for the measurements that CX counts. It uses up CX.
func (a *lanes) rows(body func()) { a.rowsAfter(func() {}, body) }

// shortRows is rows for a short body. Its loop begins at a line of the cache, so that it fits into one. A short loop
// that lies across two lines was slower by a fifth on Sapphire Rapids.
func (a *lanes) shortRows(body func()) {
	a.rowsAfter(func() { Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []Op{Imm(64)}}) }, body)
}

func (a *lanes) rowsAfter(align, body func()) {
	again, done := a.label("row"), a.label("done")
	TESTQ(reg.RCX, reg.RCX)
	JLE(LabelRef(done))
	align()
	Label(again)
	body()
	DECQ(reg.RCX)
	JNZ(LabelRef(again))
	Label(done)
}

func (a *lanes) label(name string) string {
	a.labels++
	return fmt.Sprintf("%s%d", name, a.labels)
}

// load and store move the lanes of one half of a number. zero clears a register.
func (a *lanes) load(from Mem, into reg.VecPhysical)  { VMOVUPD(from, into) }
func (a *lanes) store(from reg.VecPhysical, into Mem) { VMOVUPD(from, into) }
func (a *lanes) zero(r reg.VecPhysical)               { VXORPD(r, r, r) }

// addProduct adds x times the element at m to sum. Without evex it needs a spare register for copies of the element.
func (a *lanes) addProduct(m Mem, x, sum, spare reg.VecPhysical) {
	if a.evex {
		a.fmaNumber(m, x, sum)
		return
	}
	a.broadcast(m, spare)
	a.fma(spare, x, sum)
}

// number is a constant that is once in memory, for the instructions of evex, which copy it to all lanes. A constant
// that fills a register may lie across two lines of the cache, as the linker places it, and is then twice as slow to
// read.
func (a *lanes) number(v float64) Mem {
	name := fmt.Sprintf("tensor%snumber%016x", a.name, math.Float64bits(v))
	if a.isSingle() {
		name = fmt.Sprintf("single%snumber%08x", a.name, math.Float32bits(float32(v)))
	}
	m, ok := a.constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		if a.isSingle() {
			DATA(0, U32(math.Float32bits(float32(v))))
		} else {
			DATA(0, U64(math.Float64bits(v)))
		}
		a.constants[name] = m
	}
	return m
}

// constant is a number in memory that is there for every lane.
func (a *lanes) constant(v float64) Mem {
	if a.isSingle() {
		return a.pattern32(math.Float32bits(float32(v)))
	}
	return a.pattern(math.Float64bits(v))
}

// everywhere loads a number into all lanes.
func (a *lanes) everywhere(v float64, into reg.VecPhysical) {
	if a.evex {
		a.broadcast(a.number(v), into)
		return
	}
	a.load(a.constant(v), into)
}

// pattern32 is 32 bits in memory that are there for every lane.
func (a *lanes) pattern32(bits uint32) Mem {
	name := fmt.Sprintf("single%s%08x", a.name, bits)
	m, ok := a.constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for k := range a.bytes / 4 {
			DATA(4*k, U32(bits))
		}
		a.constants[name] = m
	}
	return m
}

// pattern is 64 bits in memory that are there for every lane.
func (a *lanes) pattern(bits uint64) Mem {
	name := fmt.Sprintf("tensor%s%016x", a.name, bits)
	m, ok := a.constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for k := range a.bytes / 8 {
			DATA(8*k, U64(bits))
		}
		a.constants[name] = m
	}
	return m
}

// table is several different numbers in memory, as many as fill one register or more.
func (a *lanes) table(name string, values []float64) Mem {
	name = "tensor" + a.name + name
	if a.isSingle() {
		name = "single" + a.name + name[len("tensor"+a.name):]
	}
	m, ok := a.constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for k, v := range values {
			if a.isSingle() {
				DATA(4*k, F32(v))
			} else {
				DATA(8*k, F64(v))
			}
		}
		a.constants[name] = m
	}
	return m
}

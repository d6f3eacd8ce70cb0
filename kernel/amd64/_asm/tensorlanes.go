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
// float64, or sixteen of float32, one voxel each: one register, or two (the halves) that are worked on one after the
// other. So memory looks the same to all instruction sets, and so do the drivers in Go.
//
// Registers are named by number: which holds what is said with each function, for 512 bits and for 256.
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

// batchBytes is the number of bytes of all lanes.
const batchBytes = 64

// function begins a function whose name and parameters are written for double precision.
func (a *lanes) function(name, signature string, doc ...string) {
	if a.isSingle() {
		name = strings.Replace(name, "tensor", "single", 1)
		signature = strings.ReplaceAll(structure.ReplaceAllString(signature, "${0}Single"), "*float64", "*float32")
	}
	a.set.function(name, signature, strings.ReplaceAll(strings.Join(doc, " "), "{lanes}", strconv.Itoa(batchBytes/a.size)))
	a.half = 0
}

// end clears the upper halves of the registers, without which SSE code is slow, and returns.
func (a *lanes) end() {
	VZEROUPPER()
	RET()
}

// halves writes the body once for each register's worth of the eight lanes.
func (a *lanes) halves(body func()) {
	for a.half = 0; a.half < batchBytes; a.half += a.bytes {
		body()
	}
	a.half = 0
}

// at is the k-th number from a pointer on: this half's lanes of it.
func (a *lanes) at(pointer reg.Register, k int) Mem {
	return Mem{Base: pointer, Disp: k*batchBytes + a.half}
}

// field is the k-th element, the same for all lanes, from a pointer on.
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

// rows repeats the body for each of the measurements counted by CX, which it uses up.
func (a *lanes) rows(body func()) { a.rowsAfter(func() {}, body) }

// shortRows is rows for a body so short that the loop fits into one line of the cache, from which it begins. A short loop
// that lies across two lines is slower, by a fifth on Sapphire Rapids.
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

// load, store and zero move one half's lanes of a number.
func (a *lanes) load(from Mem, into reg.VecPhysical)  { VMOVUPD(from, into) }
func (a *lanes) store(from reg.VecPhysical, into Mem) { VMOVUPD(from, into) }
func (a *lanes) zero(r reg.VecPhysical)               { VXORPD(r, r, r) }

// addProduct adds x times the element at m to sum. Without evex it needs a register for the broadcast.
func (a *lanes) addProduct(m Mem, x, sum, spare reg.VecPhysical) {
	if a.evex {
		a.fmaNumber(m, x, sum)
		return
	}
	a.broadcast(m, spare)
	a.fma(spare, x, sum)
}

// number is one number in memory, for the instructions with 512 bits that copy it to all lanes. What fills a register
// lies across two lines of the cache wherever the linker wants, and is then twice as slow to read.
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

// constant is a number in every lane, in memory.
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

// pattern32 is 32 bits in every lane, in memory.
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

// pattern is 64 bits in every lane, in memory.
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

// table is one register's worth after the other of different numbers in memory.
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

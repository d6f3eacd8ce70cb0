package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lanes writes the kernels of the tensor models for one width of vector register and one precision. A
// number is eight lanes of float64, or sixteen of float32, one voxel each: one 512-bit register, or two
// 256-bit registers that are worked on one after the other (the halves). So memory looks the same to both
// instruction sets, and so do the drivers in Go.
//
// Registers are named by number: which holds what is said with each function.
type lanes struct {
	suffix    string // of function names
	wide      bool   // 512 bits
	single    bool   // float32
	registers []reg.VecPhysical
	half      int // byte offset of the half that is being written
	labels    int
	constants map[string]Mem
}

func newLanes(wide, single bool) *lanes {
	a := &lanes{suffix: "AVX2", wide: wide, single: single, constants: map[string]Mem{}}
	if wide {
		a.suffix = "AVX512"
		a.registers = []reg.VecPhysical{
			reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
			reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
			reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
			reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
		}
	} else {
		a.registers = []reg.VecPhysical{
			reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
			reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
		}
	}
	return a
}

// size is the number of bytes of all lanes.
const size = 64

// element is the number of bytes of one lane.
func (a *lanes) element() int {
	if a.single {
		return 4
	}
	return 8
}

// function begins a function whose arguments are the given Go parameters, written for double precision.
func (a *lanes) function(name, signature, doc string) {
	if a.single {
		name = strings.Replace(name, "tensor", "single", 1)
		signature = strings.ReplaceAll(signature, "float64", "float32")
	}
	TEXT(name+a.suffix, NOSPLIT, "func("+signature+")")
	Doc(name + a.suffix + " " + doc)
	a.half = 0
}

// end clears the upper halves of the registers, without which SSE code is slow, and returns.
func (a *lanes) end() {
	VZEROUPPER()
	RET()
}

// halves writes the body once for each register's worth of the eight lanes.
func (a *lanes) halves(body func()) {
	for a.half = 0; a.half < size; a.half += a.bytes() {
		body()
	}
	a.half = 0
}

func (a *lanes) bytes() int {
	if a.wide {
		return 64
	}
	return 32
}

// at is the k-th number from a pointer on: this half's lanes of it.
func (a *lanes) at(pointer reg.Register, k int) Mem {
	return Mem{Base: pointer, Disp: k*size + a.half}
}

// field is the k-th element, the same for all lanes, from a pointer on.
func (a *lanes) field(pointer reg.Register, k int) Mem {
	return Mem{Base: pointer, Disp: a.element() * k}
}

// skip moves a pointer on by a row of so many elements.
func (a *lanes) skip(pointer reg.Register, fields int) {
	if bytes := a.element() * fields; bytes < 1<<8 {
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
func (a *lanes) rows(body func()) {
	again, done := a.label("row"), a.label("done")
	TESTQ(reg.RCX, reg.RCX)
	JLE(LabelRef(done))
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

// load, store, zero and broadcast move one half's lanes of a number.
func (a *lanes) load(from Mem, into reg.VecPhysical)  { VMOVUPD(from, into) }
func (a *lanes) store(from reg.VecPhysical, into Mem) { VMOVUPD(from, into) }
func (a *lanes) zero(r reg.VecPhysical)               { VXORPD(r, r, r) }

func (a *lanes) broadcast(m Mem, r reg.VecPhysical) {
	if a.single {
		VBROADCASTSS(m, r)
		return
	}
	VBROADCASTSD(m, r)
}

// addProduct adds x times the element at m to sum. 256-bit code needs a register for the broadcast.
func (a *lanes) addProduct(m Mem, x, sum, spare reg.VecPhysical) {
	if a.wide {
		a.fmadd231Broadcast(m, x, sum)
		return
	}
	a.broadcast(m, spare)
	a.fmadd231(spare, x, sum)
}

// number is one number in memory, for the instructions with 512 bits that copy it to all lanes. What fills a register
// lies across two lines of the cache wherever the linker wants, and is then twice as slow to read.
func (a *lanes) number(v float64) Mem {
	name := fmt.Sprintf("tensor%snumber%016x", a.suffix, math.Float64bits(v))
	if a.single {
		name = fmt.Sprintf("single%snumber%08x", a.suffix, math.Float32bits(float32(v)))
	}
	m, ok := a.constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		if a.single {
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
	if a.single {
		return a.pattern32(math.Float32bits(float32(v)))
	}
	return a.pattern(math.Float64bits(v))
}

// everywhere loads a number into all lanes.
func (a *lanes) everywhere(v float64, into reg.VecPhysical) {
	if a.wide {
		a.broadcast(a.number(v), into)
		return
	}
	a.load(a.constant(v), into)
}

// pattern32 is 32 bits in every lane, in memory.
func (a *lanes) pattern32(bits uint32) Mem {
	name := fmt.Sprintf("single%s%08x", a.suffix, bits)
	m, ok := a.constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for k := range a.bytes() / 4 {
			DATA(4*k, U32(bits))
		}
		a.constants[name] = m
	}
	return m
}

// pattern is 64 bits in every lane, in memory.
func (a *lanes) pattern(bits uint64) Mem {
	name := fmt.Sprintf("tensor%s%016x", a.suffix, bits)
	m, ok := a.constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for k := range a.bytes() / 8 {
			DATA(8*k, U64(bits))
		}
		a.constants[name] = m
	}
	return m
}

// table is one register's worth after the other of different numbers in memory.
func (a *lanes) table(name string, values []float64) Mem {
	name = "tensor" + a.suffix + name
	if a.single {
		name = "single" + a.suffix + name[len("tensor"+a.suffix):]
	}
	m, ok := a.constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for k, v := range values {
			if a.single {
				DATA(4*k, F32(v))
			} else {
				DATA(8*k, F64(v))
			}
		}
		a.constants[name] = m
	}
	return m
}

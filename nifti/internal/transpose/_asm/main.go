// Command _asm writes the vectors of package transpose: `go generate ./nifti/...` runs it.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	sliceBytes = 24 // the size of a slice, whose pointer comes first
	square     = 8  // how many planes, and elements of 32 bits of each, are transposed together
)

func main() {
	ConstraintExpr("!purego")
	numbers{name: "int8", perElement: 4, down: VPSRAD}.write()
	numbers{name: "uint8", perElement: 4, down: VPSRLD}.write()
	numbers{name: "int16", perElement: 2, down: VPSRAD}.write()
	numbers{name: "uint16", perElement: 2, down: VPSRLD}.write()
	numbers{name: "float32", perElement: 1}.write()
	planes()
	Generate()
}

// numbers is the type of the numbers in planes.
type numbers struct {
	name       string
	perElement int // numbers in an element of 32 bits: four of 8 bits, two of 16, or one
	// down is the instruction that shifts a number to the bottom of its element, with its sign if it has one.
	down func(...Op)
}

func (t numbers) write() {
	name := t.name + "Rows"
	TEXT(name, NOSPLIT, fmt.Sprintf("func(dst *float32, length int, planes *[16][]%s, n int)", t.name))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s writes dst[v*length+p] = float32(planes[p][v]) for 16 planes p and n voxels v, a multiple of %d that is not 0.",
		name, square*t.perElement))
	row := Load(Param("dst"), GP64())
	stride := Load(Param("length"), GP64())
	planes := Load(Param("planes"), GP64())
	left := Load(Param("n"), GP64())
	Comment("row: where the row of the first voxel of this round begins. stride: bytes of a row.",
		"at: bytes of each plane that are done. left: voxels that are not.")
	SHLQ(Imm(2), stride)
	at := GP64()
	XORQ(at, at)
	Label(name + "Round")
	to := GP64()
	for half := 0; half < 2*square; half += square {
		Comment(fmt.Sprintf("Planes %d to %d. to: where the next eight numbers go.", half, half+square-1))
		transpose(func(p, element int) Mem {
			return Mem{Base: plane(planes, half+p), Index: at, Scale: 1, Disp: 4 * element}
		})
		LEAQ(Mem{Base: row, Disp: 4 * half}, to)
		for _, element := range register[:square] {
			t.store(element, to, stride)
		}
	}
	LEAQ(Mem{Base: to, Disp: -4 * square}, row)
	ADDQ(Imm(4*square), at)
	SUBQ(Imm(uint64(square*t.perElement)), left)
	JNZ(LabelRef(name + "Round"))
	VZEROUPPER()
	RET()
}

// register has all vector registers of AVX2.
var register = [16]VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

// plane loads the address of a plane.
func plane(planes Register, p int) Register {
	pointer := GP64()
	MOVQ(Mem{Base: planes, Disp: sliceBytes * p}, pointer)
	return pointer
}

// planes writes the function for the opposite direction, for single precision.
func planes() {
	const name = "float32Planes"
	TEXT(name, NOSPLIT, "func(planes *[16][]float32, rows *float32, length int, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s writes planes[p][v] = rows[v*length+p] for 16 planes p and n voxels v, a multiple of %d that is not 0.", name, square))
	planes := Load(Param("planes"), GP64())
	row := Load(Param("rows"), GP64())
	stride := Load(Param("length"), GP64())
	left := Load(Param("n"), GP64())
	Comment("row: where the row of the first voxel of this round begins, and middle that of the fifth. stride: bytes of a row; thrice: of three.",
		"at: bytes of each plane that are done. left: voxels that are not.")
	SHLQ(Imm(2), stride)
	thrice, at, middle := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, thrice)
	XORQ(at, at)
	Label(name + "Round")
	LEAQ(Mem{Base: row, Index: stride, Scale: 4}, middle)
	for half := 0; half < 2*square; half += square {
		Comment(fmt.Sprintf("Planes %d to %d:", half, half+square-1))
		transpose(func(v, element int) Mem {
			from := Mem{Base: row, Disp: 4 * (half + element)}
			if v >= 4 {
				from.Base = middle
			}
			switch v % 4 {
			case 1:
				from.Index, from.Scale = stride, 1
			case 2:
				from.Index, from.Scale = stride, 2
			case 3:
				from.Index, from.Scale = thrice, 1
			}
			return from
		})
		for e, element := range register[:square] {
			VMOVUPS(element, Mem{Base: plane(planes, half+e), Index: at, Scale: 1})
		}
	}
	LEAQ(Mem{Base: middle, Index: stride, Scale: 4}, row)
	ADDQ(Imm(4*square), at)
	SUBQ(Imm(square), left)
	JNZ(LabelRef(name + "Round"))
	VZEROUPPER()
	RET()
}

// transpose loads eight elements of 32 bits from each of eight places. from(p, e) is the address of elements e to e + 3
// of place p. Register e then has element e of all places. The other eight registers are free again.
func transpose(from func(p, element int) Mem) {
	for quarter := 0; quarter < square; quarter += 4 {
		elements, side, pairs := register[quarter:][:4], register[8:12], register[12:16]
		Comment(fmt.Sprintf("Y8 to Y11: elements %d to %d of places p and p + 4 side by side, for p = 0 to 3.", quarter, quarter+3))
		for p, y := range side {
			VMOVDQU(from(p, quarter), y.AsX())
			VINSERTI128(Imm(1), from(p+4, quarter), y, y)
		}
		Comment("Y12 and Y13: elements of places p = 0 and 1 in turn, the first two and the last two. Y14 and Y15: those of 2 and 3.")
		for i := range 2 {
			VPUNPCKLDQ(side[2*i+1], side[2*i], pairs[2*i])
			VPUNPCKHDQ(side[2*i+1], side[2*i], pairs[2*i+1])
		}
		for i := range 2 {
			VPUNPCKLQDQ(pairs[i+2], pairs[i], elements[2*i])
			VPUNPCKHQDQ(pairs[i+2], pairs[i], elements[2*i+1])
		}
	}
}

// store writes an element of eight planes to the rows of its voxels, and moves on to the row behind them. If an element
// has several numbers, the lowest is the first. A number is shifted to the top of the element and then, with its sign,
// to the bottom.
func (t numbers) store(element VecPhysical, to, stride Register) {
	bits := 32 / t.perElement
	for i := range t.perElement {
		value := element
		if last := i == t.perElement-1; !last {
			value = register[square]
			VPSLLD(Imm(uint64(32-bits*(i+1))), element, value)
		}
		if t.perElement > 1 {
			t.down(Imm(uint64(32-bits)), value, value)
			VCVTDQ2PS(value, value)
		}
		VMOVUPS(value, Mem{Base: to})
		ADDQ(stride, to)
	}
}

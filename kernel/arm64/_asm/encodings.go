package main

import (
	"fmt"
	"strings"
)

// Go's assembler for arm64 knows the vector instructions for integers, whole registers and memory. Of those for
// floating point it knows only VFMLA and VFMLS of whole vectors. The others are written as words, as the Arm
// Architecture Reference Manual gives them (DDI 0487, chapter C7.2). This is the one table of them. The numbers of
// registers are zero in its words.
//
// In syntax, d, n and m are the numbers of registers, and i is the index of an element. The rest is what the manual and
// objdump write. The tests of package arm64 compare each word of the generated files with what objdump makes of it.
// Those of package words test what each instruction does.
type encoding struct {
	name   string
	word   uint32
	syntax string
}

var encodings = []encoding{
	{"fadd2d", 0x4e60d400, "fadd vd.2d, vn.2d, vm.2d"},
	{"fsub2d", 0x4ee0d400, "fsub vd.2d, vn.2d, vm.2d"},
	{"fmul2d", 0x6e60dc00, "fmul vd.2d, vn.2d, vm.2d"},
	{"fdiv2d", 0x6e60fc00, "fdiv vd.2d, vn.2d, vm.2d"},
	{"fmax2d", 0x4e60f400, "fmax vd.2d, vn.2d, vm.2d"},
	{"fmin2d", 0x4ee0f400, "fmin vd.2d, vn.2d, vm.2d"},
	{"fmaxnm2d", 0x4e60c400, "fmaxnm vd.2d, vn.2d, vm.2d"},
	{"fminnm2d", 0x4ee0c400, "fminnm vd.2d, vn.2d, vm.2d"},
	{"fcmeq2d", 0x4e60e400, "fcmeq vd.2d, vn.2d, vm.2d"},
	{"fcmge2d", 0x6e60e400, "fcmge vd.2d, vn.2d, vm.2d"},
	{"fcmgt2d", 0x6ee0e400, "fcmgt vd.2d, vn.2d, vm.2d"},
	{"cmgt2d", 0x4ee03400, "cmgt vd.2d, vn.2d, vm.2d"},
	{"fabs2d", 0x4ee0f800, "fabs vd.2d, vn.2d"},
	{"sshr52", 0x4f4c0400, "sshr vd.2d, vn.2d, #52"},
	{"scvtf2d", 0x4e61d800, "scvtf vd.2d, vn.2d"},
	{"fneg2d", 0x6ee0f800, "fneg vd.2d, vn.2d"},
	{"fsqrt2d", 0x6ee1f800, "fsqrt vd.2d, vn.2d"},
	{"faddp2d", 0x7e70d800, "faddp dd, vn.2d"},
	{"fmaxp2d", 0x7e70f800, "fmaxp dd, vn.2d"},
	{"fmul2dElement", 0x4fc09000, "fmul vd.2d, vn.2d, vm.d[i]"},
	{"fmla2dElement", 0x4fc01000, "fmla vd.2d, vn.2d, vm.d[i]"},
	{"fmls2dElement", 0x4fc05000, "fmls vd.2d, vn.2d, vm.d[i]"},

	{"fadd4s", 0x4e20d400, "fadd vd.4s, vn.4s, vm.4s"},
	{"fsub4s", 0x4ea0d400, "fsub vd.4s, vn.4s, vm.4s"},
	{"fmul4s", 0x6e20dc00, "fmul vd.4s, vn.4s, vm.4s"},
	{"fdiv4s", 0x6e20fc00, "fdiv vd.4s, vn.4s, vm.4s"},
	{"fmax4s", 0x4e20f400, "fmax vd.4s, vn.4s, vm.4s"},
	{"fmin4s", 0x4ea0f400, "fmin vd.4s, vn.4s, vm.4s"},
	{"fmaxnm4s", 0x4e20c400, "fmaxnm vd.4s, vn.4s, vm.4s"},
	{"fminnm4s", 0x4ea0c400, "fminnm vd.4s, vn.4s, vm.4s"},
	{"fcmeq4s", 0x4e20e400, "fcmeq vd.4s, vn.4s, vm.4s"},
	{"fcmge4s", 0x6e20e400, "fcmge vd.4s, vn.4s, vm.4s"},
	{"fcmgt4s", 0x6ea0e400, "fcmgt vd.4s, vn.4s, vm.4s"},
	{"cmgt4s", 0x4ea03400, "cmgt vd.4s, vn.4s, vm.4s"},
	{"fabs4s", 0x4ea0f800, "fabs vd.4s, vn.4s"},
	{"sshr23", 0x4f290400, "sshr vd.4s, vn.4s, #23"},
	{"scvtf4s", 0x4e21d800, "scvtf vd.4s, vn.4s"},
	{"frintn4s", 0x4e218800, "frintn vd.4s, vn.4s"},
	{"fmul4sElement", 0x4f809000, "fmul vd.4s, vn.4s, vm.s[i]"},
	{"fmla4sElement", 0x4f801000, "fmla vd.4s, vn.4s, vm.s[i]"},
	{"fmls4sElement", 0x4f805000, "fmls vd.4s, vn.4s, vm.s[i]"},
	{"fmaxv4s", 0x6e30f800, "fmaxv sd, vn.4s"},

	{"fcvtl", 0x0e617800, "fcvtl vd.2d, vn.2s"},
	{"fcvtl2", 0x4e617800, "fcvtl2 vd.2d, vn.4s"},
	{"fcvtn", 0x0e616800, "fcvtn vd.2s, vn.2d"},
	{"fcvtn2", 0x4e616800, "fcvtn2 vd.4s, vn.2d"},
	{"umaxv4s", 0x6eb0a800, "umaxv sd, vn.4s"},
	{"uminv4s", 0x6eb1a800, "uminv sd, vn.4s"},
	{"fsqrt4s", 0x6ea1f800, "fsqrt vd.4s, vn.4s"},
	{"fabd4s", 0x6ea0d400, "fabd vd.4s, vn.4s, vm.4s"},
}

// find returns the encoding of a name.
func find(name string) encoding {
	for _, e := range encodings {
		if e.name == name {
			return e
		}
	}
	panic("no encoding of " + name)
}

// with fills in the numbers of registers and the index of an element, and returns the word and the instruction.
func (e encoding) with(d, n, m vec, index int) (word uint32, instruction string) {
	word = e.word | uint32(n)<<5 | uint32(d)
	if strings.Contains(e.syntax, "vm") {
		word |= uint32(m) << 16
	}
	switch {
	case strings.Contains(e.syntax, "d[i]"):
		word |= uint32(index) << 11 // H
	case strings.Contains(e.syntax, "s[i]"):
		word |= uint32(index>>1)<<11 | uint32(index&1)<<21 // H, L
	}
	number := func(r vec) string { return fmt.Sprint(int(r)) }
	operation, operands, _ := strings.Cut(e.syntax, " ")
	operands = strings.NewReplacer(
		"vd", "v"+number(d), "dd", "d"+number(d), "sd", "s"+number(d),
		"vn", "v"+number(n), "vm", "v"+number(m), "[i]", fmt.Sprintf("[%d]", index),
	).Replace(operands)
	return word, operation + " " + operands
}

// last returns the index of the last element that an operand has.
func (e encoding) last() int {
	switch {
	case strings.Contains(e.syntax, "d[i]"):
		return 1
	case strings.Contains(e.syntax, "s[i]"):
		return 3
	}
	return 0
}

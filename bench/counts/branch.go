//go:build linux

package main

import "encoding/binary"

// A branch describes an amd64 instruction after which something else than the next instruction may follow.
type branch struct {
	kind      branchKind
	condition byte  // of a conditional jump: the low four bits of its opcode
	length    int   // of the instruction; 0 for an indirect branch
	offset    int64 // of the target, from the end of the instruction
}

type branchKind uint8

const (
	noBranch branchKind = iota
	jumpIf
	jump
	call
	ret
	indirect // a call or jump to an address in a register or in memory, or a rare kind of branch
)

// findBranch decodes the instruction at the beginning of code. It returns noBranch for all that are not branches.
func findBranch(code []byte) branch {
	i := 0
	for i < len(code)-8 && (code[i] >= 0x40 && code[i] <= 0x4f || code[i] == 0xf2 || code[i] == 0xf3 || code[i] == 0x2e || code[i] == 0x3e) {
		i++ // prefixes
	}
	short := func(kind branchKind) branch { return branch{kind, code[i] & 15, i + 2, int64(int8(code[i+1]))} }
	long := func(kind branchKind, opcode int) branch {
		return branch{kind, code[i+opcode-1] & 15, i + opcode + 4, int64(int32(binary.LittleEndian.Uint32(code[i+opcode:])))}
	}
	switch op := code[i]; {
	case op >= 0x70 && op <= 0x7f:
		return short(jumpIf)
	case op == 0x0f && code[i+1] >= 0x80 && code[i+1] <= 0x8f:
		return long(jumpIf, 2)
	case op == 0xeb:
		return short(jump)
	case op == 0xe9:
		return long(jump, 1)
	case op == 0xe8:
		return long(call, 1)
	case op == 0xc3:
		return branch{kind: ret, length: i + 1}
	case op == 0xc2, op >= 0xe0 && op <= 0xe3, op == 0xff && (code[i+1]>>3&7 == 2 || code[i+1]>>3&7 == 4):
		return branch{kind: indirect}
	}
	return branch{}
}

// taken reports whether a conditional jump is taken with these flags.
func (b branch) taken(flags uint64) bool {
	bit := func(n int) bool { return flags>>n&1 == 1 }
	carry, parity, zero, sign, overflow := bit(0), bit(2), bit(6), bit(7), bit(11)
	var met bool
	switch b.condition >> 1 {
	case 0:
		met = overflow
	case 1:
		met = carry
	case 2:
		met = zero
	case 3:
		met = carry || zero
	case 4:
		met = sign
	case 5:
		met = parity
	case 6:
		met = sign != overflow
	case 7:
		met = zero || sign != overflow
	}
	return met != (b.condition&1 == 1)
}

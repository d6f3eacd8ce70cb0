//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The registers of the inner loop. The format of entries is in entry.go, the state in loop_assembly.go.
#define fields    R0  // the address of the state
#define in        R1  // the address of the next byte of the input
#define inEnd     R2  // the address behind which no round begins
#define buffer    R3  // bits of the input, the next one lowest
#define bits      R4  // the number of valid bits in buffer
#define out       R5  // the address for the next symbol
#define limit     R6  // the address from which on no round begins
#define first     R7  // the address of the first byte that a match can reach
#define litlens   R8  // the address of the table of literals and lengths
#define distances R9  // the address of the table of distances
#define patterns  R10 // the address of the orders of bytes that repeat distances below 16
#define ones      R11 // -1: shifted left by n it is a mask that clears the lowest n bits

#define e        R12 // the entry of a round's first lookup
#define far      R13 // the table of the second lookup: distances if e has a length, else litlens
#define second   R14 // the entry of the second lookup
#define index    R15 // the index of an entry in a table
#define length   R16 // the length of a match, less 3 until the second lookup
#define distance R17

#define a     R19 // a temporary
#define mask  R20
#define from  R21
#define to    R22
#define end   R23
#define step  R24
#define spare R25 // in decodeSymbols: the address of unused memory for literals

// REFILL makes the bits at least 56. Of the next 8 bytes of the input it takes the whole bytes that fit above the bits.
//
//	buffer |= next 8 bytes << bits    in += 7 - bits/8    bits |= 56
#define REFILL \
	MOVD (in), a; \
	ADD  $7, in; \
	LSL  bits, a; \
	ORR  a, buffer; \
	SUB  bits>>3, in; \
	ORR  $56, bits

// LOW gives the n lowest bits of the buffer. n is the lowest 6 bits of a register, because shifts ignore the others.
#define LOW(n, result) \
	LSL n, ones, mask; \
	BIC mask, buffer, result

// SUBTABLE takes the bits of a table's index, and gives the index of the entry in the subtable for the next bits. Bytes
// 2-3 of the first entry say where the subtable begins, and byte 4 has the number of its index bits.
#define SUBTABLE(taken, entry) \
	LSR  $taken, buffer; \
	SUB  $taken, bits; \
	LSR  $const_lengthShift, entry, a; \
	LOW(a, index); \
	UBFX $const_valueShift, entry, $16, a; \
	ADD  a, index

// LITERALS turns the two literals of an entry into two symbols of 16 bits.
#define LITERALS(entry, result) \
	UBFX $const_valueShift, entry, $8, result; \
	UBFX $(const_valueShift+8), entry, $8, a; \
	ORR  a<<16, result

// func decodeBytes(state *uint64)
TEXT ·decodeBytes(SB), NOSPLIT, $0-8
	MOVD state+0(FP), R0
#include "loop_arm64.h"

// func decodeFirstBytes(state *uint64)
TEXT ·decodeFirstBytes(SB), NOSPLIT, $0-8
	MOVD state+0(FP), R0
#define CHECKED
#include "loop_arm64.h"
#undef CHECKED

// func decodeSymbols(state *uint64)
TEXT ·decodeSymbols(SB), NOSPLIT, $0-8
	MOVD state+0(FP), R0
#define WIDE
#include "loop_arm64.h"

// MEAN replaces the four symbols in a register by the four bytes that they stand for.
#define MEAN(four) \
	AND   $0xffff, four, R6; \
	UBFX  $16, four, $16, R7; \
	UBFX  $32, four, $16, R8; \
	LSR   $48, four, R9; \
	MOVBU (R2)(R6), R6; \
	MOVBU (R2)(R7), R7; \
	MOVBU (R2)(R8), R8; \
	MOVBU (R2)(R9), R9; \
	ORR   R7<<8, R6, R6; \
	ORR   R9<<8, R8, R8; \
	ORR   R8<<16, R6, four

// MEAN8 writes the bytes of the next eight symbols.
#define MEAN8 \
	LDP.P  16(R1), (R4, R5); \
	MEAN(R4); \
	MEAN(R5); \
	STPW.P (R4, R5), 8(R0)

// func replaceWords(dst *byte, symbols *uint16, meaning *byte, n int)
//
//	R0 dst   R1 symbols   R2 meaning   R3 how many symbols are left   V0-V3 32 symbols
TEXT ·replaceWords(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD symbols+8(FP), R1
	MOVD meaning+16(FP), R2
	MOVD n+24(FP), R3
	CBZ  R3, done

words:
	FLDPQ (R1), (F0, F1)
	FLDPQ 32(R1), (F2, F3)

	// Only markers have bits in their upper bytes.
	VORR  V0.B16, V1.B16, V4.B16
	VORR  V2.B16, V3.B16, V5.B16
	VORR  V4.B16, V5.B16, V4.B16
	VUZP2 V4.B16, V4.B16, V4.B16
	VMOV  V4.D[0], R4
	CBNZ  R4, markers

	// Without markers the lower bytes are the meanings.
	VUZP1   V1.B16, V0.B16, V0.B16
	VUZP1   V3.B16, V2.B16, V1.B16
	FSTPQ.P (F0, F1), 32(R0)
	ADD     $64, R1
	SUB     $32, R3
	CBNZ    R3, words
	RET

markers:
	MEAN8
	MEAN8
	MEAN8
	MEAN8
	SUB  $32, R3
	CBNZ R3, words

done:
	RET

// Package arm64 holds the NEON kernels. Sets lists the one instruction set as tables of functions, and
// kernel/internal/sets chooses it. Names lists its name.
//
// # Lane = voxel
//
// Everything is as in package amd64: the steps, the names of functions, and the layouts of memory, which are those of
// its AVX2 kernels. What is one register of 256 bits there is a pair of registers of 128 bits here. One instruction
// loads or stores a pair. The lanes of a pair and the voxels of a batch are
//
//	spherical deconvolution, qp, peaks   4 voxels; 8 in single precision
//	tensor, free water                   8 voxels, in two pairs; 16 in single precision
//	nnls                                 4 numbers of one voxel; 8 in single precision
//
// A product takes one of its factors from an element of a register. On amd64 this number is first copied to all lanes.
//
// Four voxels in single precision are half a pair. A product of them is one instruction, and in double precision it is
// two. Therefore this set has CSD.BelowRounded, which the AVX2 set lacks: for lmax 8 it takes 13,342 instructions, and
// Below takes 21,991.
//
// Every processor on which Go's arm64 runs has these instructions (Armv8.0), so that there is nothing to detect.
//
// # Where the assembly comes from
//
// The .s files, and the declarations of their functions, are written by the Go program in _asm, a module of its own:
//
//	go generate ./kernel/arm64
//
// Go's assembler lacks most vector instructions for floating point. They are written as words, from one table in
// _asm/encodings.go. Beside each word stands the instruction, in the syntax of Arm's manual. One test compares all
// words with what objdump makes of them. Another, in package words, calls each of them by itself. CI generates the
// files again and fails where they differ.
package arm64

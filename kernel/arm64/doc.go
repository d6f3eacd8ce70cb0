// Package arm64 holds the NEON kernels. Sets lists their tables, which kernel/internal/sets picks; tables_arm64.go has
// them. Names lists what the set is called.
//
// # Lane = voxel
//
// All is as in package amd64, whose layouts of memory are those of its AVX2 kernels: what is one register of 256
// bits there is a pair of registers of 128 bits here, loaded and stored by one instruction. A batch is four voxels
// of spherical deconvolution, eight of that in single precision and of the tensor models, sixteen of these in single
// precision. Products take one factor from an element of a register where amd64 copies a number to all lanes first.
//
// Numbers of single precision for four voxels are half a pair, and a product of them is one instruction instead of two.
// So CSD.BelowRounded, which the AVX2 set lacks, pays here: for lmax 8 it takes 13,342 instructions, Below 21,991.
//
// Every processor that runs Go's arm64 has these instructions (Armv8.0): there is nothing to detect.
//
// # Where the assembly comes from
//
// The .s files and the declarations are written by the Go program in _asm (a module of its own):
//
//	go generate ./kernel/arm64
//
// Go's assembler lacks most vector instructions for floating point. They are written as words, from one table
// in _asm/encodings.go, each with the instruction in the manual's syntax beside it; a test compares all words with
// what objdump makes of them, and package words calls each of them by itself. CI generates the files anew and
// fails when they differ.
package arm64

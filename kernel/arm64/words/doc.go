// Package words has one function for each vector instruction that package arm64 writes as a word. Its test compares
// what each instruction does with the same in Go. Nothing else uses this package.
package words

// An Instruction is a function that executes one vector instruction.
type Instruction struct {
	// Text is the instruction as Arm's manual and objdump write it, such as "fadd v5.2d, v17.2d, v30.2d".
	Text string
	// Run puts 16 bytes each of d, n and m into V5, V17 and V30, executes the instruction, and writes V5 to d.
	Run func(d, n, m *[16]byte)
}

// Package words has one function for each instruction that package arm64 writes as a word, so that its test can
// compare what each does with Go's arithmetic. Nothing else uses it.
package words

// An Instruction is a function that executes one instruction.
type Instruction struct {
	Text string // in the manual's syntax
	Run  func(d, n, m *[16]byte)
}

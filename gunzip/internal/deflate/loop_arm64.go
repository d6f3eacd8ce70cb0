//go:build !purego

package deflate

// Every processor that runs Go's arm64 has the instructions of the assembly (Armv8.0): there is nothing to detect.
const haveAssembly = true

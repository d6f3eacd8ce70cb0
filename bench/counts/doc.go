// Command counts counts the instructions that the kernels execute, and fails if there are more than before. It uses
// no clock, so a busy machine, or a machine of another kind, gives the same numbers.
//
//	make counts       counts, and compares with the tables that are kept beside this file
//	make counts-keep  counts, and writes these tables
//	go run ./bench/counts --only avx2,neon
//	go run ./bench/counts --ratios   NEON beside AVX2, from the kept tables; nothing is counted
//	go run ./bench/counts --inflate dwi.nii.gz   decompression of a file, NEON beside the portable code; not kept
//
// # What is counted
//
// There is a table for each instruction set, and one for the portable code: NAME.csv, with a line for each piece of work.
//
//	csd/Factorise   the first call of a step in the benchmarks whose names end in Steps (kernel/internal/kerneltest)
//	fit/csdm        Worker.Fit of a few voxels of the phantom: 96 volumes, lmax 6 and 91 fascicles, so that setting a
//	                model up under an emulator takes no longer than its fit
//
// A line has the number of instructions in assembly (kernels) and that in Go code (go). Instructions of Go's runtime
// are left out, because their number changes from run to run. Everything else on the thread that fits is counted,
// package math too. Counts repeat to the last instruction: the collector is off, no goroutine is interrupted by a
// signal, and where a function starts a second time, because its stack grew or the scheduler interrupted it, the
// instructions of the first start are subtracted.
//
// # How
//
// The sets of amd64 and the portable code are counted on the processor, by ptrace. Code that runs for the first time
// is executed in single steps. After that, only branches have breakpoints. NEON is counted under qemu-user, from its
// log of the blocks that it executes. (qemu-user is not used for AVX2: its log holds more instructions than some of
// the steps have.) A set that cannot be counted here is not a failure: a line names it, and says how its kept table
// was counted.
//
// # What fails
//
// Three things are failures: a number that is more than 0.5% above the kept table's, a step or fit that only one of
// the two has, and a kernel that no benchmark calls. Each has one line, with the set, the step, and the numbers
// before and now. A number that has fallen has a line too. It should be kept (make counts-keep), because otherwise
// it could rise again without a failure. Several small rises are noticed when their sum is too large, because each
// is compared with the same kept table. The number of instructions in Go code depends on the compiler. It is
// compared only if both tables come from one version of Go. Otherwise a line says that it is not comparable.
//
// A new step needs a benchmark whose name ends in Steps, and `make counts-keep`.
package main

// Regress says whether the kernels have become slower. It is what make bench runs:
//
//	make bench BASE=main                        # all steps and whole fits, five minutes at most
//	make bench BASE=HEAD~3 STEP=csd/Factorise   # one step, or several with commas, or all that begin with csd
//	make bench SET=avx2 BUDGET=20m
//
// It builds the benchmark programs of the working tree and of the base commit (in a temporary git worktree, which is removed
// when the program ends, by Ctrl-C too) and runs them in alternation, pinned to one CPU. Without BASE the base is HEAD where
// files have changed since, and else the commit before it. The base is measured by its own benchmarks; what it has none of
// is named, and not compared.
//
// # Steps
//
// A step is a sub-benchmark of kernel/internal/kerneltest (csd/Factorise, csd/single/Factorise, tensor/Model, ...) or the whole
// fit of a model (fit/csdm, ... of BenchmarkBlock in package fit), on one instruction set. A new benchmark there is a new
// step by itself. An unknown STEP is an error that lists them all.
//
// # Rounds
//
// The speed of a machine changes by a third within seconds where another guest shares the core, or where the clock follows the
// load. So the two programs of a round measure in turn (package turn): base, tree, tree, base, ..., 3 ms each. In each round a
// step is measured 3 to 20 times in both, and the round gives the median ratio of times that were taken one right after the
// other. At most 20 steps share a round. Benchmarks of commits from before there were turns run one program after the other, and the
// round gives the ratio of the shortest times; that takes far more rounds.
//
// Each round starts both programs anew, so that what its place in memory costs a program differs from round to round, and does
// not become a property of the code. Rounds in which other programs had more than a twentieth of the CPU (package calm, as
// kbench compare tells) are thrown away, and counted.
// Rounds go on for those steps that are undecided.
//
// Of packages that give the same program in both trees, bit for bit, nothing is measured, unless STEP asks for it. Programs
// are built so that paths and the state of git leave no trace in them.
//
// # The rule
//
// Each round gives a ratio, the tree's time over the base's. The median of these ratios and its interval decide (sequence,
// medianInterval):
//
//	slower      all of the interval is above 1.01, and of one that allows for the number of steps, above 1
//	faster      the same downwards
//	the same    all of the interval is within 1% of 1
//	undecided   none of these, when the budget is spent
//
// The margin of 1% is there because two builds of the same step differ by some tenths of a per cent where other code of the
// program has moved them to other addresses. Looking again and again, and stopping when it suits, makes false alarms; so
// each look has a share of an error of 1%, and all looks together have that 1%. The tests put the rule to simulated
// and to recorded times.
//
// # Exit codes
//
//	0     every step is the same or faster
//	1     some step is slower
//	2     nothing was compared: the one line of the message says why
//	3     no step is slower, but some are undecided
//	130   interrupted
//
// Make itself exits with 2 for each of them but 0, and prints the code ("Error 1").
//
// # The history
//
// With -record (make bench-record) the commit that is checked out is measured alone, each step in 15 undisturbed runs, and
// appended to bench/history, to the file of this machine's processor: vendor, family, model and stepping. kbench report draws
// such files (make bench-history).
package main

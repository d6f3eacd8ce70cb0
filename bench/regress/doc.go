// Regress says whether the kernels have become slower. make bench runs it:
//
//	make bench BASE=main                        # all steps and whole fits, five minutes at most
//	make bench BASE=HEAD~3 STEP=csd/Factorise   # one step, or several with commas, or all that begin with csd
//	make bench SET=avx2 BUDGET=20m
//
// It builds the benchmark programs of the working tree and of the base commit (in a temporary git worktree, which is
// removed when the program ends, by Ctrl-C too) and runs them in alternation, pinned to one CPU. Without BASE the base
// is HEAD if files have changed since, and otherwise the commit before HEAD. The base is measured by its own
// benchmarks. A step for which it has no benchmark is named, and not compared.
//
// # Steps
//
// A step is a sub-benchmark of kernel/internal/kerneltest (csd/Factorise, csd/single/Factorise, tensor/Model, ...) or
// the whole fit of a model (fit/csdm, ... of BenchmarkBlock in package fit), on one instruction set. A new benchmark in
// that package is a new step without further work. An unknown STEP is an error that lists all steps.
//
// # Rounds
//
// The speed of a machine may change by a third within seconds, because another guest shares the core or because the
// clock rate follows the load. So the two programs of a round measure in turn (package turn): base, tree, tree,
// base, ..., 3 ms each. In each round a step is measured 4 to 20 times in both programs. Four neighbouring times
// (base, tree, tree, base) give one ratio, and the result of the round is the median of these ratios. A program that
// has two turns in a row finds its data in the caches at the second. With the order above, both programs do so
// equally often. At most 20 steps share a round. Benchmarks of older commits cannot take turns. There one program
// runs after the other, and the result of the round is the ratio of the shortest times, which takes far more rounds.
//
// Each round starts both programs anew. The place of a program in memory affects its speed; this effect then differs
// from round to round, and is not mistaken for an effect of the code. Rounds in which other programs had more than a
// twentieth of the CPU (package calm finds out) are thrown away, and counted. There are further rounds for the steps
// that are undecided.
//
// Packages that give the same program in both trees, bit for bit, are not measured, unless STEP asks for it. Programs
// are built so that neither paths nor the state of git change their bits.
//
// # The rule
//
// Each round gives a ratio, the tree's time over the base's. The median of these ratios and its interval decide (sequence,
// medianInterval):
//
//	slower      the whole interval is above 1.01, and a wider one, which allows for the number of steps, is above 1
//	faster      the whole interval is below 1/1.01, and the wider one is below 1
//	the same    all of the interval is within 1% of 1
//	undecided   none of these, when the budget is spent
//
// The margin of 1% is there because two builds of the same step differ by some tenths of a per cent where other code of
// the program has moved them to other addresses. A program that looks at the results again and again, and stops at the
// first that suits, gives false alarms. So each look may be wrong with a small probability only, and for all looks
// together these probabilities add up to 1%. The tests apply the rule to simulated and to recorded times.
//
// # Exit codes
//
//	0     every step is the same or faster
//	1     some step is slower
//	2     nothing was compared: the one line of the message says why
//	3     no step is slower, but some are undecided
//	130   interrupted
//
// Make itself exits with 2 where the program's code is not 0, and prints that code ("Error 1").
//
// # The history
//
// With -record (make bench-record) only the commit that is checked out is measured, each step in 15 undisturbed runs.
// The result is appended to a file in bench/history that is named after the processor: vendor, family, model and
// stepping. kbench report draws such files (make bench-history).
package main

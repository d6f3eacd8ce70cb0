// Package metg compares what different schedulers take to hand out a task, on the same CPUs.
//
// # How it is measured
//
// There is one worker for each CPU. A scheduler hands out equal tasks, many for each worker. A task is a loop of so
// many iterations, which uses no memory. Without any cost of handing out, the workers together would need just the time
// of the work, which is what the same tasks take one after another, in a plain loop of the same language on one CPU. A
// processor overlaps short tasks that follow one another, with a scheduler and in this loop. The efficiency of a run is
// the time of the work divided by the time that the workers had ([Measurement.Efficiency]). It is near 1 for long tasks
// and falls as tasks become shorter. Where a scheduler joins tasks, it stays high for short ones, too.
//
// # What is read off it
//
// METG(50%), the minimum effective task granularity, is the length of the shortest task at which the efficiency is
// still one half (Slaughter and others, "Task Bench: a parameterized benchmark for evaluating parallel runtime
// performance", SC20). If a scheduler takes the same time for every task, whatever its length, METG(50%) is that time.
//
// [Opponent.Curve], [Opponent.METG], [Opponent.EmptyTask] and [Opponent.Steal] summarise the measurements of one
// scheduler. All of them give medians over the rounds, each with a 95% interval. With fewer than six rounds there is no
// such interval, and the lowest and the highest value stand for it ([SpreadOf]).
//
// # Where the rest is
//
// Package bench/metg measures a [Study]. It is kept as JSON ([Study.Write], [Read]), and package study/page shows it.
package metg

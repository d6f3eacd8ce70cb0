// Package metg is about the price of handing out tasks: what was measured of several schedulers on the same CPUs, and
// what is read off it.
//
// Equal tasks without memory are handed out to workers, one for each CPU, so many that all have enough of them. Their
// efficiency is the time of the work alone over the time of all workers ([Measurement.Efficiency]). The work alone is what the
// same tasks take one after another in a plain loop of the same language on one CPU: a processor overlaps neighbouring short
// tasks, with and without a scheduler, so the loop's tasks are as long as those that are handed out. The efficiency is near 1
// for long tasks and falls for short ones. Where a scheduler joins tasks, it stays high for short ones too. METG(50%), the minimum effective task granularity, is the shortest task at which it is
// still a half (Slaughter and others, "Task Bench: a parameterized benchmark for evaluating parallel runtime
// performance", SC20). Where a task costs the same whatever its length, METG(50%) is that cost.
//
// A [Study] is measured by package bench/metg, kept as JSON ([Study.Write], [Read]), and shown by package study/page.
// [Curve], [Opponent.METG], [Opponent.EmptyTask] and [Opponent.Steal] summarise it: medians over the rounds, each with
// an interval that holds it at 95% or, with fewer than six rounds, with the lowest and the highest ([SpreadOf]).
package metg

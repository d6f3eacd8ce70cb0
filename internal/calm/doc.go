// Package calm tells whether other programs took the CPU while something was timed. A pinned thread, or a pinned
// program, that computes without waiting has all of its CPU on a machine with nothing else to do. If it had less than
// [Least] of it, the machine was busy, and the time does not measure the code.
//
// [OfThread] measures the share of a thread; the workers of package sched measure their own. What other programs took
// beside a program of several processes is the time of all CPUs ([CPUs]) less that of the program and its children
// ([ProcessTree]). Both are from /proc, to a tick of 10 ms. /proc/stat also says what the host of a virtual machine
// took. [ReadDelays] says for how long threads were ready to run and had no CPU, to the nanosecond: so a wait for
// others is told from a wait for a lock, and a run of milliseconds is judged, too.
//
// On a busy machine kbench run marks rows and measures them again, kbench simulate refuses to calibrate, kbench compare
// and env say so beside their tables, and make bench discards rounds.
package calm

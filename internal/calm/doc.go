// Package calm tells whether other programs took the CPU while something was timed. A pinned thread, or a pinned
// program, that computes without waiting has all of its CPU on a machine with nothing else to do. Where it had less
// than [Least] of it, its time is that of a busy machine, and no measure of the code.
//
// A thread's share is known to the nanosecond ([OfThread]; the workers of package sched keep their own). That of programs
// of several processes is taken from /proc to a tick of 10 ms: what all of the CPUs did ([CPUs]) less what a program and
// its children had ([ProcessTree]). The same file says what the host of a virtual machine took.
//
// kbench run marks such rows and measures them again, kbench simulate refuses to calibrate, kbench compare and env say so
// beside their tables, and make bench throws such rounds away.
package calm

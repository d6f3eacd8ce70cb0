// Package calm tells whether other programs took the CPU while something was timed. A pinned thread, or a pinned
// program, that computes without waiting has all of its CPU on a machine with nothing else to do. Where it had less
// than [Least] of it, its time is that of a busy machine, and no measure of the code.
//
// kbench compare says so beside its table; make bench throws such rounds away.
package calm

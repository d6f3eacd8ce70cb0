// Package fit joins the three things that a fit needs: a kernel.Fitter (the mathematics of one model for one
// acquisition), a block of voxels in memory, and a sched.Plan (how many chunks, on which cores). None of the three
// knows the others.
//
//	signal (n x measurements) --chunks--> pinned workers --kernels--> parameters, status, account
//
// The function Block does all of it. A Room is memory for the signal and the results of a block, in huge pages and with
// each NUMA node's share on that node. Block makes no decisions of its own. How voxels are divided, where workers run
// and how a run is stopped is up to sched. The results are the kernel's, and for one instruction set they are the same
// bits whatever the plan says.
package fit

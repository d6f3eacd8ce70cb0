// Package fit joins the three things that a fit needs and that know nothing of each other: a
// kernel.Fitter (the mathematics of one model for one acquisition), a block of voxels in memory, and
// a sched.Plan (how many chunks, on which cores).
//
//	signal (n x measurements) --chunks--> pinned workers --kernels--> parameters, status, account
//
// Block is all of it. A Room is memory for its signal and results, in huge pages and with each NUMA
// node's share on that node. Block adds no policy of its own: chunk rules, pinning and cancellation are
// sched's, results are the kernel's, and for one instruction set they are the same bits whatever the
// plan says.
package fit

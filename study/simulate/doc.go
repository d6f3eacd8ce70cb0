// Package simulate predicts what the scheduler does on a machine that is not here.
//
// # How it works
//
// A [Plan] says what to predict: so many voxels in so many chunks, on the cores of a [Machine], under a policy of
// package sched. [Plan.Predict] runs the scheduler's own queues (sched.Queues, sched.Pace) in virtual time. Workers
// are events; a call takes what chunks were measured to take on one core, and longer
//
//   - where the readers of a node want more than its bandwidth,
//   - where the chunk's pages are on another node,
//   - and where many busy cores lower the clock.
//
// # What is measured, and what is assumed
//
// [ChunkTimes] are measured: the times of chunks, of a dispatch, and of the start of workers. They come from a CSV
// file of kbench run, or are timed on one core of this machine by kbench simulate. The costs of looking at other
// queues are assumed, and so is everything in the machine's description. Every core of the predicted machine is taken
// to be as fast as the one that was measured, so that a prediction is of the speed-up and not of the cores.
//
// # How far to trust it
//
// What comes out is a [Prediction], and everything made of it says that it is one. It was compared with what two
// cores measured: for each model and policy half of the predicted times are within 2.5%, and all within 6%. More
// cores, and several nodes, have not been compared with anything. The intervals hold the scatter of the chunk times,
// and no error of the machine's description.
package simulate

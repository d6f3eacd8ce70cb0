// Package simulate predicts what the scheduler does on a machine that is not here.
//
// # How it works
//
// A [Plan] says what to predict: so many voxels in so many chunks, on the cores of a [Machine], under a policy of
// package sched. [Plan.Predict] runs the scheduler's own queues (sched.Queues, sched.Pace) in virtual time. A call
// takes as long as its chunks were measured to take on one core. It takes longer
//
//   - where the readers of a node want more than its bandwidth,
//   - where the chunk's pages are on another node,
//   - and where many busy cores lower the clock.
//
// # What is measured, and what is assumed
//
// [ChunkTimes] are measured: the times of chunks, of a dispatch, and of the start of workers. They come from a CSV file
// of kbench run, or kbench simulate times them on one core of this machine. The costs of looking at other queues are
// assumed, and so is everything in the description of the machine. Every core of the predicted machine is taken to be
// as fast as the one that was measured, so that a prediction says how a fit scales, and not how fast the cores of that
// machine are.
//
// # How far to trust it
//
// What comes out is a [Prediction], and everything made of it says that it is one. Predictions were compared with
// measurements on two cores: for each model and policy half of the predicted times are within 2.5%, and all within 6%.
// Predictions for more cores or several nodes have not been compared with any measurement. The intervals allow for the
// scatter of the chunk times, but not for errors in the description of the machine.
package simulate

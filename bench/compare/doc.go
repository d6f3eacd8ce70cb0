// Package compare fits the same voxels with voxfit and with the programs that it is judged by, DIPY and
// MRtrix3, and says side by side how fast each is and how far the results agree. It is what `kbench
// compare` runs.
//
// # What is timed
//
// Everything happens on one core: the calling thread is pinned to it, the peers are started by that
// thread and inherit its CPU, and their linear algebra is held to one thread. One engine works at a
// time. A round times every model with every engine once; rounds follow one another, so that a drift of
// the machine touches all engines alike, and the table has medians over rounds. A ratio is the median
// over rounds of the peer's time over ours in the same round, never of two runs.
//
//	voxfit   Worker.Fit, from float32 signals in memory to parameters in memory, in passes over the
//	         voxels until 200 ms are over: one pass would be too short to time
//	DIPY     model.fit of float64 signals in memory, serial, in one Python process that stays warm;
//	         imports, the making of the model, and a first fit are outside of the time
//	MRtrix3  the command as a whole with -nthreads 0, less the same command on one voxel: what starting
//	         up and setting up takes is so left out, while reading the image and writing the result are
//	         not
//
// [Options.Engines] has further ones. "textbook" is package textbook, timed as voxfit is, in passes over the voxels. It runs
// on one thread, which is not the pinned one and may be on any core: its optimiser passes each evaluation between
// goroutines, which a bound thread would make slow.
//
// The others are timed as DIPY is, by one worker with one chunk, float32 signals: DIPY's engines, and
// voxfit through them. Ray's own processes keep to the same core, and take 2 to 3% of it when nothing is fitted. So engines
// on Ray are the last part of a round, after all models with all others, and Ray ends with it: in the ratios to ours
// only theirs have these processes beside them.
//
// Times are wall-clock times. Where other programs took more than a twentieth of the core from us, the
// report says so.
//
// The fits of DIPY's tensor models end with eigenvalues and eigenvectors, ours and MRtrix3's with the
// tensor's elements.
//
// # What agrees with what
//
// Parity is measured on all voxels of a model, outside of the time. DIPY's CSD and free-water models and
// its weighted tensor are the ones that voxfit follows step by step; dwi2tensor is the one that the
// reweighted tensor follows. MRtrix3's CSD is another convention than DIPY's (it fits the highest shell alone, with
// its own directions and weights), so there the table has the angular correlation of the two fodfs. The line csdm
// mrtrix is in that convention, with the same response and the same directions: like for like. And
// dwi2tensor has no setting that weights as DIPY does, so the plain weighted tensor is set against
// dwi2tensor as it comes, with two reweightings. The reweighted tensor is the one that does the same as
// dwi2tensor, as it comes and with -iter 0.
//
// Package textbook follows the same problems as ours: coefficients of CSD and weights of NNLS are compared, and the sum of
// squares of free water's NLS.
//
// SparseFascicleModel.fit spends its time in a solver. "sfm scipy" sets the same fit of ours against that
// alone: a loop of scipy.optimize.nnls over voxels, with DIPY's matrix, the right-hand sides made before.
package compare

// Package compare fits the same voxels with voxfit, DIPY and MRtrix3, and says side by side how fast each is and how
// far the results agree. `kbench compare` runs it.
//
// # What is timed
//
// Everything happens on one core: the calling thread is pinned to it, that thread starts the peers (DIPY and MRtrix3),
// which inherit its CPU, and their linear algebra uses one thread. One engine works at a time. A round times every
// model with every engine once. There are several rounds, so that a drift of the machine's speed affects all engines
// alike, and the table has medians over rounds. A ratio is the median over rounds of the peer's time over ours in the
// same round, never of two runs.
//
//	voxfit   Worker.Fit, from float32 signals in memory to parameters in memory, in as many passes over
//	         the voxels as take 200 ms: one pass would be too short to time
//	DIPY     model.fit of float64 signals in memory, serial, in one Python process that stays warm;
//	         imports, the making of the model, and a first fit are outside of the time
//	MRtrix3  the whole command with -nthreads 0, less the same command on one voxel: this leaves out
//	         the time of starting and setting up, but not that of reading the image and writing the result
//
// [Options.Engines] has further ones. "textbook" is package textbook, timed as voxfit is, in passes over the voxels. It
// runs on one thread, which is not the pinned one and may be on any core: its optimiser passes each evaluation between
// goroutines, which is slow on a goroutine that is bound to a thread.
//
// The other engines are DIPY's, and voxfit through DIPY's. They are timed as DIPY is, with one worker, one chunk and
// float32 signals. Ray's own processes keep to the same core, and take 2 to 3% of it when nothing is fitted. So in each
// round the engines on Ray come last, after all models with all other engines, and Ray is stopped when the round ends.
// Only the times of engines on Ray are therefore measured while Ray's processes run.
//
// Times are wall-clock times. Where programs that have no part in the comparison took more than a twentieth of the
// core, the report says so.
//
// The fits of DIPY's tensor models end with eigenvalues and eigenvectors. Those of voxfit and MRtrix3 end with the
// tensor's elements.
//
// # What agrees with what
//
// Parity is measured on all voxels of a model, outside of the time. DIPY's CSD and free-water models and its weighted
// tensor are the ones that voxfit follows step by step; dwi2tensor is the one that the reweighted tensor follows.
// MRtrix3's CSD is another convention than DIPY's (it fits the highest shell alone, with its own directions and
// weights), so there the table has the angular correlation of the two fodfs. The line "csdm mrtrix" uses MRtrix3's
// convention, with the same response and directions, so that both programs solve the same problem. dwi2tensor has no
// setting that weights as DIPY does, so the weighted tensor (dti wls) stands beside dwi2tensor with its defaults, which
// reweight twice. The reweighted tensor (dti iwls) does the same as dwi2tensor, with its defaults and with -iter 0.
//
// Package textbook follows the same problems as ours: the comparison is of CSD's coefficients, of NNLS's weights, and
// of the sum of squares of free water's NLS.
//
// SparseFascicleModel.fit spends its time in a solver. The line "sfm scipy" compares voxfit with this solver alone:
// it times a loop of scipy.optimize.nnls over voxels with DIPY's matrix. The right-hand sides are made before the
// time begins.
package compare

// Package metg measures what it costs to hand out a task, by voxfit's scheduler and by goroutines with a channel,
// errgroup, OpenMP, oneTBB, rayon, Ray, Dask, joblib and multiprocessing, on the same CPUs in one run. Package
// study/metg says what METG(50%) is, and how it is computed from the measurements.
//
// All have the same tasks: a number of iterations of a linear congruential generator. Each iteration needs the
// result of the one before, and none reads memory. The function work does this in three languages, and Python calls
// the one in C. The results of all tasks are added up, and the sum is compared with the known one ([Sum]): a task
// that was lost or done twice ends the measurement. How long one task takes alone is measured just before and after
// each run of tasks, by the thread that hands them out. It does tasks of that length one after another in a loop.
//
// In a first round, which is not kept, [Run] finds for each opponent about how long a task must be. In the other
// rounds it measures eight lengths around that, and empty tasks. The opponents take turns in each round, in an order
// that changes from round to round. An opponent is started for its turn and ended after it, because some do not
// sleep while others measure.
//
// Opponents in C, C++ and Rust (folders native and rayon) are built when they are first asked for, with the
// compilers that are installed, and kept in the user's cache. Opponents in Python are run by the Python that is
// found. If an opponent cannot be built or is not installed, the study says why.
package metg

// Package metg measures the price of handing out tasks: voxfit's scheduler beside goroutines with a channel, errgroup,
// OpenMP, oneTBB, rayon, Ray, Dask, joblib and multiprocessing, on the same CPUs in one run. What METG(50%) is, and how it
// is read off the measurements, says package study/metg.
//
// All have the same tasks: a number of iterations of a linear congruential generator, each of which waits for the one
// before, without memory (work, in three languages; Python calls C's). The results of all tasks are added up, and the sum is
// compared with the one that is known beforehand ([Sum]): a task that was lost or done twice ends the measurement. What one
// task takes alone is measured anew just before and after each run of tasks, by the thread that hands them out: it does
// tasks of that length one after another in a loop.
//
// In a first round, which is not kept, [Run] finds about how long a task of each opponent must be; in the further ones it
// measures eight lengths around that, and empty tasks. The opponents take turns in each round, in an order that changes
// from round to round. An opponent is started for its turn and ended after it, because some do not sleep while others
// measure.
//
// The opponents that are not written in Go are built when they are first asked for (folders native and rayon, with the
// compilers that are found) and kept in the user's cache; those in Python are run by the Python that is found. What cannot
// be built or is not installed is named in the study with the reason.
package metg

// Package overhead says why each added core of a run costs something: it fits one formula to the times of all
// runs of a model, and compares it with what others have proposed.
//
// # The formula
//
// [Explain] fits it to all runs of a model at once, over CPU counts and chunks:
//
//	time = serial part + work / p + cost of a chunk x chunks + cost of a core x cores + contention
//
// A CPU of the records is a hardware thread. With n chunks, min(n, CPUs) of them are busy; systems fill
// the cores before the second threads, so q = min(busy, cores) cores are in use, and
//
//	p = q + h (busy - q)
//
// where h, from 0 to 1, is the share of a core that a second hyperthread adds. Contention is work that
// gets longer by a fixed time for each other busy CPU of the socket. What CPU counts stand for is known
// for the published machines, recorded in our own files, and else said by the caller ([study.Machines]).
//
// The fit minimises relative errors with coefficients that are not negative (nnls.Solve); errors
// beyond 5% count by their size and not by its square (Huber 1964), and h is found by search. A term
// that is a combination of those before it, for these runs, is left out and said to be: on one CPU
// count with a chunk for every CPU, nothing tells the serial part from the work.
//
// Intervals are bootstrap percentiles. Whole settings are drawn anew, within each CPU count, because
// the model is wrong by more from setting to setting than the runs of one differ. They do not know
// that each CPU count may be another machine. Intervals of a [Forecast] do, as far as the smaller CPU
// counts tell: they carry the errors made on each of these when it was left out. At a bound of zero
// the bootstrap is known to be unreliable (Andrews 2000); an interval "0 to 0" says that no draw left
// the bound.
//
// A term is judged by what is lost without it on runs left out, each CPU count and each chunk count in
// turn, not by how close the fit is. Beside the model stand Amdahl's law (T = a + b/n), Gustafson's as
// it is read for data of one size (T = T1 / (a + (1-a) n)), and Gunther's universal scalability law
// (T = T1 (1 + s (n-1) + k n (n-1)) / n), with n the CPUs that have a chunk; and two other readings of
// the cost of a chunk: paid by the workers side by side, or hidden while they work, so that a run
// takes the longer of handing out and working.
//
// # What the published runs say
//
// For 435,686 voxels (kbench explain ray_runs.csv; 95% intervals in brackets):
//
//	                             CSD                  free water
//	serial part                  6.2 s (5.5 to 6.8)   7.2 s (5.0 to 9.5)
//	each task                    0.85 ms              0.33 ms
//	  handed out during work     1.2 ms               1.0 ms
//	each core                    0 (0 to 19 ms)       0
//	a second hyperthread adds    0% (0 to 4)          17% (13 to 21) of a core
//	72 CPUs from 8, 16, 36       off by 4.9%          off by 14% (too long)
//
// In these runs a core in use has no cost of its own that could be told from zero. An added CPU shortens a run by
// less than its share for two other reasons. Half of the CPUs are second hyperthreads, which add little; and beside
// the serial part there is less and less work left to share.
//
// That these are the reasons is checked on times that the fit has not seen: the report's runs on parts of
// one machine. Where 8 and 16 CPUs are as many cores, they come out within 7%. On 32 and 48 CPUs they take 15
// to 32% longer than predicted, for a reason that the numbers do not tell. On smaller data a
// hyperthread looks like a whole core, and no fit holds for both sizes; the page says so. The sparse
// fascicle model has no runs in the file.
//
// # What is where
//
// An [Explanation] holds the results, and nothing of how they were found. A setting (setting.go) is the runs of
// one CPU count and one number of chunks. A form (form.go) is one way to write its time; the known laws (laws.go)
// are others. All are fitted alike (relativefit.go), judged on settings left out (leftout.go), and drawn anew for the
// intervals (resample.go). An analysis (analysis.go) does this for one engine, model and data set, and says in words
// what comes out of it (limits.go).
package overhead

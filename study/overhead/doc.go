// Package overhead says why each added core of a run costs something: it fits one formula to the times of all runs of a
// model, and compares it with formulas that others have proposed.
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
// where h, from 0 to 1, is the share of a core that a second hyperthread adds. Contention is work that gets longer by a
// fixed time for each other busy CPU of the socket. How many cores and sockets a number of CPUs stands for is known for
// the published machines and is recorded in the files of kbench run. For other files the caller says it
// ([study.Machines]).
//
// The fit minimises relative errors with coefficients that are not negative (nnls.Solve); errors beyond 5% count by
// their size and not by its square (Huber 1964), and h is found by search. If a term is a combination of the terms
// before it in all runs at hand, it is left out, and the output says so. For example, with one CPU count and a chunk
// for every CPU, nothing tells the serial part from the work.
//
// Intervals are bootstrap percentiles. Each draw takes whole settings within each CPU count, because the errors of the
// model differ more between settings than the runs of one setting differ from each other. These intervals do not allow
// for each CPU count being another machine. The intervals of a [Forecast] do, as far as the smaller CPU counts tell:
// they include the errors that were made on each of these when it was left out of the fit. At a bound of zero the
// bootstrap is known to be unreliable (Andrews 2000); an interval "0 to 0" says that no draw left the bound.
//
// A term is judged by how much worse the model predicts runs that it was not fitted to when the term is missing. Each
// CPU count and each chunk count is left out in turn. How close the fit is to its own runs does not count. The model is
// compared with Amdahl's law (T = a + b/n), Gustafson's as it is read for data of one size (T = T1 / (a + (1-a) n)),
// and Gunther's universal scalability law (T = T1 (1 + s (n-1) + k n (n-1)) / n), where n is the number of CPUs that
// have a chunk. It is also compared with two other forms of the cost of a chunk. In one the workers pay this cost side
// by side. In the other chunks are handed out while workers work, so that a run takes the longer of the two.
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
// These reasons were checked on times that the fit has not seen, those of the report's runs on parts of one machine.
// Where 8 and 16 CPUs are as many cores, the predictions are within 7%. Runs on 32 and 48 CPUs take 15 to 32% longer
// than predicted, and the numbers do not tell why. On smaller data a hyperthread looks like a whole core, and no fit
// holds for both sizes; the page says so. The file has no runs of the sparse fascicle model.
//
// # What is where
//
// An [Explanation] holds the results, and nothing of how they were found. A setting (setting.go) is the runs of one CPU
// count and one number of chunks. A form (form.go) is one formula for the time of a setting; the known laws (laws.go)
// are other formulas. All are fitted in the same way (relativefit.go), judged on settings that were left out
// (leftout.go), and fitted to resampled settings for the intervals (resample.go). An analysis (analysis.go) does all
// this for one engine, model and data set, and says in words what limits the speed (limits.go).
package overhead

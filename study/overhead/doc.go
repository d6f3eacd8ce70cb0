// Package overhead says why each added core of a run gains less than the one before: it fits one formula to the times of
// all runs of a model, and compares it with formulas that others have proposed.
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
// The fit minimises relative errors with coefficients that are not negative; errors beyond 5% count by their size and
// not by its square (Huber 1964), and h is found by search. If a term is a combination of the terms before it in all
// runs at hand, it is left out, and the output says so. For example, with one CPU count and a chunk for every CPU,
// nothing tells the serial part from the work. Where all runs use as many second hyperthreads for each core, nothing
// tells h from the work either: h is then taken as 0, and the work is that of a core with its hyperthreads.
//
// Intervals are bootstrap percentiles. Each draw takes whole settings within each CPU count, because the errors of the
// model differ more between settings than the runs of one setting differ from each other. These intervals do not allow
// for each CPU count being another machine. The intervals of a [Forecast] do, as far as the smaller CPU counts tell:
// they include the errors that were made on each of these when it was left out of the fit. At a bound of zero the
// bootstrap is known to be unreliable (Andrews 2000). The cost of a core, which the study asks for, therefore has the
// wider of that interval and of the one that the loss allows when all other costs are fitted beside it. So has any cost
// that is zero in every draw, and the share of a hyperthread where it is the same in every draw.
//
// A term is judged by how much worse the model predicts runs that it was not fitted to when the term is missing. Each
// CPU count and each chunk count is left out in turn. How close the fit is to its own runs does not count. The model is
// compared with Amdahl's law (T = a + b/n), Gustafson's as it is read for data of one size (T = T1 / (a + (1-a) n)),
// and Gunther's universal scalability law (T = T1 (1 + s (n-1) + k n (n-1)) / n), where n is the number of CPUs that
// have a chunk. It is also compared with two other forms of the cost of a chunk. In one the workers pay this cost side
// by side. In the other chunks are handed out while workers work, so that a run takes the longer of the two.
//
// # Answers
//
// An [Explanation] begins with the answers in at most five sentences. The study's questions follow one by one, with
// what the runs say for each model ([Answer]). An answer comes with its check: measured times, another size of data, or
// runs that were left out of the fit. If other programs disturbed the runs, nothing is fitted, and there are no
// answers.
//
// Five other reasons why many cores gain little are fitted, each in the place of contention ([Alternative]):
//
//   - a clock that falls with the number of busy cores of a socket;
//   - memory that can feed only some of the cores of a socket;
//   - work that is slower when it is spread over two sockets;
//   - a serial part that goes on during the work;
//   - chunks of which some have little work.
//
// Akaike's criterion, computed from the same loss, says which of them fit as well as contention. Leaving out CPU counts
// says which predict as well. The published report has times of its own, which were in no fit. They are compared with
// the fit with one more quantity at a time ([Gap]).
//
// # What the published runs say
//
// For 435,686 voxels (kbench explain ray_runs.csv, or study/testdata/published_medians.csv; 95% intervals in brackets):
//
//	                             CSD                  free water
//	serial part                  6.2 s (5.4 to 6.8)   7.1 s (2.7 to 9.6)
//	each task                    0.84 ms              0.33 ms
//	  handed out during work     1.2 ms               1.0 ms
//	each core                    0 (0 to 50 ms)       0 (0 to 86 ms)
//	a second hyperthread adds    0% (0 to 4)          16% (12 to 21) of a core
//	72 CPUs from 8, 16, 36       off by 5.0%          off by 16% (too long)
//
// In these runs a core in use has no cost of its own that could be told from zero. An added CPU shortens a run by
// less than its share for two other reasons. Half of the CPUs are second hyperthreads, which add little; and beside
// the serial part there is less and less work left to share. The serial part is 14 to 23 us a voxel on every size of data:
// it grows with the data, as copies do.
//
// These reasons were checked on times that the fit has not seen: those of the report, whose runs had parts of one
// machine. Where 8 and 16 CPUs are as many cores, the predictions are within 6%. Runs on 32, 48 and 72 CPUs take longer
// than predicted; the predictions are 7 to 25% too short. Of the reasons that were tried, one fits these times best:
// work is a third slower on two sockets. The file's own runs on two sockets do not show this.
//
// On smaller data sets the fit finds that a hyperthread is worth a whole core. The reason is the mask. For smaller
// images the published program uses a corner of the mask, a part of which lies on background. Chunks then have unequal
// work, and hyperthreads with nothing to do look like cores. A fit that allows for unequal chunks agrees with that of
// the large data. The file has no runs of the sparse fascicle model.
//
// # What is where
//
// An [Explanation] holds the results, and nothing of how they were found. An analysis (analysis.go) does the work for
// one engine, model and data set:
//
//   - A setting (setting.go) is the runs of one CPU count and one number of chunks.
//   - A form (form.go) is one formula for the time of a setting. The known laws (laws.go) are other formulas.
//   - All are fitted in the same way (relativefit.go), judged on settings that were left out (leftout.go), and fitted to
//     resampled settings for the intervals.
//   - Answers are in answer.go, and in short in inshort.go; other reasons in alternative.go and gap.go, data sets that
//     disagree in reconcile.go, what is known of the cores in cores.go, and what limits the speed, in words, in
//     limits.go.
package overhead

// Package study keeps the records of a timing study and turns them into statistics, figures and
// one page to read.
//
// # What is studied
//
// Fitting a model to a diffusion MRI volume is the same small computation in some hundred thousand
// voxels. The voxels are cut into chunks, and the chunks are handed to CPUs. Few large chunks leave
// CPUs idle while the last chunk ends; many small ones make the handing out itself the work. How
// many chunks are best, how much faster a fit gets with more CPUs, and what that costs, was measured
// in a published study of DIPY with Ray. This package follows it: the same columns in its files, the
// same five figures, and its results beside the new ones.
//
// # The file
//
// One run is one [Record] and one row of a CSV file. The first eleven columns are the published
// study's, with its names (mem_useage is spelled so) and its units:
//
//	engine         who ran it: voxfit, dipy-ray, ray, serial ...
//	vox_per_chunk  num_vox / num_chunks, rounded down
//	num_chunks     the number of chunks asked for
//	time           wall time of the fit, seconds
//	cpu_count      CPUs (hardware threads) given to the run
//	memory_size    memory of the machine, bytes
//	num_vox        voxels fitted
//	avg_mem        mean memory in use on the machine, GiB (2^30 bytes)
//	mem_useage     its samples, one a second, GiB: "[9.8, 10.1]"
//	model          class name: ConstrainedSphericalDeconvModel ...
//	data_shape     shape of the 4D image: "(145, 174, 145, 288)"
//
// The units are those of the study's program, which reads both from psutil: the machine's memory
// undivided, the memory in use divided by 1024^3. The values in its file agree: avg_mem times 2^30
// times the number of samples is a whole number of 4096-byte pages. Ours follow:
//
//	run            repetition, from 1
//	isa            instruction set of the kernels: avx512, avx2, neon, generic; empty for others' engines
//	pinned         true when each worker was tied to one CPU
//	nodes          NUMA nodes that the CPUs belong to
//	compute_s      core-seconds (seconds summed over the workers) in the kernels
//	dispatch_s     core-seconds spent taking the next chunk
//	steal_s        core-seconds spent taking chunks from other workers
//	start_wait_s   core-seconds before each worker's first chunk
//	tail_wait_s    core-seconds after each worker's last chunk
//	peak_rss       largest resident set of the program, bytes
//	spilled_bytes  bytes that the engine moved from memory to disk
//	version        version of the program
//	host           name of the machine
//	first_touch_s  core-seconds in which the workers made their scratch
//	schedule       how chunks found workers: numa, dynamic, static
//	pin            how firmly workers were tied: none, core, node
//	places         order of the CPUs: close, spread, or a list
//	cores          physical cores that the CPUs belong to
//	chunks_run, chunks_stolen          chunks, and those another worker ran than the one they were dealt to
//	chunk_median_s, chunk_p99_s        quantiles of their times
//	local_bytes, far_bytes             signal and results on the node of the worker that used them, and on others
//	voluntary_switches, involuntary_switches, migrations    of the workers' threads
//	instructions, cycles, llc_misses   the processor's own counts, where the system gives them
//
// An empty cell means "not recorded". [ReadRecords] reads these files and also the published one as
// it is, with its columns in another order, a campaign column more and most columns missing.
//
// # Writing it safely
//
// A study runs for hours, and machines are taken away. [Log] adds a row when a run ends and waits
// until it is on the disk. The row ends with its line end: what kill -9 leaves without one is not a
// row, and the next [OpenLog] cuts it off and says so. [Log.Done] then tells which runs need not be
// made again. Two processes cannot hold one Log: the second is refused.
//
// # From times to speed-ups
//
// [Summarise] groups the records by everything but the repetition. Of each group's times it gives
// the mean, the standard deviation and the 95% confidence interval of the mean by Student's t. With
// serial time S and mean time T on n CPUs:
//
//	percent of serial  100 T / S
//	speed-up           S / T
//	efficiency         S / (T n)
//	cost               T / 3600 x price of an hour on n CPUs
//
// Their intervals have the relative width of the time's; the serial time is taken as exact. The
// peak efficiency of a CPU count is the efficiency at its best number of chunks.
//
// Which serial time? A serial engine is one named "serial" or "something-serial". For a run of
// some engine on some data and host it is, in this order,
//
//  1. the serial engine that the caller names for all ([Options].Baseline): with dipy-serial, a
//     speed-up says how many times as fast as DIPY's serial fit a run is;
//  2. the serial engine of its family, which is the first part of its name: voxfit-serial for
//     voxfit and voxfit-ray, dipy-serial for dipy-ray;
//  3. the engine "serial", as in the published study;
//  4. a serial time given by the caller for the model ([Options].Serial), such as those that
//     follow from the published report ([PublishedSerial]);
//  5. none. Speed-up and efficiency are then left out, and the figure of times shows seconds.
//
// Inflation is what is left of the speed-up's shortfall when all waiting is taken off: the core-seconds in
// the kernels over those of the serial run. It is known where both were accounted for.
//
// In 2 and 3 the instruction set must be the same, where the serial engine has one: a speed-up of
// AVX-512 over AVX2 is not a speed-up of the CPUs.
//
// # Reading the published numbers
//
// The published file and the published report are of different machines. The report's figures are
// of one c5.18xlarge (36 physical cores, 72 hyperthreads), of which 8, 16, 32, 48 or 72 CPUs were
// used. The file's runs were made on c5 machines of 8, 16, 36 and 72 hyperthreads. 8 CPUs of the
// large machine may be eight cores; on the small one they are four cores with two threads each. So
// with the report's serial times only the 72-CPU runs of the file come near the report (peak
// efficiency 0.17 against 0.14 for CSD, 0.39 against 0.35 for free water); its 8-CPU runs reach
// 0.39 and 0.53 where the report has 0.63 and 0.90. Neither is wrong: a CPU is not a core.
//
// # Why each added core costs something
//
// [Explain] answers by a formula, fitted to all runs of a model at once, over CPU counts and chunks:
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
// for the published machines, recorded in our own files, and else said by the caller ([Machines]).
//
// The fit minimises relative errors with coefficients that are not negative (kernel.NNLS); errors
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
// So an added core costs nothing of its own that shows. It adds less than a core because half of the CPUs are
// second hyperthreads, which add little, and it finds ever less to do beside the serial part. That
// these are the reasons is checked on times which the fit has not seen: the report's runs on parts of
// one machine, where 8 and 16 CPUs are as many cores, come out within 7%; its 32 and 48 CPUs take 15
// to 32% longer than predicted, for a reason that the numbers do not tell. On smaller data a
// hyperthread looks like a whole core, and no fit holds for both; the page says so. The sparse
// fascicle model has no runs in the file.
//
// # A machine that is not here
//
// A [Simulation] runs the scheduler's own queues (sched.Queues, sched.Pace) in virtual time. Workers are
// events; a call takes what chunks were measured to take on one core, longer where the readers of a
// node want more than its bandwidth, where the chunk's pages are on another node, and where many busy
// cores lower the clock. Measured are chunk times, a dispatch and the start of workers; assumed are the
// costs of looking at other queues, and everything in the machine's description. What
// comes out is a prediction and is called one everywhere. It was compared with what two cores
// measured: for each model and policy half of the predicted times are within 2.5%, and all within 6%. More cores,
// and several nodes, have not been compared with anything.
//
// # The page
//
// [WriteReport] writes one HTML file that needs no other, no script and no network, with a results
// table, the five figures, an account of where the core-seconds went, and how to repeat it all;
// beside it the figures as SVG files and every number as summary.csv. [Summary.WriteTable] writes
// the results for a terminal. Engines told apart by colour are told apart by dashes and marks too.
package study

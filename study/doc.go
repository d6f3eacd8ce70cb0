// Package study keeps the records of a timing study and turns them into statistics.
//
// Further packages use these records and statistics. study/overhead says what the time of the runs is made of,
// study/simulate predicts speed-ups on a machine that is not here, study/metg compares what schedulers take to hand out
// a task, and study/kit keeps the study of a whole machine. study/page shows all of it as figures, tables and one page to
// read.
//
// # What is studied
//
// Fitting a model to a diffusion MRI volume is the same small computation in some hundred thousand voxels. The voxels
// are cut into chunks, and the chunks are handed to CPUs. Few large chunks leave CPUs idle while the last chunk ends;
// many small ones spend the time on handing out chunks. A published study of DIPY with Ray measured how many chunks are
// best, how much faster a fit gets with more CPUs, and what that costs. This package follows that study: files have the
// same columns, and its results are shown beside new ones.
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
// The units are those of the study's program. It reads both memories from psutil, and writes the machine's memory in
// bytes and the memory in use divided by 1024^3. The values in its file confirm this: avg_mem times 2^30 times the
// number of samples is a whole number of 4096-byte pages. The columns after these are voxfit's own:
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
//	cpu_s          core-seconds that the run had of its CPUs from the first chunks on (clock_gettime)
//	taken_s        core-seconds that others had while the run was ready to compute
//	host_steal_s   core-seconds that the host of a virtual machine gave to others (/proc/stat)
//	disturbed      true where others took more than 5% of what the run wanted: its time is that of a busy machine
//	tries          how often the run was measured; the row is the try that was disturbed least
//	late_s         core-seconds that workers waited because a thread of the run was ready and had no CPU
//
// In these three times a worker computes: dispatch_s, steal_s and compute_s. Their sum is that of cpu_s, taken_s and
// a little for which workers wait for each other when they first touch memory. Before them a worker may wait for a
// CPU, and after them all workers wait for the thread that goes on when the last one has ended. These waits are in
// late_s; they are a large part of a run of some milliseconds. Waits below a quarter of a millisecond are left out of
// it, since threads of the run may wait so long for each other. The mark disturbed counts taken_s, or host_steal_s if
// that is more, and late_s.
//
// An empty cell means "not recorded". [ReadRecords] reads these files and also the published one as it is: its columns
// have another order, most of voxfit's are missing, and there is one more (campaign).
//
// # Writing it safely
//
// A study runs for hours, and machines are taken away. [Log] adds a row when a run ends and waits until it is on the
// disk. A row is complete when its line end is there. If kill -9 leaves a row without one, the next [OpenLog] cuts it
// off and says so. [Log.Done] then tells which runs need not be made again. Two processes cannot have the same Log
// open: the second is refused.
//
// # From times to speed-ups
//
// [Summarise] groups the records by everything but the repetition. Of each group's times it gives
// the median, the median absolute deviation (MAD) and a 95% confidence interval of the median, which a disturbed run
// moves little ([Describe]). With serial time S and median time T on n CPUs:
//
//	percent of serial  100 T / S
//	speed-up           S / T
//	efficiency         S / (T n)
//	cost               T / 3600 x price of an hour on n CPUs
//
// A program cannot be more than n times as fast on n CPUs as its own serial run. Noise can make it seem so. An
// efficiency between 1 and 1.05 is therefore given as 1. A higher one is not given at all, because it shows that the
// serial runs were disturbed.
//
// The serial time is taken as exact. The interval of each of these quantities is therefore as wide, relative to its
// value, as the interval of the time. The peak efficiency of a CPU count is the efficiency at its best number of
// chunks.
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
// Inflation is the core-seconds that a run spent in the kernels, divided by those of the serial run. A value above 1
// says that the kernels themselves ran slower because other cores were busy too. Waiting is no part of it. Inflation is
// known where both runs recorded this time.
//
// In cases 2 and 3 the two runs must have used the same instruction set, if the serial engine has one. Otherwise a
// speed-up of AVX-512 over AVX2 would count as a speed-up by more CPUs.
//
// # Reading the published numbers
//
// The published file and the published report are of different machines. The report's figures are of one c5.18xlarge
// (36 physical cores, 72 hyperthreads), of which 8, 16, 32, 48 or 72 CPUs were used. The file's runs were made on c5
// machines of 8, 16, 36 and 72 hyperthreads. 8 CPUs of the large machine may be eight cores; on the small one they are
// four cores with two threads each. So with the report's serial times only the 72-CPU runs of the file come near the
// report. The peak efficiencies are:
//
//	                      CSD            free water
//	                      file  report   file  report
//	72 CPUs               0.17  0.14     0.39  0.35
//	8 CPUs                0.39  0.63     0.53  0.90
//
// Neither is wrong: a CPU is not always a core.
//
// # Other records
//
// A [History] holds the times of kernels on one kind of processor, commit by commit. These are not runs of a study, and
// no file or statistic mixes the two.
package study

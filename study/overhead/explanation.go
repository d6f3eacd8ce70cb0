package overhead

import "github.com/voxfit/voxfit/study"

// Options says how overheads are fitted. The zero value takes the machines' cores from the records alone.
type Options struct {
	// Machines says what the CPUs of the records are.
	Machines study.Machines
	// Prices are the prices of machines; nil: study.PublishedPrices().
	Prices *study.Prices
	// Resamples is how many times the settings are drawn anew for the intervals; 0: 400.
	Resamples int
	// Seed makes the intervals repeatable.
	Seed uint64
}

// An Explanation says what the runs of each model spend their time on. It holds only what a page shows.
type Explanation struct {
	Overheads []Overhead    // by model, the larger data set first; none where the machine was busy
	InShort   []Said        // the answers for all models in at most five sentences; Of is empty
	Answers   []Answer      // the study's questions, model by model
	Busy      string        // says that it was; empty otherwise
	Guessed   string        // says that CPUs are taken for cores because nothing is known of them; empty otherwise
	Gaps      []Gap         // of the published report's times, the likeliest first; only for the published study's runs
	Notes     []string      // what a reader should know, a sentence or two each
	Resamples int           // how many times the settings were drawn anew for the intervals
	Summary   study.Summary // of the same runs, for the accounts of their workers' time
}

// An Overhead is the model
//
//	time = serial part + work / p + cost of a chunk x chunks + cost of a core x cores + contention
//
// fitted to all runs of one engine, model and data set, over CPU counts and chunk counts.
type Overhead struct {
	study.Condition // without CPU count and nodes
	// Name is the engine's name, with what distinguishes it from others: "voxfit, avx2".
	Name string
	Runs int
	// Settings is the number of settings: pairs of a CPU count and a number of chunks.
	Settings  int
	CPUCounts []int // ascending

	// The costs, in seconds: Work is the whole work on one core, Chunk the cost of each chunk, Serial the serial part,
	// Core the cost of each core in use, and Contention what the work takes longer for each other busy CPU of the
	// socket. One that these runs cannot tell from the others is nil.
	Work, Chunk, Serial, Core, Contention *study.Estimate
	// Thread is the share of a core that a second hyperthread adds. It is nil where no run used second hyperthreads,
	// and where ThreadUntold says that all of them used as many for each core. What such a thread adds cannot then be
	// told from the work, and Work is that of a core with its hyperthreads.
	Thread       *study.Estimate
	ThreadUntold bool

	// Shortest are the shortest runs on each CPU count. Curves are all times, by number of chunks, for each CPU count.
	Shortest []ShortestRun
	Curves   []Curve
	// Forms compares the model with the same model without one of its terms. Laws compares it with laws that know only
	// the number of processors.
	Forms, Laws  []Comparison
	Alternatives []Alternative
	// Overlapped is the cost of each chunk, in seconds, in a fit in which chunks are handed out while the CPUs work.
	Overlapped float64
	// Forecast is how a fit to the smaller CPU counts predicts the largest; nil where there is one CPU count.
	Forecast *Forecast
	// Reported are the times of the published report beside what the fit predicts for them. Only the published study's
	// runs have them.
	Reported []ReportedTime
	// Limits says in words what limits the runs; the first sentence says where the time of the shortest runs on the
	// largest CPU count goes.
	Limits []string
}

// A ShortestRun is what the model says of the shortest runs on one CPU count, in seconds.
type ShortestRun struct {
	CPUs int
	Time float64
	// Ideal is what the work would take if every CPU were a whole core and nothing else cost time; where ThreadUntold,
	// if all cores of the CPUs were at work and nothing else cost time. The losses are
	// the rest, by their causes: the same causes in the same order in every ShortestRun.
	Ideal  float64
	Losses []Loss
}

// A Loss is a part of a run's time that is not work at the full speed of every CPU.
type Loss struct {
	Name    string
	Seconds float64
}

// A Curve has the times on one CPU count, by number of chunks, ascending.
type Curve struct {
	CPUs     int
	Measured []MeasuredTime
	Fitted   []FittedTime // by the model, for more numbers of chunks than were measured
}

// A MeasuredTime is the median time of the runs with one number of chunks, in seconds.
type MeasuredTime struct {
	Chunks int
	Time   study.Stat
	// LeftOut is what a fit without the runs of this CPU count predicts. It is 0 where there is no other CPU count.
	LeftOut float64
}

// A FittedTime is the time that the model gives for one number of chunks.
type FittedTime struct {
	Chunks  int
	Seconds float64
}

// A Comparison says how well one formula for the time predicts runs that it was not fitted to.
type Comparison struct {
	Name    string
	Within  Errors // of the settings that it was fitted to
	CPUs    Errors // leaving out each CPU count in turn
	Chunks  Errors // leaving out each number of chunks in turn
	Largest Errors // of the largest CPU count, by a fit to the smaller ones
	// AIC is Akaike's criterion, less that of the form where it is least. Forms up to 2 above the least are as good;
	// those 10 above it are not. It is 0 for laws.
	AIC float64
	aic float64
}

// An Alternative is another reason why many cores gain little, in the place of contention.
type Alternative struct {
	Comparison
	Found string // what its own quantity came to, in words
	fit   fitted
}

// Errors summarises how far predictions are from measurements: relative errors of settings that were left out of the
// fit.
type Errors struct {
	N            int
	Median, Mean float64 // of the absolute errors, 0.1 is 10%
	bias         float64 // the median with its sign: above 0, predictions are too long
	worst        float64 // the largest absolute error
}

// A Forecast is how a fit to the smaller CPU counts predicts the largest.
type Forecast struct {
	CPUs   int   // the largest CPU count, which is predicted
	From   []int // the CPU counts that were fitted
	Errors Errors
	// Points are the settings of the largest CPU count, by chunks.
	Points []ForecastPoint

	// within is the share of the points whose measured time lies in the 95% interval of the prediction.
	within float64
	// chosen is the form that predicts best among the smaller CPU counts, each left out in turn. This choice does not
	// use the largest CPU count. chosenErrors says how well that form predicts it.
	chosen       string
	chosenErrors Errors
	// best is the shortest time, predicted; the field after it is the shortest time measured.
	best     study.Estimate
	measured float64
}

// A ForecastPoint is a prediction beside a measurement, in seconds.
type ForecastPoint struct {
	Chunks    int
	Predicted study.Estimate
	Measured  float64
}

// A ReportedTime is a shortest time of the published report beside what a fit to the runs of the published file
// predicts. The machines differ. On those of the file, every CPU count consists of cores with two hyperthreads. The
// report's runs used a part of the CPUs of one large machine.
type ReportedTime struct {
	CPUs, Cores int
	Measured    float64 // seconds, as published
	Predicted   study.Estimate
}

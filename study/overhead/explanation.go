package overhead

import "github.com/voxfit/voxfit/study"

// Options says how overheads are fitted.
type Options struct {
	// Machines says what the CPUs of the records are.
	Machines study.Machines
	// Resamples is how many times the settings are drawn anew for the intervals; 0: 400.
	Resamples int
	// Seed makes the intervals repeatable.
	Seed uint64
}

// An Explanation says what the runs of each model spend their time on. It holds results alone, no more than
// a page of it shows.
type Explanation struct {
	Overheads []Overhead    // by model, the larger data set first
	Answers   []Answer      // the study's questions; none where the machine was busy
	Busy      string        // says that it was; empty otherwise
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
	// Name is the engine's, with what tells it from others: "voxfit, avx2".
	Name string
	Runs int
	// Settings is how many pairs of a CPU count and a chunk count there are.
	Settings  int
	CPUCounts []int // ascending

	// Work is the seconds of the whole work on one core, Chunk the seconds for each chunk, Serial
	// those of the serial part, Core those for each core in use, and Contention the seconds of work
	// more for each other busy CPU of the socket. nil: these runs cannot tell it from the others.
	Work, Chunk, Serial, Core, Contention *study.Estimate
	// Thread is the share of a core that a second hyperthread adds; nil: no run used any.
	Thread *study.Estimate

	// Shortest are the shortest runs on each CPU count, and Curves all of them over their numbers of chunks.
	Shortest []ShortestRun
	Curves   []Curve
	// Forms compares the model with itself less a term, and Laws with the laws that know processors
	// alone.
	Forms, Laws  []Comparison
	Alternatives []Alternative
	// Overlapped is the seconds for each chunk when the handing out goes on while the CPUs work.
	Overlapped float64
	// Forecast is how a fit to the smaller CPU counts predicts the largest; nil with one CPU count.
	Forecast *Forecast
	// Reported are the published report's own times beside what the fit says of them; only for the
	// published study's runs.
	Reported []ReportedTime
	// Limits says in words what limits the runs; the first sentence says where the time of the shortest runs on the
	// largest CPU count goes.
	Limits []string
}

// A ShortestRun is what the model says of the shortest runs on one CPU count, in seconds.
type ShortestRun struct {
	CPUs int
	Time float64
	// Ideal is what the work would take if every CPU were a whole core and nothing else cost time. The losses are
	// the rest, by their causes: the same causes in the same order in every ShortestRun.
	Ideal  float64
	Losses []Loss
}

// A Loss is a part of a run's time that is not work at the full speed of every CPU.
type Loss struct {
	Name    string
	Seconds float64
}

// A Curve is the times of one CPU count over its numbers of chunks, ascending.
type Curve struct {
	CPUs     int
	Measured []MeasuredTime
	Fitted   []FittedTime // of the model, at more numbers of chunks than were measured
}

// A MeasuredTime is the median time of the runs in one number of chunks, in seconds.
type MeasuredTime struct {
	Chunks int
	Time   study.Stat
	// LeftOut is predicted by a fit without the runs of this CPU count; 0 where there is no other.
	LeftOut float64
}

// A FittedTime is what the model says of one number of chunks.
type FittedTime struct {
	Chunks  int
	Seconds float64
}

// A Comparison is one way to write the time, and how well it predicts runs that it was not fitted to.
type Comparison struct {
	Name    string
	Within  Errors // of the settings that it was fitted to
	CPUs    Errors // leaving out each CPU count in turn
	Chunks  Errors // leaving out each number of chunks in turn
	Largest Errors // fitted to the smaller CPU counts, on the largest
	// AIC is Akaike's criterion less that of the form with the least: forms within 2 of it do as well, and those 10
	// above it are out. 0 for laws.
	AIC float64
	aic float64
}

// An Alternative is another reason why many cores gain little, in the place of contention.
type Alternative struct {
	Comparison
	Found string // what its own quantity came to, in words
	fit   fitted
}

// An Errors is how far predictions are from measurements: relative errors of settings that were left
// out of the fit.
type Errors struct {
	N            int
	Median, Mean float64 // of the absolute errors, 0.1 is 10%
	bias         float64 // the median with its sign: above 0, predictions are too long
	worst        float64 // the largest absolute error
}

// A Forecast is how a fit to the smaller CPU counts predicts the largest.
type Forecast struct {
	CPUs   int   // the largest CPU count
	From   []int // those fitted to
	Errors Errors
	// Points are the settings of the largest CPU count, by chunks.
	Points []ForecastPoint

	// within is the share of the points whose measurement lies in the 95% interval of its
	// prediction.
	within float64
	// chosen is the form that predicts left-out CPU counts best among the smaller ones, which is a
	// choice made without a look at the largest, and chosenErrors how it predicts the largest.
	chosen       string
	chosenErrors Errors
	// best are the shortest times: predicted, and measured.
	best     study.Estimate
	measured float64
}

// A ForecastPoint is a prediction beside a measurement, in seconds.
type ForecastPoint struct {
	Chunks    int
	Predicted study.Estimate
	Measured  float64
}

// A ReportedTime is a shortest time of the published report beside what a fit to the runs in its file
// says of it. The two are of different machines: the file's runs have two hyperthreads a core on every
// CPU count; the report's were made on a part of the CPUs of one large machine.
type ReportedTime struct {
	CPUs, Cores int
	Measured    float64 // seconds, as published
	Predicted   study.Estimate
}

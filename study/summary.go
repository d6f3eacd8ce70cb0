package study

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/study/internal/words"
)

// Options says how records are summarised. The zero value measures speed-ups against the serial
// runs among the records, and prices with the published table.
type Options struct {
	// Baseline names one serial engine that all speed-ups are relative to: with "dipy-serial", a
	// speed-up says how many times faster than DIPY's serial fit a run was. Empty: each engine is
	// measured against the serial engine of its own family.
	Baseline string
	// Serial are serial times known from elsewhere, for models without serial runs.
	Serial []SerialTime
	// Prices are the prices of machines; nil: PublishedPrices().
	Prices *Prices
}

// A Condition is what a line of a figure has in common: everything but the chunks.
type Condition struct {
	Model  string
	Voxels int
	Host   string
	Engine string
	ISA    string
	Pinned bool
	Nodes  int
	CPUs   int
	// Schedule, Pin and Places are what was asked of the schedule; empty where it was not recorded.
	Schedule, Pin, Places string
}

// A Split says where the core-seconds of a run went: that of the repetition with the median time.
type Split struct {
	Compute, Dispatch, Steal, StartWait, TailWait float64
	// Others and Host are the core-seconds that other programs, and the host of a virtual machine, took of the CPUs.
	// Compute does not include them, so that all parts add up to CPUs x wall time.
	Others, Host float64
	// HasUse says that Others and Host are known.
	HasUse bool
	// Unaccounted is CPUs x wall time less the other parts: the time before and after the schedule.
	Unaccounted float64
}

// A Point is one setting of a line: a number of chunks.
type Point struct {
	Chunks      int
	VoxPerChunk int
	Time        Stat // seconds
	Percent     Stat // time in percent of the serial time
	SpeedUp     Stat // serial time / time
	Efficiency  Stat // speed-up per CPU
	Cost        Stat // US dollars for one run
	CostPerMVox Stat // US dollars for a million voxels
	Split       Split
	HasSplit    bool
	// Inflation is the core-seconds in the kernels divided by those of the serial run. It shows what it costs that
	// cores share memory and clock rate. It is 0 where one of the two is not known.
	Inflation float64
	PeakRSS   int64 // bytes, the largest of the repetitions; 0: not recorded
	// Disturbed says that other programs disturbed every repetition.
	Disturbed bool
}

// A Line is one condition over its chunk counts, ascending.
type Line struct {
	Condition
	Baseline    *Baseline // nil: no serial time is known
	Points      []Point
	priceAnHour float64 // US dollars; 0: no price for this CPU count
}

// Best returns the point with the least median time: the line's best number of chunks, and so its
// peak speed-up and peak efficiency.
func (l Line) Best() Point {
	return slices.MinFunc(l.Points, func(a, b Point) int { return cmp.Compare(a.Time.Median, b.Time.Median) })
}

// NearBest returns the range of numbers of chunks, around the best, whose times cannot be told from the best time,
// because the intervals overlap. It is the best number alone where a setting has one run.
func (l Line) NearBest() (fewest, most int) {
	best := l.Best()
	at := slices.IndexFunc(l.Points, func(p Point) bool { return p.Chunks == best.Chunks })
	meets := func(p Point) bool { return p.Time.Median-best.Time.Median <= p.Time.Half+best.Time.Half }
	low, high := at, at
	for low > 0 && meets(l.Points[low-1]) {
		low--
	}
	for high+1 < len(l.Points) && meets(l.Points[high+1]) {
		high++
	}
	return l.Points[low].Chunks, l.Points[high].Chunks
}

// A Summary is a study's records turned into statistics.
type Summary struct {
	Lines   []Line     // by model, voxels, host, engine, instruction set, pinning, schedule, nodes, CPUs
	Serial  []Baseline // the serial runs among the records, in the same order
	Prices  Prices
	Notes   []string // what a reader of the numbers should know, one sentence each
	Records int
	// Settings is the number of settings, serial ones included. Disturbed is how many of them other programs disturbed
	// in every repetition. Taken is the median share of its CPUs' time that was taken from a run.
	Settings, Disturbed int
	Taken               float64
	disturbedRuns       int
	// Published says that all of them are the published study's own.
	Published bool
}

// Summarise groups the records by condition and number of chunks, and describes each group.
// Serial runs become baselines, not lines. The campaigns of the published file are pooled.
func Summarise(records []Record, o Options) Summary {
	s := Summary{Prices: PublishedPrices(), Records: len(records), Published: len(records) > 0}
	if o.Prices != nil {
		s.Prices = *o.Prices
	}
	var calm []*Record
	calm, s.Settings, s.Disturbed = Calm(records)
	s.Taken, s.disturbedRuns = takenShare(records), disturbedRuns(records)
	groups := map[Condition]map[int][]*Record{}
	for _, r := range calm {
		s.Published = s.Published && r.Published()
		c := r.Condition()
		if groups[c] == nil {
			groups[c] = map[int][]*Record{}
		}
		groups[c][r.NumChunks] = append(groups[c][r.NumChunks], r)
	}
	conditions := slices.SortedFunc(maps.Keys(groups), Condition.Compare)
	for _, c := range conditions {
		if IsSerial(c.Engine) {
			s.Serial = append(s.Serial, measuredBaseline(c, groups[c]))
		}
	}
	for _, c := range conditions {
		if !IsSerial(c.Engine) {
			s.Lines = append(s.Lines, s.line(c, groups[c], o.baselineFor(c, s.Serial)))
		}
	}
	s.Notes = s.notes(records, o)
	return s
}

// Busy says that the machine was too busy for its times to say anything about the programs: a quarter of the settings,
// or more, were disturbed in every repetition.
func (s Summary) Busy() bool { return 4*s.Disturbed >= s.Settings && s.Disturbed > 0 }

// BusySentence says what a busy machine means for the times; it is empty where the machine was not busy.
func (s Summary) BusySentence() string {
	if !s.Busy() {
		return ""
	}
	return fmt.Sprintf("The machine was busy: other programs disturbed %d of %s in every repetition, and took %s of its CPUs from the median run. "+
		"These times are of the machine's other work as much as of the program, so nothing is concluded from them. Stop the other programs and measure again.",
		s.Disturbed, words.Count(s.Settings, "setting"), words.Percent(s.Taken))
}

// takenShare returns the median share that was taken, of the runs that say so.
func takenShare(records []Record) float64 {
	var shares []float64
	for i := range records {
		if r := &records[i]; r.HasUse() {
			shares = append(shares, r.TakenShare())
		}
	}
	if shares == nil {
		return 0
	}
	return Median(shares)
}

// Condition returns what the record has in common with the others of its line.
func (r Record) Condition() Condition {
	return Condition{
		Model: cleanText(r.Model), Voxels: r.NumVox, Host: cleanText(r.Host), Engine: cleanText(r.Engine),
		ISA: cleanText(r.ISA), Pinned: r.Pinned, Nodes: r.Nodes, CPUs: r.CPUCount,
		Schedule: cleanText(r.Schedule), Pin: cleanText(r.Pin), Places: cleanText(r.Places),
	}
}

// Compare orders conditions: by model, the larger data set first, then host, engine, instruction set, pinning,
// schedule, nodes and CPUs. It is below 0 where c comes before b.
func (c Condition) Compare(b Condition) int {
	bit := func(v bool) int {
		if v {
			return 1
		}
		return 0
	}
	return cmp.Or(
		strings.Compare(c.Model, b.Model), cmp.Compare(b.Voxels, c.Voxels), strings.Compare(c.Host, b.Host),
		strings.Compare(c.Engine, b.Engine), strings.Compare(c.ISA, b.ISA),
		cmp.Compare(bit(c.Pinned), bit(b.Pinned)), strings.Compare(c.Schedule, b.Schedule),
		strings.Compare(c.Pin, b.Pin), strings.Compare(c.Places, b.Places), cmp.Compare(c.Nodes, b.Nodes), cmp.Compare(c.CPUs, b.CPUs),
	)
}

// measuredBaseline describes serial runs. All runs are taken together, because serial runs have no chunks, whatever
// their rows say.
func measuredBaseline(c Condition, byChunks map[int][]*Record) Baseline {
	var runs []*Record
	for _, chunks := range slices.Sorted(maps.Keys(byChunks)) {
		runs = append(runs, byChunks[chunks]...)
	}
	b := Baseline{Condition: c, Time: Describe(timesOf(runs))}
	b.Disturbed = allDisturbed(runs)
	if split, ok := splitOf(runs); ok {
		b.split = &split
	}
	b.Source = fmt.Sprintf("measured: %s, %s", c.Engine, words.Count(b.Time.N, "run"))
	return b
}

func timesOf(records []*Record) []float64 {
	times := make([]float64, len(records))
	for i, r := range records {
		times[i] = r.Time
	}
	return times
}

func (s Summary) line(c Condition, byChunks map[int][]*Record, b *Baseline) Line {
	l := Line{Condition: c, Baseline: b}
	l.priceAnHour, _ = s.Prices.hour(c.CPUs)
	for _, chunks := range slices.Sorted(maps.Keys(byChunks)) {
		l.Points = append(l.Points, l.point(chunks, byChunks[chunks]))
	}
	return l
}

// MostEfficiency is the highest efficiency over the same program's serial runs that can be noise. Up to it, values
// above 1 are given as 1. A speed-up beyond it says that the serial runs were disturbed, and is not given.
const MostEfficiency = 1.05

func (l Line) point(chunks int, records []*Record) Point {
	p := Point{Chunks: chunks, VoxPerChunk: records[0].VoxPerChunk, Time: Describe(timesOf(records)), Disturbed: allDisturbed(records)}
	if l.Baseline != nil {
		serial := l.Baseline.Time.Median
		p.Percent = p.Time.times(100 / serial)
		p.SpeedUp = p.Time.inverse(serial)
		p.Efficiency = p.SpeedUp.times(1 / float64(l.CPUs))
		if e := p.Efficiency.Median; e > 1 && l.Baseline.isOwn(l.Condition) {
			p.Percent, p.SpeedUp, p.Efficiency = p.Percent.times(e), p.SpeedUp.times(1/e), p.Efficiency.times(1/e)
			if e > MostEfficiency {
				p.Percent, p.SpeedUp, p.Efficiency = Stat{}, Stat{}, Stat{}
			}
		}
	}
	if p.Disturbed || l.Baseline != nil && l.Baseline.Disturbed {
		p.Percent, p.SpeedUp, p.Efficiency = Stat{}, Stat{}, Stat{}
	}
	if l.priceAnHour > 0 && !p.Disturbed {
		p.Cost = p.Time.times(l.priceAnHour / 3600)
		p.CostPerMVox = p.Cost.times(1e6 / float64(l.Voxels))
	}
	p.Split, p.HasSplit = splitOf(records)
	if serial, ok := l.Baseline.Account(); ok && p.HasSplit && serial.Compute > 0 && !p.Disturbed && !l.Baseline.Disturbed {
		p.Inflation = p.Split.Compute / serial.Compute
	}
	for _, r := range records {
		p.PeakRSS = max(p.PeakRSS, r.PeakRSS)
	}
	return p
}

// allDisturbed says that every repetition was disturbed.
func allDisturbed(records []*Record) bool {
	return !slices.ContainsFunc(records, func(r *Record) bool { return !r.Disturbed() })
}

// splitOf returns the account of the run with the median time, of the runs that have an account. For an even number of
// runs it is the mean of the two in the middle. Its parts therefore add up to the median time on all CPUs.
func splitOf(records []*Record) (Split, bool) {
	accounted := slices.DeleteFunc(slices.Clone(records), func(r *Record) bool { return !r.HasAccount() })
	if len(accounted) == 0 {
		return Split{}, false
	}
	slices.SortStableFunc(accounted, func(a, b *Record) int { return cmp.Compare(a.Time, b.Time) })
	n := len(accounted)
	low, high := accountOf(accounted[(n-1)/2]), accountOf(accounted[n/2])
	return low.middle(high), true
}

// accountOf is a record's own account.
func accountOf(r *Record) Split {
	s := Split{Compute: r.Compute, Dispatch: r.Dispatch, Steal: r.Steal, StartWait: r.StartWait + r.FirstTouch, TailWait: r.TailWait}
	s.Unaccounted = max(0, float64(r.CPUCount)*r.Time-s.Sum())
	s.HasUse = r.HasUse()
	s.Host = min(r.HostSteal, s.Compute)
	s.Others = min(max(0, r.Taken-r.HostSteal), s.Compute-s.Host)
	s.Compute -= s.Host + s.Others
	return s
}

// Sum is that of all parts.
func (s Split) Sum() float64 {
	return s.Compute + s.Dispatch + s.Steal + s.StartWait + s.TailWait + s.Others + s.Host + s.Unaccounted
}

// middle returns the mean of both, part by part.
func (s Split) middle(t Split) Split {
	return Split{Compute: (s.Compute + t.Compute) / 2, Dispatch: (s.Dispatch + t.Dispatch) / 2, Steal: (s.Steal + t.Steal) / 2,
		StartWait: (s.StartWait + t.StartWait) / 2, TailWait: (s.TailWait + t.TailWait) / 2, Others: (s.Others + t.Others) / 2,
		Host: (s.Host + t.Host) / 2, HasUse: s.HasUse && t.HasUse, Unaccounted: (s.Unaccounted + t.Unaccounted) / 2}
}

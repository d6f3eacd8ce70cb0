package overhead

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// limits says what the fit means, in sentences.
func (a *analysis) limits(s study.Summary) []string {
	said := []string{a.limitSentence(s), a.workSentence()}
	for _, sentence := range []string{a.threadSentence(), a.chunkSentence(), a.coreSentence(), a.contentionSentence(),
		a.forecastSentence(), a.termsSentence(), a.lawsSentence(), a.machineSentence()} {
		if sentence != "" {
			said = append(said, sentence)
		}
	}
	return said
}

// limitSentence says where the time goes at the best setting of the largest CPU count.
func (a *analysis) limitSentence(summary study.Summary) string {
	_, largest := a.largest()
	s := shortest(largest)
	ideal, losses := a.losses(s)
	slices.SortStableFunc(losses, func(a, b Loss) int { return cmp.Compare(b.Seconds, a.Seconds) })
	whole := a.fit.time(s)
	var named []string
	for _, l := range losses {
		if l.Seconds >= 0.005*whole {
			named = append(named, fmt.Sprintf("%s %s s%s", l.Name, words.Significant(l.Seconds, 2), a.perhaps(l.Name)))
		}
	}
	text := fmt.Sprintf("On %s the shortest runs take %s s (%s; the model says %s s). If %s and nothing "+
		"else cost time, they would take %s s.", words.Count(s.cpus, "CPU"), words.Significant(s.time, 3), words.Chunks(s.chunks),
		words.Significant(whole, 3), a.ideally(), words.Significant(ideal, 3))
	if slower := a.inflation(summary, s.cpus); slower > 1.02 {
		text += fmt.Sprintf(" The kernels took %s times the core-seconds of the serial run, as cores that share memory, clock or hyperthreads do.",
			words.Significant(slower, 3))
		if len(named) == 0 {
			return text + " The fit has no other cost."
		}
	}
	if len(named) == 0 {
		return text + " By the fit, nothing but the number of cores limits them."
	}
	return text + fmt.Sprintf(" The rest is: %s. What limits them most: %s.", strings.Join(named, ", "), losses[0].Name)
}

// inflation returns the inflation of the shortest runs on a number of CPUs; 0 where these runs have no account of their
// time.
func (a *analysis) inflation(summary study.Summary, cpus int) float64 {
	for _, l := range summary.Lines {
		c := l.Condition
		c.CPUs, c.Nodes = 0, 0
		if c == a.Condition && l.CPUs == cpus {
			return l.Best().Inflation
		}
	}
	return 0
}

func (a *analysis) workSentence() string {
	text := "The work takes " + a.Work.InWords(1, "s") + " of one core"
	if a.ThreadUntold {
		text += " with its hyperthreads"
	}
	if a.Serial == nil {
		return text + "; a serial part cannot be told from it by these runs."
	}
	text += ", and " + a.Serial.InWords(1, "s") + " of every run are serial: no CPU shortens them."
	if a.Chunk == nil {
		text += " What handing out its chunks costs is a part of that."
	}
	if a.Serial.Value > 0 {
		text += fmt.Sprintf(" However many cores there are, a run is at most %s times as fast as on one.",
			words.Significant((a.Work.Value+a.Serial.Value)/a.Serial.Value, 2))
	}
	return text
}

// asManyThreads is why runs cannot tell what a second hyperthread adds.
const asManyThreads = "each of them uses as many second hyperthreads for each core"

// threadTold says whether the runs tell what a second hyperthread adds.
func (a *analysis) threadTold() bool { return a.Thread != nil && a.Thread.High-a.Thread.Low <= 0.8 }

func (a *analysis) threadSentence() string {
	if a.ThreadUntold {
		return "What a second hyperthread adds cannot be told from these runs: " + asManyThreads + "."
	}
	if a.Thread == nil {
		return ""
	}
	_, largest := a.largest()
	s := largest[len(largest)-1]
	if !a.threadTold() {
		return fmt.Sprintf("What a second hyperthread adds cannot be told from these runs: %s of a core.", a.Thread.InWords(100, "%"))
	}
	if a.unequal {
		return fmt.Sprintf("A second hyperthread seems to add %s of a core, if all chunks have the same work. They need not have it here: see the notes.",
			a.Thread.InWords(100, "%"))
	}
	return fmt.Sprintf("A second hyperthread adds %s of a core: all %s together do the work of %s cores.",
		a.Thread.InWords(100, "%"), words.Count(s.cpus, "CPU"), words.Significant(s.power(a.Thread.Value), 3))
}

func (a *analysis) chunkSentence() string {
	if a.Chunk == nil {
		return "What a chunk costs cannot be told: the runs do not differ in their number of chunks."
	}
	scale, unit := unitFor(max(a.Chunk.High, a.Overlapped))
	text := fmt.Sprintf("Each chunk (task) costs %s.", a.Chunk.InWords(scale, unit))
	if o := a.formNamed(overlapName); a.Overlapped > 0 {
		text += fmt.Sprintf(" If chunks are handed out while the CPUs work, so that a run takes the longer of the two and not their "+
			"sum, it is %s %s (error on CPU counts left out: %s instead of %s).", words.Significant(scale*a.Overlapped, 3), unit,
			words.Percent(o.CPUs.Mean), words.Percent(a.Forms[0].CPUs.Mean))
	}
	if c := a.formNamed(sharedName); c.CPUs.Mean < 0.9*a.Forms[0].CPUs.Mean {
		text += fmt.Sprintf(" Left-out CPU counts say that the workers pay for it side by side, and not one hand for all: %s instead of %s.",
			words.Percent(c.CPUs.Mean), words.Percent(a.Forms[0].CPUs.Mean))
	}
	return text
}

func (a *analysis) coreSentence() string {
	if a.Core == nil {
		return ""
	}
	_, largest := a.largest()
	s := shortest(largest)
	cores := int(s.inUse())
	if a.Core.Low == 0 {
		return fmt.Sprintf("An added core costs nothing that these runs show: %s, which is 0 to %s s for all %d of the shortest run.",
			a.coreCost(), words.Significant(a.Core.High*s.inUse(), 2), cores)
	}
	return fmt.Sprintf("Each core in use costs %s: %s s for the %d of the shortest run.", a.coreCost(),
		words.Significant(a.Core.Value*s.inUse(), 2), cores)
}

func (a *analysis) contentionSentence() string {
	if a.Contention == nil {
		return ""
	}
	if a.Contention.Value == 0 {
		return "CPUs do not slow their neighbours on the socket in a way that these runs show."
	}
	if a.Work.Value == 0 {
		return ""
	}
	return fmt.Sprintf("Each busy CPU makes the work of its socket longer by %s: together the others add %s to the work on the "+
		"largest number of CPUs.", a.Contention.InWords(1, "s"), words.Percent(a.Contention.Value*a.mostNeighbours()/a.Work.Value))
}

func (a *analysis) mostNeighbours() float64 {
	_, largest := a.largest()
	return largest[len(largest)-1].neighbours()
}

func (a *analysis) forecastSentence() string {
	f := a.Forecast
	if f == nil {
		return "All runs are on one CPU count: what more CPUs would do cannot be checked, and is not said."
	}
	text := fmt.Sprintf("Fitted to %s alone, the model says that the shortest run on %s takes %s; measured: %s s. Over all "+
		"numbers of chunks its predictions are off by %s (median; %s at worst; half of them are at least %s), and %s of the measurements lie in "+
		"their 95%% intervals.", words.CPUs(f.From), words.Count(f.CPUs, "CPU"), f.best.InWords(1, "s"), words.Significant(f.measured, 3),
		words.Percent(f.Errors.Median), words.Percent(f.Errors.worst), tendency(f.Errors.bias), words.Percent(f.within))
	if f.chosen != "" && f.chosen != wholeForm.name {
		text += fmt.Sprintf(" The form that predicts best among the smaller CPU counts, chosen without a look at the largest, is %q: it "+
			"is off by %s.", f.chosen, words.Percent(f.chosenErrors.Median))
	}
	if len(f.From) == 1 {
		text += " One CPU count is little to predict another from."
	}
	return text
}

func tendency(bias float64) string {
	if bias < 0 {
		return words.Percent(-bias) + " too short"
	}
	return words.Percent(bias) + " too long"
}

// termsSentence names the terms without which CPU counts that were left out are predicted worse by more than a tenth.
func (a *analysis) termsSentence() string {
	if a.Forecast == nil {
		return ""
	}
	whole := a.Forms[0].CPUs.Mean
	var need, idle []string
	for _, c := range a.Forms[1:] {
		switch {
		case c.Name == overlapName || c.Name == sharedName: // has all terms
		case c.CPUs.Mean > 1.1*whole:
			need = append(need, fmt.Sprintf("%s %s", c.Name, words.Percent(c.CPUs.Mean)))
		default:
			idle = append(idle, fmt.Sprintf("%s %s", c.Name, words.Percent(c.CPUs.Mean)))
		}
	}
	text := fmt.Sprintf("On CPU counts left out the model is off by %s (mean).", words.Percent(whole))
	if need != nil {
		text += " Worse: " + strings.Join(need, ", ") + "."
	}
	if idle != nil {
		text += " As good or better, so that these runs do not ask for the term: " + strings.Join(idle, ", ") + "."
	}
	return text
}

func (a *analysis) lawsSentence() string {
	if a.Forecast == nil {
		return ""
	}
	var named []string
	for _, c := range a.Laws {
		if c.CPUs.N > 0 {
			named = append(named, fmt.Sprintf("%s %s", c.Name, words.Percent(c.CPUs.Mean)))
		}
	}
	if named == nil {
		return ""
	}
	return "The laws that take every CPU for a processor, and know no chunks, are off there by: " + strings.Join(named, ", ") + "."
}

// machineSentence compares the machines by runs with few chunks, which keep the same number of cores busy on every
// machine. Differences between these runs come from the machines, and a model that counts cores cannot predict them.
func (a *analysis) machineSentence() string {
	fewest := slices.MinFunc(a.settings, func(a, b setting) int { return cmp.Compare(a.cores.Physical, b.cores.Physical) })
	for _, chunks := range keysOf(a.settings, byChunks) {
		with, _ := divide(a.settings, func(s setting) bool { return s.chunks == chunks })
		if len(with) < 2 || chunks > fewest.cores.Physical {
			continue
		}
		low := shortest(with).time
		high := slices.MaxFunc(with, func(a, b setting) int { return cmp.Compare(a.time, b.time) }).time
		return fmt.Sprintf("Runs of %s keep %s busy whatever the CPU count, and take %s to %s s: CPU counts differ by %s for other reasons "+
			"than the number of cores (another machine, another clock).", words.Chunks(chunks), words.Count(chunks, "core"), words.Significant(low, 3),
			words.Significant(high, 3), words.Percent(high/low-1))
	}
	return ""
}

// The names of the forms that differ in who pays for a chunk, and when.
const (
	overlapName = "handing out goes on during the work"
	sharedName  = "workers pay for their own chunks"
)

func (a *analysis) formNamed(name string) Comparison {
	for _, c := range a.Forms {
		if c.Name == name {
			return c
		}
	}
	return Comparison{}
}

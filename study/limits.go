package study

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A loss is a part of a run's time that is not work at the full speed of every CPU.
type loss struct {
	name    string
	seconds float64
}

// losses divides a setting's fitted time: first what the work would take if every CPU were a whole
// core and had its share, then why it takes longer.
func (h *Overhead) losses(s setting) (ideal float64, losses []loss) {
	parts := h.fit.parts(s)
	ideal = h.fit.values[termWork] / float64(s.cpus)
	spread := h.fit.values[termWork] / s.busy // over the CPUs that have a chunk
	return ideal, []loss{
		{"a hyperthread is no core", max(0, parts[termWork]-spread)},
		{"CPUs without a chunk", max(0, spread-ideal)},
		{"serial part", parts[termSerial]},
		{"each chunk", parts[termChunk]},
		{"each core", parts[termCore]},
		{"contention", parts[termContention]},
	}
}

// limits says what the fit means, a sentence or two each.
func (h *Overhead) limits() []string {
	said := []string{h.limitSentence(), h.workSentence()}
	for _, sentence := range []string{h.threadSentence(), h.chunkSentence(), h.coreSentence(), h.contentionSentence(),
		h.forecastSentence(), h.termsSentence(), h.lawsSentence(), h.machineSentence()} {
		if sentence != "" {
			said = append(said, sentence)
		}
	}
	return said
}

// limitSentence says where the time goes at the best setting of the largest CPU count.
func (h *Overhead) limitSentence() string {
	_, largest := h.largest()
	s := shortest(largest)
	ideal, losses := h.losses(s)
	slices.SortStableFunc(losses, func(a, b loss) int { return cmp.Compare(b.seconds, a.seconds) })
	whole := h.fit.time(s)
	var words []string
	for _, l := range losses {
		if l.seconds >= 0.005*whole {
			words = append(words, fmt.Sprintf("%s %s s", l.name, significant(l.seconds, 2)))
		}
	}
	text := fmt.Sprintf("On %s the shortest runs take %s s (%s; the model says %s s). If every CPU were a whole core and nothing "+
		"else cost time, they would take %s s.", countOf(s.cpus, "CPU"), significant(s.time, 3), chunksInWords(s.chunks),
		significant(whole, 3), significant(ideal, 3))
	if len(words) == 0 {
		return text + " Nothing but the number of cores limits them."
	}
	return text + fmt.Sprintf(" The rest is: %s. What limits them most: %s.", strings.Join(words, ", "), losses[0].name)
}

func (h *Overhead) workSentence() string {
	text := "The work takes " + h.Work.inWords(1, "s") + " of one core"
	if h.Serial == nil {
		return text + "; a serial part cannot be told from it by these runs."
	}
	text += ", and " + h.Serial.inWords(1, "s") + " of every run are serial: no CPU shortens them."
	if h.Serial.Value > 0 {
		text += fmt.Sprintf(" However many cores there are, a run is at most %s times as fast as on one.",
			significant((h.Work.Value+h.Serial.Value)/h.Serial.Value, 2))
	}
	return text
}

func (h *Overhead) threadSentence() string {
	if h.Thread == nil {
		return ""
	}
	_, largest := h.largest()
	s := largest[len(largest)-1]
	return fmt.Sprintf("A second hyperthread adds %s of a core: all %d CPUs together do the work of %s cores.",
		h.Thread.inWords(100, "%"), s.cpus, significant(s.power(h.Thread.Value), 3))
}

func (h *Overhead) chunkSentence() string {
	if h.Chunk == nil {
		return "What a chunk costs cannot be told: the runs do not differ in their number of chunks."
	}
	unit, scale := "ms", 1e3
	if h.Chunk.High < 1e-3 && h.Overlapped < 1e-3 {
		unit, scale = "µs", 1e6
	}
	text := fmt.Sprintf("Each chunk (task) costs %s.", h.Chunk.inWords(scale, unit))
	if o := h.formNamed(overlapName); h.Overlapped > 0 {
		text += fmt.Sprintf(" If chunks are handed out while the CPUs work, so that a run takes the longer of the two and not their "+
			"sum, it is %s %s (error on CPU counts left out: %s instead of %s).", significant(scale*h.Overlapped, 3), unit,
			percent(o.CPUs.Mean), percent(h.Forms[0].CPUs.Mean))
	}
	if c := h.formNamed(sharedName); c.CPUs.Mean < 0.9*h.Forms[0].CPUs.Mean {
		text += fmt.Sprintf(" Left-out CPU counts say that the workers pay for it side by side, and not one hand for all: %s instead of %s.",
			percent(c.CPUs.Mean), percent(h.Forms[0].CPUs.Mean))
	}
	return text
}

func (h *Overhead) coreSentence() string {
	if h.Core == nil {
		return ""
	}
	_, largest := h.largest()
	s := shortest(largest)
	cores := int(s.inUse())
	if h.Core.Value == 0 {
		return fmt.Sprintf("An added core costs nothing that these runs show: %s, which is 0 to %s s for all %d of the shortest run.",
			h.Core.inWords(1e3, "ms"), significant(h.Core.High*s.inUse(), 2), cores)
	}
	return fmt.Sprintf("Each core in use costs %s: %s s for the %d of the shortest run.", h.Core.inWords(1e3, "ms"),
		significant(h.Core.Value*s.inUse(), 2), cores)
}

func (h *Overhead) contentionSentence() string {
	if h.Contention == nil {
		return ""
	}
	if h.Contention.Value == 0 {
		return "CPUs do not slow their neighbours on the socket in a way that these runs show."
	}
	return fmt.Sprintf("Each busy CPU makes the work of its socket longer by %s: together the others add %s to the work on the "+
		"largest number of CPUs.", h.Contention.inWords(1, "s"), percent(h.Contention.Value*h.mostNeighbours()/h.Work.Value))
}

func (h *Overhead) mostNeighbours() float64 {
	_, largest := h.largest()
	return largest[len(largest)-1].neighbours()
}

func (h *Overhead) forecastSentence() string {
	f := h.Forecast
	if f == nil {
		return "All runs are on one CPU count: what more CPUs would do cannot be checked, and is not said."
	}
	text := fmt.Sprintf("Fitted to %s alone, the model says that the shortest run on %d CPUs takes %s; measured: %s s. Over all "+
		"numbers of chunks its predictions are off by %s (median; %s at worst; half of them are at least %s), and %s of the measurements lie in "+
		"their 95%% intervals.", cpusInWords(f.From), f.CPUs, f.Best.inWords(1, "s"), significant(f.Measured, 3),
		percent(f.Errors.Median), percent(f.Errors.Worst), tendency(f.Errors.Bias), percent(f.Within))
	if f.Chosen != "" && f.Chosen != wholeForm.name {
		text += fmt.Sprintf(" The form that predicts best among the smaller CPU counts, chosen without a look at the largest, is %q: it "+
			"is off by %s.", f.Chosen, percent(f.ChosenErrors.Median))
	}
	if len(f.From) == 1 {
		text += " One CPU count is little to predict another from."
	}
	return text
}

func tendency(bias float64) string {
	if bias < 0 {
		return percent(-bias) + " too short"
	}
	return percent(bias) + " too long"
}

// termsSentence says without which terms left-out CPU counts are predicted worse by more than a
// tenth.
func (h *Overhead) termsSentence() string {
	if h.Forecast == nil {
		return ""
	}
	whole := h.Forms[0].CPUs.Mean
	var need, idle []string
	for _, c := range h.Forms[1:] {
		switch {
		case c.Name == overlapName || c.Name == sharedName: // no term less
		case c.CPUs.Mean > 1.1*whole:
			need = append(need, fmt.Sprintf("%s %s", c.Name, percent(c.CPUs.Mean)))
		default:
			idle = append(idle, fmt.Sprintf("%s %s", c.Name, percent(c.CPUs.Mean)))
		}
	}
	text := fmt.Sprintf("On CPU counts left out the model is off by %s (mean).", percent(whole))
	if need != nil {
		text += " Worse: " + strings.Join(need, ", ") + "."
	}
	if idle != nil {
		text += " As good or better, so that these runs do not ask for the term: " + strings.Join(idle, ", ") + "."
	}
	return text
}

func (h *Overhead) lawsSentence() string {
	if h.Forecast == nil {
		return ""
	}
	var words []string
	for _, c := range h.Laws {
		words = append(words, fmt.Sprintf("%s %s", c.Name, percent(c.CPUs.Mean)))
	}
	return "The laws that take every CPU for a processor, and know no chunks, are off there by: " + strings.Join(words, ", ") + "."
}

// machineSentence compares runs of few chunks, which keep as many cores busy on every machine: what
// they differ by is the machines' own, and no model of cores predicts better.
func (h *Overhead) machineSentence() string {
	fewest := slices.MinFunc(h.settings, func(a, b setting) int { return cmp.Compare(a.cores.Physical, b.cores.Physical) })
	for _, chunks := range keysOf(h.settings, byChunks) {
		with, _ := divide(h.settings, func(s setting) bool { return s.chunks == chunks })
		if len(with) < 2 || chunks > fewest.cores.Physical {
			continue
		}
		low := shortest(with).time
		high := slices.MaxFunc(with, func(a, b setting) int { return cmp.Compare(a.time, b.time) }).time
		return fmt.Sprintf("Runs of %s keep %s busy whatever the CPU count, and take %s to %s s: CPU counts differ by %s for reasons that are "+
			"no number of cores (another machine, another clock).", chunksInWords(chunks), countOf(chunks, "core"), significant(low, 3),
			significant(high, 3), percent(high/low-1))
	}
	return ""
}

// The forms that differ in who pays for a chunk, and when.
const (
	overlapName = "handing out goes on during the work"
	sharedName  = "workers pay for their own chunks"
)

func (h *Overhead) formNamed(name string) Comparison {
	for _, c := range h.Forms {
		if c.Name == name {
			return c
		}
	}
	return Comparison{}
}

// inWords writes an estimate with its interval, in a unit that it is multiplied for.
func (e Estimate) inWords(scale float64, unit string) string {
	if unit != "%" {
		unit = " " + unit
	}
	return fmt.Sprintf("%s%s (%s)", significant(scale*e.Value, 3), unit, e.interval(scale))
}

func (e Estimate) interval(scale float64) string {
	return significant(scale*e.Low, 3) + " to " + significant(scale*e.High, 3)
}

func percent(share float64) string {
	if math.IsNaN(share) {
		return "-"
	}
	if math.Abs(share) >= 0.1 {
		return fmt.Sprintf("%.0f%%", 100*share)
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}

// inList writes 8, 16 and 36.
func inList(counts []int) string {
	var words []string
	for _, n := range counts {
		words = append(words, fmt.Sprint(n))
	}
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return words[0]
}

// cpusInWords writes 1 CPU, or 8, 16 and 36 CPUs.
func cpusInWords(counts []int) string {
	if len(counts) == 1 {
		return countOf(counts[0], "CPU")
	}
	return inList(counts) + " CPUs"
}

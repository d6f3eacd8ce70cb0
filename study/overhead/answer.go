package overhead

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// An Answer is one of the study's questions with the answers that the runs of each model give.
type Answer struct {
	Question string
	Said     []Said
}

// A Said is the answer from one model's runs, on its largest data set, in a sentence or two. Check holds it against
// measured times, another size of data, or runs that were left out of the fit; it is empty where there is none. Of names
// the model, with the engine where there are several engines; it is empty where there is one model.
type Said struct {
	Of, Answer, Check string
	short             string // Of within a sentence
}

// The study's questions. That about slower runs is slowerQuestion's.
const (
	whyQuestion    = "Why do more cores help so little?"
	threadQuestion = "What does a second hyperthread add?"
	serialQuestion = "What is serial?"
	taskQuestion   = "What does a task cost?"
	coreQuestion   = "What does a core cost?"
	rentQuestion   = "What to rent?"
)

// largestOfEach returns the analysis of the largest data set of each engine and model.
func largestOfEach(analyses []*analysis) []*analysis {
	var main []*analysis
	for _, a := range analyses { // the larger data set first
		if !slices.ContainsFunc(main, a.isLike) {
			main = append(main, a)
		}
	}
	return main
}

// isLike says whether two analyses differ in nothing but the size of their data.
func (a *analysis) isLike(b *analysis) bool {
	same := b.Condition
	same.Voxels = a.Voxels
	return same == a.Condition
}

// answers returns the study's questions with their answers.
func (e Explanation) answers(main, analyses []*analysis, reconciled []reconciliation) []Answer {
	prices := e.Summary.Prices
	var all []Answer
	for _, q := range []struct {
		question      string
		answer, check func(*analysis) string
	}{
		{slowerQuestion(main), (*analysis).slowerAnswer, (*analysis).slowerCheck},
		{whyQuestion, (*analysis).whyAnswer, (*analysis).whyCheck},
		{threadQuestion, (*analysis).threadAnswer, func(a *analysis) string { return a.threadCheck(reconciled) }},
		{serialQuestion, (*analysis).serialAnswer, func(a *analysis) string { return a.serialCheck(analyses) }},
		{taskQuestion, (*analysis).taskAnswer, func(a *analysis) string { return a.taskCheck(analyses) }},
		{coreQuestion, (*analysis).coreAnswer, (*analysis).coreCheck},
		{rentQuestion, func(a *analysis) string { return a.rentAnswer(prices) }, func(a *analysis) string { return a.rentCheck(prices) }},
	} {
		answer := Answer{Question: q.question}
		for _, a := range main {
			said := Said{Of: a.called(main), Answer: q.answer(a), short: a.calledInShort(main)}
			if said.Answer == "" {
				continue
			}
			said.Check = q.check(a)
			answer.Said = append(answer.Said, said)
		}
		if answer.Said != nil {
			all = append(all, answer)
		}
	}
	return all
}

func slowerQuestion(main []*analysis) string {
	if allReported(main) {
		return "Were 48 and 72 cores slower than 32?"
	}
	return "Were more cores slower?"
}

// allReported says whether the published report has times of all models.
func allReported(main []*analysis) bool {
	return !slices.ContainsFunc(main, func(a *analysis) bool { return len(a.Reported) == 0 })
}

// called returns a name that tells an analysis from the others: the model, with the engine where there are several.
func (a *analysis) called(main []*analysis) string { return a.name(modelname.WordsOf(a.Model), main) }

// calledInShort is the same for a sentence.
func (a *analysis) calledInShort(main []*analysis) string {
	return a.name(modelname.ShortOf(a.Model), main)
}

func (a *analysis) name(model string, main []*analysis) string {
	if len(main) == 1 {
		return ""
	}
	name := model
	if slices.ContainsFunc(main, func(b *analysis) bool { return b.Name != a.Name }) {
		name += ", " + a.Name
	}
	return name
}

// on returns the setting with the shortest time on a number of CPUs; false where there is none.
func (a *analysis) on(cpus int) (setting, bool) {
	with, _ := divide(a.settings, func(s setting) bool { return s.cpus == cpus })
	if len(with) == 0 {
		return setting{}, false
	}
	return shortest(with), true
}

// reportedOf returns the results of the published report for this model that have a time. Runs of other studies have
// none.
func (a *analysis) reportedOf() []study.PublishedResult {
	if len(a.Reported) == 0 {
		return nil
	}
	return slices.DeleteFunc(study.PublishedResults(), func(r study.PublishedResult) bool { return r.Model != a.Model || r.BestSeconds == 0 })
}

// shortestTimes are the times of the shortest runs on each number of CPUs: those of the report, if it has the model,
// and otherwise those that were fitted.
type shortestTimes struct {
	cpus  []int
	times []float64
	halfs []float64 // of their 95% intervals; 0 where there is none
	said  string    // the times, in seconds
}

func (a *analysis) shortestTimes() shortestTimes {
	var t shortestTimes
	var said []string
	for _, r := range a.reportedOf() {
		t.cpus, t.times, t.halfs = append(t.cpus, r.CPUs), append(t.times, r.BestSeconds), append(t.halfs, 0)
		said = append(said, words.Plain(r.BestSeconds))
	}
	if t.cpus == nil {
		for _, n := range a.CPUCounts {
			s, _ := a.on(n)
			half := study.Describe(s.runs.times).Half
			if math.IsNaN(half) {
				half = 0
			}
			t.cpus, t.times, t.halfs = append(t.cpus, n), append(t.times, s.time), append(t.halfs, half)
			said = append(said, words.Significant(s.time, 3))
		}
	}
	t.said = strings.Join(said, ", ")
	return t
}

// A slowdown is a number of CPUs on which the shortest run took longer than on fewer, by some share of that time.
type slowdown struct {
	cpus int
	by   float64
}

// slower returns each number of CPUs on which the shortest run took longer than on fewer. A difference of 2%, or one
// within the intervals, may be noise.
func (t shortestTimes) slower() []slowdown {
	var all []slowdown
	fastest := 0
	for i, x := range t.times {
		if x > 1.02*t.times[fastest] && x-t.times[fastest] > t.halfs[i]+t.halfs[fastest] {
			all = append(all, slowdown{t.cpus[i], x/t.times[fastest] - 1})
		}
		if x < t.times[fastest] {
			fastest = i
		}
	}
	return all
}

// slowerAnswer says whether a larger number of CPUs took longer, in seconds.
func (a *analysis) slowerAnswer() string {
	t := a.shortestTimes()
	if len(t.cpus) < 2 {
		return ""
	}
	verdict := "no, not in seconds"
	var slower []string
	for _, s := range t.slower() {
		slower = append(slower, fmt.Sprintf("on %s by %s", words.Count(s.cpus, "CPU"), words.Percent(s.by)))
	}
	if slower != nil {
		verdict = "yes, " + strings.Join(slower, ", ")
	}
	if len(a.Reported) > 0 {
		most := slices.Max(a.CPUCounts)
		s, _ := a.on(most)
		return fmt.Sprintf("%s: the report's shortest runs on %s take %s s. (Those runs are not in the published file. Its runs were made on other "+
			"machines, and all that follows is about them: their shortest on %s takes %s s.)", verdict, words.CPUs(t.cpus), t.said, words.Count(most, "CPU"), words.Significant(s.time, 3))
	}
	return fmt.Sprintf("%s: the shortest runs on %s take %s s.", verdict, words.CPUs(t.cpus), t.said)
}

func secondsList(times []float64) string {
	var said []string
	for _, t := range times {
		said = append(said, words.Significant(t, 3))
	}
	return strings.Join(said, ", ")
}

// slowerCheck explains where the report's speed-ups fall: which serial times they were divided by, and what they would
// be with one serial time for all.
func (a *analysis) slowerCheck() string {
	reported := a.reportedOf()
	if reported == nil {
		return ""
	}
	var serial, ups, published []float64
	var cpus []int
	mean := 0.0
	for _, r := range reported {
		serial, cpus = append(serial, math.Round(r.BestSeconds*r.SpeedUp)), append(cpus, r.CPUs)
		mean += r.BestSeconds * r.SpeedUp / float64(len(reported))
		published = append(published, r.SpeedUp)
	}
	if slices.IsSorted(published) {
		return fmt.Sprintf("the report's speed-ups do not fall either: %s.", secondsList(published))
	}
	for _, r := range reported {
		ups = append(ups, mean/r.BestSeconds)
	}
	falls := "what falls in the report is mostly the baseline"
	if slices.IsSorted(ups) {
		falls = "with one serial time for all, nothing falls"
	}
	return fmt.Sprintf("each speed-up of the report is over a serial time of its own, which makes most of the dip: speed-up times best time is %s s on %s. Over their mean, %s s, "+
		"the speed-ups are %s: %s.", secondsList(serial), words.CPUs(cpus), words.Significant(mean, 3), secondsList(ups), falls)
}

// whyAnswer divides the shortest run on the most CPUs, where these were not put to full use.
func (a *analysis) whyAnswer() string {
	_, largest := a.largest()
	s := shortest(largest)
	ideal, losses := a.losses(s)
	whole := a.fit.time(s)
	if len(a.CPUCounts) < 2 || ideal > 0.8*whole {
		return ""
	}
	slices.SortStableFunc(losses, func(x, y Loss) int { return cmp.Compare(y.Seconds, x.Seconds) })
	var named []string
	for _, l := range losses {
		if l.Seconds >= 0.005*whole { // a reader may add them up
			named = append(named, fmt.Sprintf("%s s %s%s", words.Significant(l.Seconds, 2), whyOf[l.Name], a.perhaps(l.Name)))
		}
	}
	return fmt.Sprintf("of the %s s that the fit gives the shortest run on %s, %s s would be left if %s and nothing else took "+
		"time. The rest: %s.", words.Significant(whole, 3), words.Count(s.cpus, "CPU"), words.Significant(ideal, 3), a.ideally(), strings.Join(named, ", "))
}

// whyCheck compares the fit with the run that it divides.
func (a *analysis) whyCheck() string {
	_, largest := a.largest()
	s := shortest(largest)
	return fmt.Sprintf("that run was measured to take %s s, so that the fit is %s.", words.Significant(s.time, 3), tendency(a.fit.time(s)/s.time-1))
}

func (a *analysis) threadAnswer() string {
	switch {
	case a.ThreadUntold:
		return "these runs cannot tell it: " + asManyThreads + "."
	case a.Thread == nil:
		return ""
	case !a.threadTold():
		return "these runs cannot tell it: " + a.Thread.InWords(100, "%") + " of a core."
	}
	most := slices.Max(a.CPUCounts)
	s, _ := a.on(most)
	s.busy = float64(s.cpus)
	return fmt.Sprintf("%s of a core, so that %s do the work of %s cores.", a.Thread.InWords(100, "%"), words.Count(most, "CPU"),
		words.Plain(math.Round(10*s.power(a.Thread.Value))/10))
}

// threadCheck compares the file's 8 cores with two threads each with the report's 8 cores with one thread each. It also
// says what the smaller data sets show.
func (a *analysis) threadCheck(reconciled []reconciliation) string {
	var said []string
	if s, ok := a.on(16); ok && a.reportedOf() != nil {
		said = append(said, fmt.Sprintf("eight cores take %s s with 16 threads (the file's 16 CPUs) and %s s with 8 (the report's 8 CPUs).",
			words.Significant(s.time, 3), words.Plain(a.reportedOf()[0].BestSeconds)))
	}
	for _, r := range reconciled {
		if r.large == a {
			said = append(said, r.short())
		}
	}
	return strings.Join(said, " ")
}

func (a *analysis) serialAnswer() string {
	if a.Serial == nil {
		return "these runs cannot tell it from the work."
	}
	_, largest := a.largest()
	best := shortest(largest)
	with := ""
	if a.Chunk == nil {
		with = ", with what its tasks cost"
	}
	return fmt.Sprintf("%s of every run%s, %s of the shortest on %s.", a.Serial.InWords(1, "s"), with, words.Percent(a.Serial.Value/best.time), words.Count(best.cpus, "CPU"))
}

// serialCheck compares the serial parts of a model's data sets: the time of a copy grows with the voxels, that of a
// start does not.
func (a *analysis) serialCheck(analyses []*analysis) string {
	var voxels, each []string
	var largest, smallest *analysis
	for _, b := range analyses {
		if !a.isLike(b) || b.Serial == nil || b.Serial.Value == 0 {
			continue
		}
		if largest == nil { // the larger data set comes first
			largest = b
		}
		smallest = b
		voxels, each = append(voxels, words.Thousands(b.Voxels)), append(each, words.Significant(1e6*b.Serial.Value/float64(b.Voxels), 2))
	}
	if len(each) < 2 {
		return ""
	}
	text := fmt.Sprintf("it is %s µs a voxel on %s voxels", strings.Join(each, ", "), strings.Join(voxels, "; "))
	grows := largest.Serial.Low > smallest.Serial.High
	less := smallest.Serial.Low/float64(smallest.Voxels) > largest.Serial.High/float64(largest.Voxels)
	switch {
	case grows && less:
		return text + ": it grows with the data, but a part of it does not."
	case grows:
		return text + ": it grows with the data, as copying, packing and collecting them does, and starting up does not."
	case less:
		return text + ", so that a part of it does not grow with the data."
	}
	return text + "; these runs cannot tell whether it grows with the data."
}

func (a *analysis) taskAnswer() string {
	if a.Chunk == nil {
		return "these runs do not differ in their number of chunks."
	}
	return a.Chunk.InWords(unitFor(a.Chunk.High)) + "."
}

// unitFor returns the unit in which a chunk's cost of this size is written, and its factor.
func unitFor(seconds float64) (float64, string) {
	switch {
	case seconds < 1e-4:
		return 1e6, "µs"
	case seconds < 10:
		return 1e3, "ms"
	}
	return 1, "s"
}

// taskCheck is the slope of the times towards many chunks, and what the model's other data sets say.
func (a *analysis) taskCheck(analyses []*analysis) string {
	if a.Chunk == nil {
		return ""
	}
	_, largest := a.largest()
	few := shortest(largest)
	scale, unit := unitFor(a.Chunk.High)
	var said []string
	for _, many := range largest {
		// With fewer chunks than CPUs, other costs grow with the chunks too. Less than a tenth may be noise.
		if many.chunks == 16*few.chunks && few.busy == float64(few.cpus) && many.time > 1.1*few.time {
			slope := (many.time - few.time) / (many.count - few.count)
			said = append(said, fmt.Sprintf("a run on %s takes %s s with %s chunks and %s s with %s, which is %s %s for each further chunk", words.Count(few.cpus, "CPU"),
				words.Significant(few.time, 3), words.Thousands(few.chunks), words.Significant(many.time, 3), words.Thousands(many.chunks),
				words.Significant(scale*slope, 2), unit))
		}
	}
	text, it := "", "it"
	if said != nil {
		text, it = strings.Join(said, "; ")+". ", "It"
	}
	said = nil
	for _, b := range analyses {
		if b != a && a.isLike(b) && b.Chunk != nil {
			said = append(said, fmt.Sprintf("%s on %s", b.Chunk.InWords(scale, unit), words.Voxels(b.Voxels)))
		}
	}
	if said != nil {
		text += it + " is " + strings.Join(said, " and ") + ". "
	}
	return strings.TrimSpace(text + a.tracedTask())
}

// tracedTask says what a task of the study's program consists of, by BENCHMARKS.md, where the runs are those of the report.
func (a *analysis) tracedTask() string {
	if len(a.Reported) == 0 {
		return ""
	}
	return study.PublishedTask(a.Model)
}

func (a *analysis) coreAnswer() string {
	if a.Core == nil {
		return "these runs cannot tell it from the rest."
	}
	_, largest := a.largest()
	s := shortest(largest)
	text := fmt.Sprintf("%s, at most %s s for the %s in use in the shortest run", a.coreCost(), words.Significant(a.Core.High*s.inUse(), 2),
		words.Count(int(s.inUse()), "core"))
	if a.Core.Low == 0 {
		return "nothing that these runs show: " + text + "."
	}
	return text + "."
}

func (a *analysis) coreCost() string { return a.Core.InWords(unitFor(a.Core.High)) }

// coreCheck says how much worse CPU counts that were left out are predicted without the cost of a core.
func (a *analysis) coreCheck() string {
	without := a.formNamed("without a cost of each core")
	if a.Core == nil || without.CPUs.N == 0 {
		return ""
	}
	return fmt.Sprintf("on CPU counts left out the mean error is %s with a cost of each core and %s without.", words.Percent(a.Forms[0].CPUs.Mean),
		words.Percent(without.CPUs.Mean))
}

// rentAnswer compares the cheapest run with the fastest one, among machines of the price table.
func (a *analysis) rentAnswer(prices study.Prices) string {
	cheap, fast, ok := a.rented(prices)
	if !ok {
		return ""
	}
	text := fmt.Sprintf("a machine of %s costs least, $%s and %s s a data set", words.Count(cheap.cpus, "CPU"), words.Significant(cheap.dollars, 2),
		words.Significant(cheap.time, 3))
	if priced := a.priced(prices); len(priced) < len(a.CPUCounts) {
		text = fmt.Sprintf("of %s CPUs, which are in the price table, ", words.List(priced)) + text
	}
	if cheap.cpus == fast.cpus {
		return text + ", and is fastest."
	}
	return text + fmt.Sprintf(", and one of %s is fastest, %s times as fast for %s times the money.", words.Count(fast.cpus, "CPU"),
		words.Significant(cheap.time/fast.time, 2), words.Significant(fast.dollars/cheap.dollars, 2))
}

// rentCheck says what as many small machines as have the same price, or nearly, would do.
func (a *analysis) rentCheck(prices study.Prices) string {
	cheap, fast, ok := a.rented(prices)
	if !ok || cheap.cpus == fast.cpus {
		return ""
	}
	one, other := prices.Table[cheap.cpus], prices.Table[fast.cpus]
	machines := math.Floor(1.01 * other / one)
	if machines < 2 {
		return ""
	}
	text := fmt.Sprintf("%s machines of %s cost $%s an hour and one of %d $%s; they finish a data set every %s s.", words.Plain(machines),
		words.Count(cheap.cpus, "CPU"), words.Significant(machines*one, 3), fast.cpus, words.Significant(other, 3), words.Significant(cheap.time/machines, 3))
	if math.Abs(machines*one/other-1) < 0.01 {
		text = fmt.Sprintf("%s machines of %s cost an hour what one of %d does, $%s, and finish a data set every %s s.", words.Plain(machines),
			words.Count(cheap.cpus, "CPU"), fast.cpus, words.Significant(other, 3), words.Significant(cheap.time/machines, 3))
	}
	if !a.published {
		text += fmt.Sprintf(" That is so if a machine of %s takes as long as these runs did.", words.Count(cheap.cpus, "CPU"))
	}
	if r := a.reportedOf(); r != nil && r[0].CPUs == cheap.cpus {
		text += fmt.Sprintf(" (The report's $%s on %d CPUs is of as many whole cores of a larger machine; a machine of %[2]d CPUs has half as many.)",
			words.Plain(r[0].Dollars), r[0].CPUs)
	}
	return text
}

// A rental is the shortest run on a machine with a price.
type rental struct {
	cpus          int
	time, dollars float64
}

// rented returns the cheapest and the fastest run, of those on CPU counts in the price table; false where fewer than
// two CPU counts have a price.
func (a *analysis) rented(prices study.Prices) (cheap, fast rental, ok bool) {
	all := a.priced(prices)
	for i, cpus := range all {
		s, _ := a.on(cpus)
		r := rental{cpus, s.time, prices.Table[cpus] * s.time / 3600}
		if i == 0 || r.dollars < cheap.dollars {
			cheap = r
		}
		if i == 0 || r.time < fast.time {
			fast = r
		}
	}
	return cheap, fast, len(all) > 1
}

// priced returns the CPU counts of the price table: others may not be for sale.
func (a *analysis) priced(prices study.Prices) []int {
	var cpus []int
	for _, n := range a.CPUCounts {
		if _, ok := prices.Table[n]; ok {
			cpus = append(cpus, n)
		}
	}
	return cpus
}

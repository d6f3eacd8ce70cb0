package overhead

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
)

func explained(t *testing.T, records []study.Record, o Options) Explanation {
	t.Helper()
	e, err := Explain(records, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// analysed is the first of the overheads that Explain would return, with what it was found from.
func analysed(records []study.Record, resamples int) *analysis {
	conditions, groups := conditionsOf(pointers(records))
	a := newAnalysis(conditions[0], groups[conditions[0]], study.Machines{})
	a.explain(Options{Resamples: resamples})
	return a
}

func pointers(records []study.Record) []*study.Record {
	all := make([]*study.Record, len(records))
	for i := range records {
		all[i] = &records[i]
	}
	return all
}

func settingsFrom(records []study.Record, m study.Machines) []setting {
	return settingsOf(pointers(records), m)
}

func TestKnownCostsAreFoundAgain(t *testing.T) {
	peer.Slow(t)
	h := explained(t, studytest.Runs(studytest.Known, 0.01, 1), Options{Resamples: 60}).Overheads[0]
	for _, c := range []struct {
		name      string
		got       *study.Estimate
		want, off float64
	}{
		{"work", h.Work, studytest.Known.Work, 0.02}, {"chunk", h.Chunk, studytest.Known.Chunk, 0.03}, {"serial", h.Serial, studytest.Known.Serial, 0.1},
		{"core", h.Core, studytest.Known.Core, 0.2}, {"contention", h.Contention, studytest.Known.Contention, 0.3},
		{"hyperthread", h.Thread, studytest.Known.Thread, 0.05},
	} {
		if c.got == nil {
			t.Errorf("%s cannot be told", c.name)
			continue
		}
		if math.Abs(c.got.Value/c.want-1) > c.off {
			t.Errorf("%s is %.4g, want %.4g within %g%%", c.name, c.got.Value, c.want, 100*c.off)
		}
		if c.got.Low > c.got.Value || c.got.High < c.got.Value {
			t.Errorf("%s: the interval %v does not hold the value", c.name, *c.got)
		}
	}
}

func TestWithoutNoiseTheFitIsExact(t *testing.T) {
	f := wholeForm.fit(settingsFrom(studytest.Runs(studytest.Known, 0, 1), study.Machines{}))
	want := [termCount]float64{termWork: studytest.Known.Work, termChunk: studytest.Known.Chunk, termSerial: studytest.Known.Serial,
		termCore: studytest.Known.Core, termContention: studytest.Known.Contention}
	for i, w := range want {
		if math.Abs(f.values[i]/w-1) > 0.02 {
			t.Errorf("term %d is %g, want %g", i, f.values[i], w)
		}
	}
	if f.loss > 1e-5 {
		t.Errorf("the loss is %g, want none", f.loss)
	}
}

// Of a hundred and twenty intervals of 95%, made from as many drawn studies, some six may miss. The
// bound leaves room for the bootstrap of few settings, which is known to be narrow.
func TestIntervalsCoverWhatIsTrue(t *testing.T) {
	peer.Slow(t)
	covered, all := 0, 0
	for seed := range uint64(long.Of(40, 12)) {
		settings := settingsFrom(studytest.Runs(studytest.Known, 0.03, 100+seed), study.Machines{})
		h := analysis{settings: settings, fit: wholeForm.fit(settings)}
		random := rand.New(rand.NewPCG(seed, 1))
		for range 40 {
			h.drawn = append(h.drawn, wholeForm.fit(resample(settings, random)))
		}
		for term, want := range map[int]float64{termWork: studytest.Known.Work, termChunk: studytest.Known.Chunk, termSerial: studytest.Known.Serial} {
			e := h.estimate(func(f fitted) float64 { return f.values[term] })
			all++
			if e.Low <= want && want <= e.High {
				covered++
			}
		}
	}
	if share := float64(covered) / float64(all); share < 0.8 {
		t.Errorf("%d of %d intervals hold the true value", covered, all)
	}
}

func TestNoCostIsNegative(t *testing.T) {
	peer.Slow(t)
	records := studytest.Runs(studytest.Costs{Work: 100, Thread: 0.5}, 0, 1)
	for i := range records { // faster than all CPUs could make it
		records[i].Time /= 1 + 0.02*float64(records[i].CPUCount)
	}
	h := explained(t, records, Options{Resamples: 20}).Overheads[0]
	for name, e := range map[string]*study.Estimate{"work": h.Work, "chunk": h.Chunk, "serial": h.Serial, "core": h.Core, "contention": h.Contention} {
		if e != nil && (e.Value < 0 || e.Low < 0) {
			t.Errorf("%s is %v", name, *e)
		}
	}
	if h.Thread == nil || h.Thread.Value < 0 || h.Thread.Value > 1 {
		t.Errorf("a hyperthread adds %v of a core", h.Thread)
	}
}

func TestABrokenDownSettingDoesNotBendTheRest(t *testing.T) {
	records := studytest.Runs(studytest.Known, 0.005, 1)
	for i, r := range records {
		if r.CPUCount == 8 && r.NumChunks >= 8192 {
			records[i].Time *= 5
		}
	}
	f := wholeForm.fit(settingsFrom(records, study.Machines{}))
	if math.Abs(f.values[termWork]/studytest.Known.Work-1) > 0.05 || math.Abs(f.values[termSerial]/studytest.Known.Serial-1) > 0.25 {
		t.Errorf("with two settings five times too long, work is %.4g and the serial part %.4g, want %g and %g",
			f.values[termWork], f.values[termSerial], studytest.Known.Work, studytest.Known.Serial)
	}
}

func TestATermThatIsNeededIsMissedOnRunsLeftOut(t *testing.T) {
	peer.Slow(t)
	h := analysed(studytest.Runs(studytest.Known, 0.01, 1), 20)
	whole := h.formNamed(wholeForm.name)
	for _, name := range []string{"without the serial part", "without a cost of each chunk", "a hyperthread is a whole core", "a hyperthread is nothing"} {
		if c := h.formNamed(name); c.CPUs.N == 0 || c.CPUs.Mean < 1.5*whole.CPUs.Mean {
			t.Errorf("%s: error on CPU counts left out %.3f, with all terms %.3f", name, c.CPUs.Mean, whole.CPUs.Mean)
		}
	}
	for _, c := range h.Laws {
		if c.CPUs.Mean < 2*whole.CPUs.Mean {
			t.Errorf("%s, which knows no chunks and no hyperthreads: error %.3f, the model's %.3f", c.Name, c.CPUs.Mean, whole.CPUs.Mean)
		}
	}
	if h.Forecast == nil || h.Forecast.CPUs != 72 || !slices.Equal(h.Forecast.From, []int{8, 16, 36}) || h.Forecast.Errors.Median > 0.05 {
		t.Errorf("the forecast is %+v", h.Forecast)
	}
}

func TestATermThatIsNotThereIsNotMissed(t *testing.T) {
	peer.Slow(t)
	k := studytest.Known
	k.Core, k.Contention = 0, 0
	h := analysed(studytest.Runs(k, 0.01, 2), 40)
	whole := h.formNamed(wholeForm.name).CPUs.Mean
	for _, name := range []string{"without a cost of each core", "without contention"} {
		if got := h.formNamed(name).CPUs.Mean; got > 1.1*whole {
			t.Errorf("%s: error %.4f, with all terms %.4f", name, got, whole)
		}
	}
	if h.Core == nil || h.Core.Low > 1e-9 {
		t.Errorf("a core costs %v, want an interval from 0", h.Core)
	}
}

// The three ways in which chunks can be paid for, each found again by its own form.
func TestWhoPaysForAChunkIsToldApart(t *testing.T) {
	for _, f := range []form{wholeForm, {name: sharedName, terms: allTerms, shared: true}, {name: overlapName, terms: allTerms, overlap: termChunk}} {
		truth := fitted{form: f, thread: 0.3}
		truth.values = [termCount]float64{termWork: 100, termChunk: 2e-3, termSerial: 3}
		settings := settingsFrom(studytest.Runs(studytest.Known, 0, 1), study.Machines{})
		for i := range settings {
			settings[i].time = truth.time(settings[i])
		}
		got := f.fit(settings)
		if math.Abs(got.values[termChunk]/2e-3-1) > 0.05 {
			t.Errorf("%s: a chunk costs %g, want 0.002", f.name, got.values[termChunk])
		}
		if got.loss > 1e-3 {
			t.Errorf("%s: its own times are fitted with a loss of %g", f.name, got.loss)
		}
	}
}

func TestPartsAddUpToTheTime(t *testing.T) {
	peer.Slow(t)
	h := analysed(studytest.Runs(studytest.Known, 0.01, 1), 2)
	for _, s := range h.settings {
		ideal, losses := h.losses(s)
		sum := ideal
		for _, l := range losses {
			if l.Seconds < 0 {
				t.Errorf("%d CPUs, %d chunks: %s is %g s", s.cpus, s.chunks, l.Name, l.Seconds)
			}
			sum += l.Seconds
		}
		if whole := h.fit.time(s); math.Abs(sum/whole-1) > 1e-9 {
			t.Errorf("%d CPUs, %d chunks: work and losses are %g s, the time is %g s", s.cpus, s.chunks, sum, whole)
		}
	}
}

func TestTheKnownLawsFitTheirOwnCurves(t *testing.T) {
	for name, c := range map[string]struct {
		fit func([]setting) law
		of  func(n float64) float64
	}{
		"Amdahl":    {fitAmdahl, func(n float64) float64 { return 5 + 100/n }},
		"Gustafson": {fitGustafson, func(n float64) float64 { return 100 / (0.2 + 0.8*n) }},
		"USL":       {fitUniversal, func(n float64) float64 { return 100 * (1 + 0.03*(n-1) + 0.0005*n*(n-1)) / n }},
	} {
		settings := settingsFrom(studytest.Runs(studytest.Known, 0, 1), study.Machines{})
		for i := range settings {
			settings[i].time = c.of(settings[i].busy)
		}
		l := c.fit(settings)
		for _, s := range settings {
			if off := l.time(s)/s.time - 1; math.Abs(off) > 0.01 {
				t.Errorf("%s on %g CPUs: %g s, want %g s", name, s.busy, l.time(s), s.time)
				break
			}
		}
	}
}

func TestOneCPUCountSaysWhatItCannotTell(t *testing.T) {
	records := slices.DeleteFunc(studytest.Runs(studytest.Known, 0.01, 1), func(r study.Record) bool { return r.CPUCount != 36 || r.NumChunks < 64 })
	h := explained(t, records, Options{Resamples: 10}).Overheads[0]
	if h.Forecast != nil || h.Core != nil || h.Contention != nil || h.Serial != nil {
		t.Errorf("from one CPU count, with a chunk for every CPU: forecast %v, core %v, contention %v, serial %v", h.Forecast, h.Core, h.Contention, h.Serial)
	}
	if h.Chunk == nil || math.Abs(h.Chunk.Value/studytest.Known.Chunk-1) > 0.1 {
		t.Errorf("a chunk costs %v, want %g", h.Chunk, studytest.Known.Chunk)
	}
	said := strings.Join(h.Limits, " ")
	for _, want := range []string{"cannot be told from it", "one CPU count"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
}

// voxfit's serial runs are by the same workers: one CPU and one chunk. Those of another program are not.
func TestVoxfitsSerialRunsAreRunsOfOneCPU(t *testing.T) {
	for engine, want := range map[string][]int{"voxfit": {1, 8}, "dipy-ray": {8}} {
		records := studytest.Runs(studytest.Known, 0.01, 1)
		records = slices.DeleteFunc(records, func(r study.Record) bool { return r.CPUCount != 8 })
		for i := range records {
			records[i].Engine, records[i].Campaign = engine, ""
		}
		serial := records[0]
		serial.Engine, serial.CPUCount, serial.NumChunks, serial.Time = "serial", 1, 1, 125
		h := explained(t, append(records, serial), Options{Resamples: 2}).Overheads[0]
		if !slices.Equal(h.CPUCounts, want) {
			t.Errorf("%s: fitted to %v CPUs, want %v", engine, h.CPUCounts, want)
		}
	}
}

// "Nothing but the number of cores limits them" beside an inflation of 1.68 would be a contradiction.
func TestALimitIsNotDeniedBesideAnInflation(t *testing.T) {
	var records []study.Record
	for i := range 8 {
		records = append(records, study.Record{Engine: "voxfit", Model: "M", NumVox: 1 << 20, NumChunks: 2 << i, CPUCount: 2, Time: 5, Compute: 9.9, Cores: 2})
	}
	records = append(records, study.Record{Engine: "serial", Model: "M", NumVox: 1 << 20, NumChunks: 1, CPUCount: 1, Time: 5.9, Compute: 5.9, Cores: 1})
	said := strings.Join(explained(t, records, Options{Resamples: 2}).Overheads[0].Limits, " ")
	if !strings.Contains(said, "1.68 times the core-seconds of the serial run") || strings.Contains(said, "nothing but the number of cores") {
		t.Errorf("it says: %s", said)
	}
}

func TestABusyMachineIsNotExplained(t *testing.T) {
	records := studytest.Runs(studytest.Known, 0.01, 1)
	for i := range records {
		records[i].CPUTime, records[i].Taken = 1, 1
	}
	e := explained(t, records, Options{Resamples: 2})
	if e.Busy == "" || e.Answers != nil || e.Overheads != nil {
		t.Errorf("busy %q, %d answers, %d fits", e.Busy, len(e.Answers), len(e.Overheads))
	}
}

func TestWhatCannotBeExplainedIsOneClearError(t *testing.T) {
	for name, c := range map[string]struct {
		records []study.Record
		want    string
	}{
		"nothing":       {nil, "no runs to explain"},
		"serial runs":   {studytest.Timed(study.Record{Engine: "serial", Model: "M", NumVox: 10, NumChunks: 1, CPUCount: 1}, 1, 2), "serial"},
		"few settings":  {studytest.Runs(studytest.Known, 0, 1)[:9], "3 settings"},
		"one run alone": {studytest.Runs(studytest.Known, 0, 1)[:1], "1 setting of CPUs"},
	} {
		if _, err := Explain(c.records, Options{}); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %v, want one line with %q", name, err, c.want)
		}
	}
}

var publishedOnce struct {
	sync.Once
	explanation Explanation
}

// publishedExplained is what the medians of the published study's settings say.
func publishedExplained(t *testing.T) Explanation {
	t.Helper()
	publishedOnce.Do(func() {
		publishedOnce.explanation = explained(t, studytest.PublishedMedians(t, ".."), Options{Resamples: long.Of(60, 15), Seed: 1})
	})
	return publishedOnce.explanation
}

// Someone who read only the report finds its questions at the top, with the report's numbers. The figures are those of
// the report and of the project's copy of its file's medians; shared by hand: 22.1 x 5.1 = 113 and so on.
func TestTheReportsQuestionsAreAnsweredWithItsNumbers(t *testing.T) {
	peer.Slow(t)
	e := publishedExplained(t)
	said := map[string]string{}
	for _, a := range e.Answers {
		for _, s := range a.Said {
			said[a.Question] += s.Of + ": " + s.Answer + " " + s.Check + " "
		}
	}
	for question, words := range map[string][]string{
		"Were 48 and 72 cores slower than 32?": {"no, not in seconds", "22.1, 14.7, 11.8, 11.5, 11.5 s", "113, 123, 127, 114, 117 s", "10.1, 10.3, 10.3"},
		"Why do more cores help so little?":    {"of the 10.", "s that the fit gives the shortest run on 72 CPUs", "6.2 s are serial, on any number of cores", "hand out tasks"},
		"What does a second hyperthread add?":  {"0% (0 to ", "eight cores take 21.9 s with 16 threads", "22.1 s with 8", "as well as their own best value"},
		"What is serial?":                      {"6.17 s (", "14, 17, 15 µs a voxel", "grows with the data"},
		"What does a task cost?":               {"0.844 ms (", "0.99 ms for each further chunk", "pickle and copy the model"},
		"What does a core cost?":               {"nothing that these runs show: 0 ms (0 to ", "the mean error is"},
		"What to rent?":                        {"a machine of 8 CPUs costs least", "9 machines of 8 CPUs cost an hour what one of 72 does"},
	} {
		for _, w := range words {
			if !strings.Contains(said[question], w) {
				t.Errorf("%s The answer does not say %q: %s", question, w, said[question])
			}
		}
	}
	if len(e.InShort) != 5 {
		t.Errorf("the answer has %d sentences", len(e.InShort))
	}
	for i, words := range [][]string{
		{"In seconds, 48 and 72 cores were not slower than 32: ", "22.1, 14.7, 11.8, 11.5, 11.5 s", "106.5, 60.9", "113, 123, 127, 114, 117 s"},
		{"a second hyperthread adds 0% (0 to ", "it adds 16", "eight cores take 21.9 s with 16 threads"},
		{"the serial part is 6.17 s (", "it is 7.05 s (", "14, 17, 15 µs a voxel"},
		{"a task costs 0.844 ms (", "a core costs nothing that these runs show, 0 ms (0 to ", "0.99 ms for each further chunk; on CPU counts left out"},
		{"a machine of 8 CPUs costs least", "one of 72 CPUs is fastest", "9 machines of 8 CPUs"},
	} {
		for _, w := range words {
			if s := e.InShort[i]; !strings.Contains(s.Answer+" Check: "+s.Check, w) {
				t.Errorf("sentence %d does not say %q: %+v", i+1, w, s)
			}
		}
	}
	for _, a := range e.Answers { // what the shortest run's time is divided into, a reader may add up
		for _, s := range a.Said {
			if a.Question != "Why do more cores help so little?" {
				continue
			}
			var seconds []float64
			for _, m := range regexp.MustCompile(`([0-9.]+) s\b`).FindAllStringSubmatch(s.Answer, -1) {
				x, err := strconv.ParseFloat(m[1], 64)
				if err != nil {
					t.Fatal(err)
				}
				seconds = append(seconds, x)
			}
			sum := 0.0
			for _, x := range seconds[1:] {
				sum += x
			}
			if math.Abs(sum-seconds[0]) > 0.01*seconds[0] {
				t.Errorf("%s: the parts add up to %v s: %s", s.Of, sum, s.Answer)
			}
		}
	}
	if len(e.Gaps) != 6 || e.Gaps[0].Name != socketName {
		t.Errorf("reasons for the report's longer times: %+v", e.Gaps)
	}
	if gap := strings.Join(e.GapSentences(), " "); !strings.Contains(gap, "too short") || !strings.Contains(gap, "these data cannot tell") {
		t.Errorf("where the fit is off: %s", gap)
	}
}

// Small data whose chunks have no work in half of their number: a second hyperthread seems to be a whole core, and is not.
func TestUnequalChunksAreNotTakenForHyperthreads(t *testing.T) {
	peer.Slow(t)
	truth := fitted{form: form{name: unequalName, terms: instead(), bounded: fullChunks, overlap: termChunk}, thread: 0.1, limit: 0.45}
	truth.values = [termCount]float64{termWork: 12, termChunk: 1e-3, termSerial: 1.4}
	settings := settingsFrom(studytest.Runs(studytest.Known, 0, 1), study.Machines{})
	settings = slices.DeleteFunc(settings, func(s setting) bool { return s.cpus < 36 })
	random := rand.New(rand.NewPCG(1, 2))
	for i := range settings {
		settings[i].time = truth.time(settings[i]) * (1 + 0.01*random.NormFloat64())
		settings[i].runs = newRunTimes([]float64{settings[i].time})
	}
	condition := study.Condition{Model: "M", Engine: "ray"}
	small := &analysis{Overhead: Overhead{Condition: condition}, settings: settings, fit: wholeForm.fit(settings)}
	small.Voxels = 80000
	seen := study.Estimate{Value: small.fit.thread, Low: small.fit.thread - 0.1, High: 1}
	small.Thread, small.Work = &seen, &study.Estimate{Value: small.fit.values[termWork]}
	large := &analysis{Overhead: Overhead{Condition: condition, Work: &study.Estimate{Value: 128},
		Thread: &study.Estimate{Value: 0.1, Low: 0.05, High: 0.15}}}
	large.Voxels = 400000
	if seen.Value < 0.5 {
		t.Errorf("with equal chunks a second hyperthread seems to add %.2f of a core", seen.Value)
	}
	r, disagree := small.reconciledWith(large)
	if !disagree || r.worse > enough || math.Abs(r.taken.limit-0.45) > 0.05 {
		t.Errorf("disagree %v, AIC %.2f above, %.2f of the chunks have work, want 0.45", disagree, r.worse, r.taken.limit)
	}
	other := *large
	other.Model = "N"
	if found := reconciliations([]*analysis{large, small}); len(found) != 1 {
		t.Errorf("%d reconciliations of two sizes that disagree", len(found))
	}
	if found := reconciliations([]*analysis{&other, small}); len(found) != 0 {
		t.Error("the runs of another model are reconciled")
	}
}

// The study's question, answered with its own runs. The bounds are what the fit gives, rounded
// outwards; a Python program of its own (scipy.optimize.nnls with Huber weights) gave 6.4 s, 0.85 ms and
// 5% of a core for CSD, and 10 s, 0.33 ms and 20% for free water without contention.
func TestThePublishedStudysQuestionHasAnAnswer(t *testing.T) {
	peer.Slow(t)
	e := publishedExplained(t)
	answer := map[string]*Overhead{}
	for i := range e.Overheads {
		h := &e.Overheads[i]
		answer[fmt.Sprint(h.Model, h.Voxels)] = h
	}
	csd, free := answer["ConstrainedSphericalDeconvModel435686"], answer["FreeWaterTensorModel435686"]
	if csd == nil || free == nil || len(answer) != 5 {
		t.Fatalf("fits of %d models and data sets, want 5", len(answer))
	}
	for _, c := range []struct {
		name      string
		got       float64
		low, high float64
	}{
		{"serial seconds of CSD", csd.Serial.Value, 5, 7.5}, {"of free water", free.Serial.Value, 5, 11},
		{"seconds a task of CSD", csd.Chunk.Value, 0.7e-3, 1e-3}, {"of free water", free.Chunk.Value, 0.2e-3, 0.45e-3},
		{"a task of CSD while CPUs work", csd.Overlapped, 0.9e-3, 1.4e-3}, {"of free water", free.Overlapped, 0.8e-3, 1.2e-3},
		{"a hyperthread of CSD", csd.Thread.Value, 0, 0.08}, {"of free water", free.Thread.Value, 0.12, 0.25},
		{"a core of CSD", csd.Core.Value, 0, 0.02}, {"of free water", free.Core.Value, 0, 0.02},
		{"error of CSD on 72 CPUs", csd.Forecast.Errors.Median, 0, 0.08}, {"of free water", free.Forecast.Errors.Median, 0.05, 0.18},
	} {
		if !(c.got >= c.low && c.got <= c.high) {
			t.Errorf("%s: %g, want %g to %g", c.name, c.got, c.low, c.high)
		}
	}
	for _, r := range csd.Reported[:2] { // 8 and 16 cores of a machine that the fit has not seen
		if math.Abs(r.Predicted.Value/r.Measured-1) > 0.06 {
			t.Errorf("the report's %d CPUs: %g s, published %g s", r.CPUs, r.Predicted.Value, r.Measured)
		}
	}
	notes := strings.Join(e.Notes, " ")
	for _, words := range []string{"Sparse fascicle: the published file has no run", "a task of Ray", "the large data's figure stands"} {
		if !strings.Contains(notes, words) {
			t.Errorf("the notes do not say %q: %s", words, notes)
		}
	}
}

// On one CPU all settings have one processor busy, and on two CPUs two: without one of them, no law of the number of
// processors can be fitted. A chunk that costs nothing in any draw has an interval of some width all the same.
func TestWhatOneCPUCountCannotTellIsNotSaid(t *testing.T) {
	var records []study.Record
	random := rand.New(rand.NewPCG(5, 6))
	for cpus := 1; cpus <= 2; cpus++ {
		for chunks := 4; chunks <= 1<<12; chunks *= 2 {
			r := study.Record{Engine: "voxfit", Model: "M", NumVox: 1 << 20, NumChunks: chunks, CPUCount: cpus, Cores: cpus,
				Time: 10 / float64(cpus) * (1 + 0.02*random.Float64() - 1e-5*float64(chunks))}
			records = append(records, r)
		}
	}
	h := explained(t, records, Options{Resamples: 20}).Overheads[0]
	if amdahl := h.Laws[0]; amdahl.CPUs.N != 0 || amdahl.Largest.N != 0 || amdahl.Within.N == 0 {
		t.Errorf("Amdahl's law predicts CPU counts from one other: %+v", amdahl)
	}
	if said := strings.Join(h.Limits, " "); strings.Contains(said, "Amdahl") {
		t.Errorf("it says: %s", said)
	}
	if h.Chunk.Value != 0 || h.Chunk.High == 0 || h.Chunk.High > 1e-3 {
		t.Errorf("a chunk costs %+v s", *h.Chunk)
	}
	for _, a := range h.Alternatives {
		if a.CPUs.Mean > 0.05 {
			t.Errorf("%s: %s; CPU counts left out are off by %g", a.Name, a.Found, a.CPUs.Mean)
		}
	}
}

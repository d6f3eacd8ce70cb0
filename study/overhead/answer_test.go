package overhead

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
)

// ownRuns are runs of a program and a model of somebody else's, on CPUs that are so many cores each: 8 of 4, say.
func ownRuns(costs studytest.Costs, noise float64) []study.Record {
	records := studytest.Runs(costs, noise, 1)
	for i := range records {
		r := &records[i]
		r.Engine, r.Model, r.Campaign, r.Cores, r.Nodes = "mine", "NoModelOfOurs", "", r.CPUCount/2, 1
		if r.CPUCount == 72 {
			r.Nodes = 2
		}
	}
	return records
}

// said is all that the answers to one question say.
func said(e Explanation, question string) string {
	var all []string
	for _, a := range e.Answers {
		for _, s := range a.Said {
			if a.Question == question {
				all = append(all, s.Of+": "+s.Answer+" Check: "+s.Check)
			}
		}
	}
	return strings.Join(all, "\n")
}

func inShortSaid(e Explanation) string {
	var all []string
	for _, s := range e.InShort {
		all = append(all, s.Answer+" Check: "+s.Check)
	}
	return strings.Join(all, "\n")
}

func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q:\n%s", w, text)
		}
	}
}

// Where both hyperthreads of every core are busy in all runs, the times are the same whatever the second one adds: the
// work is that of a core with both.
func TestAHyperthreadThatAllRunsUseIsNotTold(t *testing.T) {
	records := slices.DeleteFunc(ownRuns(studytest.Known, 0.002), func(r study.Record) bool { return r.NumChunks < 128 || r.CPUCount > 36 })
	e := explained(t, records, Options{Resamples: 20})
	h := e.Overheads[0]
	wantWords(t, inShortSaid(e), "a core costs ")
	if h.Thread != nil || !h.ThreadUntold {
		t.Fatalf("a second hyperthread adds %+v, untold %v", h.Thread, h.ThreadUntold)
	}
	if want := studytest.Known.Work / (1 + studytest.Known.Thread); math.Abs(h.Work.Value/want-1) > 0.05 {
		t.Errorf("the work of a core with its hyperthreads is %g s, want %g", h.Work.Value, want)
	}
	for _, s := range h.Shortest {
		sum := s.Ideal
		for _, l := range s.Losses {
			sum += l.Seconds
			if l.Name == threadLoss && l.Seconds != 0 {
				t.Errorf("%d CPUs lose %g s by hyperthreads, of which nothing is known", s.CPUs, l.Seconds)
			}
		}
		if math.Abs(sum/s.Time-1) > 1e-9 {
			t.Errorf("the parts of %g s add up to %g s", s.Time, sum)
		}
	}
	wantWords(t, said(e, threadQuestion), "these runs cannot tell it")
	wantWords(t, strings.Join(h.Limits, " "), "of one core with its hyperthreads", "What a second hyperthread adds cannot be told", "If all cores were at work")
	if text := inShortSaid(e); strings.Contains(text, "hyperthread") {
		t.Errorf("in short: %s", text)
	}
}

func TestEverySlowerCPUCountIsNamedAndNoiseIsNot(t *testing.T) {
	slow := map[int]float64{16: 2.5, 36: 4, 72: 1.1}
	records := ownRuns(studytest.Known, 0.001)
	for i := range records {
		if f, ok := slow[records[i].CPUCount]; ok {
			records[i].Time *= f
		}
	}
	e := explained(t, records, Options{Resamples: 2})
	wantWords(t, said(e, slowerQuestion([]*analysis{{}})), "yes, on 16 CPUs by ", ", on 36 CPUs by ")
	wantWords(t, inShortSaid(e), "In seconds, more cores were slower in places: the shortest runs take ", " (on 16 CPUs ", " longer than on fewer, on 36 CPUs ")
	if text := said(e, "Were more cores slower?"); strings.Contains(text, "on 72 CPUs by") {
		t.Errorf("72 CPUs were faster than all others: %s", text)
	}
	within := shortestTimes{cpus: []int{1, 2, 4}, times: []float64{10, 10.5, 10.1}, halfs: []float64{0.4, 0.3, 0}}
	if slower := within.slower(); slower != nil {
		t.Errorf("times within their intervals, or by 1%%, are slower: %+v", slower)
	}
}

func TestRentsAreThoseOfThePricesGiven(t *testing.T) {
	costs := studytest.Known
	costs.Serial, costs.Core = 0.1, 0
	records := slices.DeleteFunc(ownRuns(costs, 0.001), func(r study.Record) bool { return r.CPUCount == 16 || r.CPUCount == 72 })
	e := explained(t, records, Options{Resamples: 2})
	// 36 CPUs for $1.53, 8 for $0.34: four and a half of the small machines.
	wantWords(t, said(e, rentQuestion), "4 machines of 8 CPUs cost $1.36 an hour and one of 36 $1.53; they finish", "if a machine of 8 CPUs takes as long as these runs did")
	e = explained(t, ownRuns(costs, 0.001), Options{Resamples: 2, Prices: &study.Prices{Table: map[int]float64{8: 1, 16: 3}}})
	wantWords(t, said(e, rentQuestion), "of 8 and 16 CPUs, which are in the price table, a machine of 8 CPUs costs least", "3 machines of 8 CPUs cost an hour what one of 16 does, $3.00")
}

// The serial part of a study's largest and smallest data set, in seconds.
func TestASerialPartGrowsWithTheDataOnlyWhereTheRunsSaySo(t *testing.T) {
	of := func(voxels int, value, low, high float64) *analysis {
		a := &analysis{Overhead: Overhead{Serial: &study.Estimate{Value: value, Low: low, High: high}}}
		a.Voxels = voxels
		return a
	}
	for want, small := range map[string]*analysis{
		": it grows with the data, as copying":              of(100000, 1.1, 0.9, 1.3),
		", so that a part of it does not grow":              of(100000, 4.1, 3.9, 4.3),
		": it grows with the data, but a part of it does":   of(100000, 2, 1.9, 2.1),
		"; these runs cannot tell whether it grows with it": of(250000, 3.9, 2, 5.5),
	} {
		large := of(400000, 4, 3.5, 4.2)
		if got := large.serialCheck([]*analysis{large, small}); !strings.Contains(got, strings.TrimSuffix(want, " it")) {
			t.Errorf("4 s and %g s on %d voxels: %s", small.Serial.Value, small.Voxels, got)
		}
	}
}

// A check that stands for one of several models names it, and a model that we do not know keeps its name.
func TestTheAnswerNamesTheModelOfEachCheck(t *testing.T) {
	records := ownRuns(studytest.Known, 0.001)
	for _, r := range studytest.Runs(studytest.Known, 0.001, 2) {
		r.Cores, r.Campaign = r.CPUCount/2, ""
		records = append(records, r)
	}
	text := inShortSaid(explained(t, records, Options{Resamples: 2}))
	wantWords(t, text, "with NoModelOfOurs, mine, ", "with CSD, ray, ", "Check: with CSD, ray, a run on 72 CPUs",
		"each further chunk; on CPU counts left out")
	if strings.Contains(text, "noModelOfOurs") {
		t.Errorf("a name is written with another letter: %s", text)
	}
}

// The report has times of some models alone: no word of 48 and 72 cores is then said of the others.
func TestOwnRunsBesideThePublishedOnesAreNotTheReports(t *testing.T) {
	records := slices.DeleteFunc(studytest.PublishedMedians(t, ".."), func(r study.Record) bool { return r.NumVox != study.PublishedVoxels })
	e := explained(t, append(records, ownRuns(studytest.Known, 0.001)...), Options{Resamples: 2})
	wantWords(t, inShortSaid(e), "In seconds, more cores were not slower: with CSD", "ray, the report's shortest runs take 22.1", "mine, the shortest runs take ")
	if e.Answers[0].Question != "Were more cores slower?" {
		t.Error(e.Answers[0].Question)
	}
}

// With 16 chunks on 72 CPUs, more chunks mean more cores in use: the slope is not the cost of a task.
func TestATaskIsCheckedWhereAllCPUsHaveOne(t *testing.T) {
	costs := studytest.Known
	costs.Core = 0.5
	e := explained(t, ownRuns(costs, 0.001), Options{Resamples: 2})
	if text := said(e, taskQuestion); strings.Contains(text, "each further chunk") {
		t.Errorf("a task costs %g ms, and the check says: %s", 1e3*costs.Chunk, text)
	}
	wantWords(t, said(explained(t, ownRuns(studytest.Known, 0.001), Options{Resamples: 2}), taskQuestion), "0.90 ms for each further chunk")
}

func TestCoresAreNotedForEachMachineThatDiffers(t *testing.T) {
	records := ownRuns(studytest.Known, 0.001)
	for i := range records {
		records[i].Host = "one"
	}
	for _, r := range ownRuns(studytest.Known, 0.001) {
		r.Host, r.Cores = "two", r.CPUCount
		records = append(records, r)
	}
	e := explained(t, records, Options{Resamples: 2})
	wantWords(t, strings.Join(e.Notes, "\n"), "Taken on one: 8 CPUs for 4 cores, ", "Taken on two: 8 CPUs for 8 cores, ")
	if e.Guessed != "" {
		t.Error(e.Guessed)
	}
	for i := range records {
		records[i].Cores = 0
	}
	if e = explained(t, records, Options{Resamples: 2}); !strings.Contains(e.Guessed, "8, 16, 36 and 72 CPUs are, so each CPU is taken for a core") {
		t.Errorf("of cores of which nothing is known it says %q", e.Guessed)
	}
}

func TestTheCostOfACoreIsToldTheSameEverywhere(t *testing.T) {
	costs := studytest.Known
	costs.Core = 1e-4
	e := explained(t, ownRuns(costs, 0.02), Options{Resamples: 20})
	if h := e.Overheads[0]; h.Core.Low != 0 {
		t.Fatalf("a core costs %+v s", *h.Core)
	}
	for _, text := range []string{said(e, coreQuestion), strings.Join(e.Overheads[0].Limits, " "), inShortSaid(e)} {
		wantWords(t, text, "nothing that these runs show")
	}
	few := slices.DeleteFunc(ownRuns(studytest.Known, 0.05), func(r study.Record) bool { return r.NumChunks < 64 || r.NumChunks > 128 })
	e = explained(t, few, Options{Resamples: 20})
	for name, cost := range map[string]*study.Estimate{"are serial, on any number of cores": e.Overheads[0].Serial, "are the cost of the cores": e.Overheads[0].Core} {
		if text := said(e, whyQuestion); strings.Contains(text, name) && strings.Contains(text, name+" (perhaps none)") != (cost.Low == 0) {
			t.Errorf("the cost is %+v, and it says: %s", *cost, text)
		}
	}
}

// One number of chunks in all runs: what a chunk costs is not told from the serial part.
func TestOneNumberOfChunksTellsNothingOfAChunk(t *testing.T) {
	var records []study.Record
	for i, n := range []int{1, 2, 3, 4, 6, 12, 24} {
		r := ownRuns(studytest.Known, 0)[0]
		r.CPUCount, r.Cores, r.NumChunks = n, n, 1024 // 1,026 of 390 voxels
		r.VoxPerChunk = r.NumVox / r.NumChunks
		r.Time = (studytest.Known.Serial + studytest.Known.Chunk*1026 + studytest.Known.Work/float64(n) + studytest.Known.Core*float64(n)) * (1 + 0.001*float64(i%3-1))
		records = append(records, r)
	}
	e := explained(t, records, Options{Resamples: 10})
	h := e.Overheads[0]
	if h.Chunk != nil || h.Serial == nil {
		t.Fatalf("a chunk costs %v, the serial part is %v", h.Chunk, h.Serial)
	}
	if want := studytest.Known.Serial + studytest.Known.Chunk*1026; math.Abs(h.Serial.Value/want-1) > 0.1 {
		t.Errorf("the serial part with 1,026 chunks is %g s, want %g", h.Serial.Value, want)
	}
	wantWords(t, said(e, serialQuestion), "of every run, with what its tasks cost")
	wantWords(t, said(e, taskQuestion), "these runs do not differ in their number of chunks")
	if text := inShortSaid(e); strings.Contains(text, "task costs") {
		t.Error(text)
	}
}

// Times that no CPU shortens have no work, of which other costs could be a share.
func TestRunsWithoutWorkHaveNoSharesOfIt(t *testing.T) {
	records := ownRuns(studytest.Costs{Serial: 5}, 0)
	for i := range records {
		records[i].Time += 1e-9 * float64(i)
	}
	h := explained(t, records, Options{Resamples: 2}).Overheads[0]
	text := strings.Join(h.Limits, " ")
	for _, a := range h.Alternatives {
		text += " " + a.Found
	}
	if strings.Contains(text, "Inf") || strings.Contains(text, "NaN") {
		t.Error(text)
	}
}

// A share at its bound in all draws is not known to the last digit.
func TestAHyperthreadAtItsBoundHasAnInterval(t *testing.T) {
	costs := studytest.Known
	costs.Thread, costs.Contention = -0.2, 0 // less than nothing
	records := ownRuns(costs, 0.001)
	if h := explained(t, records, Options{Resamples: 5}).Overheads[0]; h.Thread.Value != 0 || h.Thread.Low != 0 || h.Thread.High <= 0 || h.Thread.High > 0.9 {
		t.Errorf("a second hyperthread adds %+v", *h.Thread)
	}
}

func TestTheShortAnswerSaysThatACoresCostIsUntold(t *testing.T) {
	records := slices.DeleteFunc(ownRuns(studytest.Known, 0.002), func(r study.Record) bool { return r.NumChunks < 128 || r.CPUCount != 36 })
	wantWords(t, inShortSaid(explained(t, records, Options{Resamples: 2})), "A task costs ", ", and what a core costs these runs cannot tell.")
	for _, r := range slices.Clone(records) {
		r.Model = "AnotherModel"
		records = append(records, r)
	}
	if text := inShortSaid(explained(t, records, Options{Resamples: 2})); strings.Count(text, "these runs cannot tell, with any of them") != 1 {
		t.Error(text)
	}
}

// The check of a task's cost is a sentence of its own where no slope is known: within the short answer it is none.
func TestAChecksSentenceGoesOnWithASmallLetter(t *testing.T) {
	records := slices.DeleteFunc(studytest.PublishedMedians(t, ".."), func(r study.Record) bool { return r.NumVox != study.PublishedVoxels || r.NumChunks > 64 })
	wantWords(t, inShortSaid(explained(t, records, Options{Resamples: 2})), "with CSD, measured piece by piece")
}

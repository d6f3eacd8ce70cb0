package study

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// known are coefficients that synthetic runs are made with.
type known struct {
	work, chunk, serial, core, contention, thread float64
}

// the coefficients of the tests: each costs enough to be seen on some setting.
var knownCosts = known{work: 120, chunk: 0.9e-3, serial: 4, core: 0.05, contention: 0.4, thread: 0.3}

const syntheticVoxels = 400000

// synthetic are runs on 8, 16, 36 and 72 CPUs of two hyperthreads a core, the largest in two sockets,
// with normal noise of relative size noise, made by the formula and not by the code under test.
func synthetic(k known, noise float64, seed uint64) []Record {
	random := rand.New(rand.NewPCG(seed, 7))
	var all []Record
	for _, cpus := range []int{8, 16, 36, 72} {
		sockets := 1.
		if cpus == 72 {
			sockets = 2
		}
		for i := range 16 {
			chunks := 1 << i
			per := syntheticVoxels / chunks
			count := math.Ceil(syntheticVoxels / float64(per))
			busy := min(syntheticVoxels/float64(per), float64(cpus))
			cores := min(busy, float64(cpus)/2)
			power := cores + k.thread*(busy-cores)
			seconds := k.serial + k.work/power + k.chunk*count + k.core*cores + k.contention*max(0, busy/sockets-1)/power
			for run := range 3 {
				all = append(all, Record{Engine: "ray", Model: "ConstrainedSphericalDeconvModel", Campaign: "x", NumVox: syntheticVoxels,
					CPUCount: cpus, NumChunks: chunks, VoxPerChunk: per, Run: run + 1, Time: seconds * (1 + noise*random.NormFloat64())})
			}
		}
	}
	return all
}

func explained(t *testing.T, records []Record, o ExplainOptions) Explanation {
	t.Helper()
	e, err := Explain(records, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestKnownCostsAreFoundAgain(t *testing.T) {
	peer.Slow(t)
	h := explained(t, synthetic(knownCosts, 0.01, 1), ExplainOptions{Resamples: 60}).Overheads[0]
	for _, c := range []struct {
		name      string
		got       *Estimate
		want, off float64
	}{
		{"work", h.Work, knownCosts.work, 0.02}, {"chunk", h.Chunk, knownCosts.chunk, 0.03}, {"serial", h.Serial, knownCosts.serial, 0.1},
		{"core", h.Core, knownCosts.core, 0.2}, {"contention", h.Contention, knownCosts.contention, 0.3},
		{"hyperthread", h.Thread, knownCosts.thread, 0.05},
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
	f := wholeForm.fit(settingsOf(synthetic(knownCosts, 0, 1), Machines{}))
	want := [termCount]float64{termWork: knownCosts.work, termChunk: knownCosts.chunk, termSerial: knownCosts.serial,
		termCore: knownCosts.core, termContention: knownCosts.contention}
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
	for seed := range uint64(40) {
		settings := settingsOf(synthetic(knownCosts, 0.03, 100+seed), Machines{})
		h := Overhead{settings: settings, fit: wholeForm.fit(settings)}
		random := rand.New(rand.NewPCG(seed, 1))
		for range 40 {
			h.drawn = append(h.drawn, wholeForm.fit(resample(settings, random)))
		}
		for term, want := range map[int]float64{termWork: knownCosts.work, termChunk: knownCosts.chunk, termSerial: knownCosts.serial} {
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
	records := synthetic(known{work: 100, thread: 0.5}, 0, 1)
	for i := range records { // faster than all CPUs could make it
		records[i].Time /= 1 + 0.02*float64(records[i].CPUCount)
	}
	h := explained(t, records, ExplainOptions{Resamples: 20}).Overheads[0]
	for name, e := range map[string]*Estimate{"work": h.Work, "chunk": h.Chunk, "serial": h.Serial, "core": h.Core, "contention": h.Contention} {
		if e != nil && (e.Value < 0 || e.Low < 0) {
			t.Errorf("%s is %v", name, *e)
		}
	}
	if h.Thread == nil || h.Thread.Value < 0 || h.Thread.Value > 1 {
		t.Errorf("a hyperthread adds %v of a core", h.Thread)
	}
}

func TestABrokenDownSettingDoesNotBendTheRest(t *testing.T) {
	records := synthetic(knownCosts, 0.005, 1)
	for i, r := range records {
		if r.CPUCount == 8 && r.NumChunks >= 8192 {
			records[i].Time *= 5
		}
	}
	f := wholeForm.fit(settingsOf(records, Machines{}))
	if math.Abs(f.values[termWork]/knownCosts.work-1) > 0.05 || math.Abs(f.values[termSerial]/knownCosts.serial-1) > 0.25 {
		t.Errorf("with two settings five times too long, work is %.4g and the serial part %.4g, want %g and %g",
			f.values[termWork], f.values[termSerial], knownCosts.work, knownCosts.serial)
	}
}

func TestATermThatIsNeededIsMissedOnRunsLeftOut(t *testing.T) {
	peer.Slow(t)
	h := explained(t, synthetic(knownCosts, 0.01, 1), ExplainOptions{Resamples: 20}).Overheads[0]
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
	k := knownCosts
	k.core, k.contention = 0, 0
	h := explained(t, synthetic(k, 0.01, 2), ExplainOptions{Resamples: 40}).Overheads[0]
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
	for _, f := range []form{wholeForm, {name: sharedName, terms: allTerms, shared: true}, {name: overlapName, terms: allTerms, overlap: true}} {
		truth := fitted{form: f, thread: 0.3}
		truth.values = [termCount]float64{termWork: 100, termChunk: 2e-3, termSerial: 3}
		settings := settingsOf(synthetic(knownCosts, 0, 1), Machines{})
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
	h := explained(t, synthetic(knownCosts, 0.01, 1), ExplainOptions{Resamples: 2}).Overheads[0]
	for _, s := range h.settings {
		ideal, losses := h.losses(s)
		sum := ideal
		for _, l := range losses {
			if l.seconds < 0 {
				t.Errorf("%d CPUs, %d chunks: %s is %g s", s.cpus, s.chunks, l.name, l.seconds)
			}
			sum += l.seconds
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
		settings := settingsOf(synthetic(knownCosts, 0, 1), Machines{})
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

func TestAnExplanationCanBeRepeated(t *testing.T) {
	records := synthetic(knownCosts, 0.02, 3)
	write := func(records []Record, seed uint64) string {
		var b bytes.Buffer
		if err := explained(t, records, ExplainOptions{Resamples: 15, Seed: seed}).WriteTable(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	once := write(records, 1)
	if write(records, 1) != once {
		t.Error("the same seed gives other words")
	}
	if write(records, 2) == once {
		t.Error("another seed gives the same intervals")
	}
}

func TestOneCPUCountSaysWhatItCannotTell(t *testing.T) {
	records := slices.DeleteFunc(synthetic(knownCosts, 0.01, 1), func(r Record) bool { return r.CPUCount != 36 || r.NumChunks < 64 })
	h := explained(t, records, ExplainOptions{Resamples: 10}).Overheads[0]
	if h.Forecast != nil || h.Core != nil || h.Contention != nil || h.Serial != nil {
		t.Errorf("from one CPU count, with a chunk for every CPU: forecast %v, core %v, contention %v, serial %v", h.Forecast, h.Core, h.Contention, h.Serial)
	}
	if h.Chunk == nil || math.Abs(h.Chunk.Value/knownCosts.chunk-1) > 0.1 {
		t.Errorf("a chunk costs %v, want %g", h.Chunk, knownCosts.chunk)
	}
	said := strings.Join(h.Limits, " ")
	for _, want := range []string{"cannot be told from it", "one CPU count"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	dir := t.TempDir()
	if err := WriteExplanation(dir, ExplanationPage{Title: "x", Explanation: explained(t, records, ExplainOptions{Resamples: 2})}); err != nil {
		t.Error(err)
	}
	if text := readText(t, filepath.Join(dir, "index.html")); !strings.Contains(text, "there is none to leave out") {
		t.Error("the page does not say why a figure is missing")
	}
}

func TestWhatCannotBeExplainedIsOneClearError(t *testing.T) {
	for name, c := range map[string]struct {
		records []Record
		want    string
	}{
		"nothing":       {nil, "no runs to explain"},
		"serial runs":   {timed(Record{Engine: "serial", Model: "M", NumVox: 10, NumChunks: 1, CPUCount: 1}, 1, 2), "serial"},
		"few settings":  {synthetic(knownCosts, 0, 1)[:9], "3 settings"},
		"one run alone": {synthetic(knownCosts, 0, 1)[:1], "1 setting of CPUs"},
	} {
		if _, err := Explain(c.records, ExplainOptions{}); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %v, want one line with %q", name, err, c.want)
		}
	}
}

func TestCPUsAreCoresWhereSomebodySaysSo(t *testing.T) {
	m := Machines{Given: map[int]Cores{16: {8, 1}}, Host: "here", Local: map[int]Cores{2: {1, 1}, 16: {16, 2}}}
	for _, c := range []struct {
		r    Record
		want Cores
	}{
		{Record{CPUCount: 72, Campaign: "feb29"}, Cores{36, 2}},              // the published machines
		{Record{CPUCount: 72}, Cores{72, 1}},                                 // unknown: a core each
		{Record{CPUCount: 72, Nodes: 2}, Cores{72, 2}},                       // a node is taken as a socket
		{Record{CPUCount: 8, Cores: 4, Nodes: 2, Host: "here"}, Cores{4, 2}}, // the record's own word
		{Record{CPUCount: 2, Host: "here"}, Cores{1, 1}},                     // this machine
		{Record{CPUCount: 2, Host: "there"}, Cores{2, 1}},                    // not this machine
		{Record{CPUCount: 16, Host: "here"}, Cores{8, 1}},                    // the caller's word comes first
		{Record{CPUCount: 16, Campaign: "feb29", Nodes: 9}, Cores{8, 1}},     // always
	} {
		if got, how := m.of(c.r); got != c.want || how == "" {
			t.Errorf("%+v: %v (%s), want %v", c.r, got, how, c.want)
		}
	}
	got, err := ParseCores("8=4, 72=36/2")
	if err != nil || got[8] != (Cores{4, 1}) || got[72] != (Cores{36, 2}) {
		t.Errorf("ParseCores gives %v, %v", got, err)
	}
	for _, bad := range []string{"", "8", "8=", "8=x", "8=9", "8=0", "8=4/0", "8=4/5", "8=4,8=2", "-8=4"} {
		if _, err := ParseCores(bad); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("ParseCores(%q) gives %v", bad, err)
		}
	}
}

func TestTheExplanationsPageStandsAloneAndSaysAll(t *testing.T) {
	peer.Slow(t)
	records := synthetic(knownCosts, 0.02, 3)
	for i := range records {
		records[i].Engine = `a <b> & "c"`
	}
	e := explained(t, records, ExplainOptions{Resamples: 10})
	dir := t.TempDir()
	if err := WriteExplanation(dir, ExplanationPage{Title: "Why <each>", Sources: []string{"a&b.csv"}, Repeat: []string{"kbench explain"}, Explanation: e}); err != nil {
		t.Fatal(err)
	}
	raw := readText(t, filepath.Join(dir, "index.html"))
	text := html.UnescapeString(raw)
	for _, s := range append([]string{"In short", "a&b.csv", "serial part", "Amdahl's law", "universal scalability law", "72 from 8, 16 and 36"}, e.Overheads[0].Limits...) {
		if !strings.Contains(text, s) {
			t.Errorf("the page does not say %q", s)
		}
	}
	for _, bad := range []string{"<script", "a <b>", "ZgotmplZ", "NaN", "https://"} {
		if strings.Contains(raw, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	figures, err := e.Figures()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]int{"losses": 6, "fitted": 8, "leftout": 4, "forecast": 4}
	for _, f := range figures {
		if f.Name == "overhead" {
			if f.SVG != nil || f.Missing == "" {
				t.Error("runs without an account have an overhead drawn")
			}
			continue
		}
		if d := readSVG(t, f.Name, f.SVG); d.series["series"] < series[f.Name] {
			t.Errorf("%s has %v, want at least %d series", f.Name, d.series, series[f.Name])
		}
	}
}

func TestAReportHasTheExplanationAsASection(t *testing.T) {
	r := sampleReport()
	e := explained(t, sampleRecords(), ExplainOptions{Resamples: 5})
	r.Explanation = &e
	dir := writeReport(t, r)
	if text := readText(t, filepath.Join(dir, "index.html")); !strings.Contains(text, "Why each added core costs something") {
		t.Error("the report has no such section")
	}
	svg := readText(t, filepath.Join(dir, "figures", "overhead.svg"))
	for _, part := range []string{"dispatch", "tail wait", "start wait"} {
		if !strings.Contains(svg, "<title>"+part+"</title>") {
			t.Errorf("the overhead of each core has no %s", part)
		}
	}
	r.Explanation, r.Unexplained = nil, "There are three settings."
	if text := readText(t, filepath.Join(writeReport(t, r), "index.html")); !strings.Contains(text, r.Unexplained) {
		t.Error("the report does not say why there is no explanation")
	}
}

// The study's question, answered with its own runs. The bounds are what the fit gives, rounded
// outwards; a Python program of its own (scipy.optimize.nnls with Huber weights) gave 6.4 s, 0.85 ms and
// 5% of a core for CSD, and 10 s, 0.33 ms and 20% for free water without contention.
func TestThePublishedStudysQuestionHasAnAnswer(t *testing.T) {
	peer.Slow(t)
	e := explained(t, publishedRuns(t), ExplainOptions{Resamples: 60, Seed: 1})
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
	for _, words := range []string{"Sparse fascicle: the published file has no run", "a task of Ray", "Free-water tensor: a second hyperthread adds"} {
		if !strings.Contains(notes, words) {
			t.Errorf("the notes do not say %q: %s", words, notes)
		}
	}
}

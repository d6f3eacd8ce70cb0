package study_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
)

// Worked by hand: of 1 to 5 the median is 3, the distances from it 2 1 0 1 2, so that the MAD is 1. Of 2 and 4 the
// standard deviation is sqrt(2).
func TestATimeIsAMedianWithItsInterval(t *testing.T) {
	five := study.Describe([]float64{1, 2, 3, 4, 5})
	if five.N != 5 || five.Median != 3 || five.MAD != 1 || !near(five.Half, 4.23) {
		t.Errorf("of 1 to 5: %+v", five)
	}
	two := study.Describe([]float64{2, 4})
	if two.Median != 3 || two.MAD != 1 || !near(two.Half, 8.98*math.Sqrt2) {
		t.Errorf("of 2 and 4: %+v", two)
	}
	if one := study.Describe([]float64{7}); one.N != 1 || one.Median != 7 || !math.IsNaN(one.MAD) || !math.IsNaN(one.Half) {
		t.Errorf("of 7 alone: %+v", one)
	}
	if study.Describe(nil).Known() {
		t.Error("nothing counts as known")
	}
}

// Of normally distributed times the interval holds the true median in 95 of 100 cases, for every number of runs.
func TestIntervalsHoldTheMedianInNineteenOfTwentyCases(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{2, 3, 4, 5, 6, 8, 9, 10, 11, 15, 30} {
		const cases = 4000
		held := 0
		for range cases {
			values := make([]float64, n)
			for i := range values {
				values[i] = 10 + random.NormFloat64()
			}
			if s := study.Describe(values); math.Abs(s.Median-10) <= s.Half {
				held++
			}
		}
		if share := float64(held) / cases; share < 0.935 || share > 0.985 {
			t.Errorf("%d runs: %.3f of the intervals hold the median", n, share)
		}
	}
}

// One run of seven took three times as long, because another program ran.
func TestADisturbedRunMovesNeitherMedianNorInterval(t *testing.T) {
	calm, disturbed := study.Describe([]float64{10, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6}), study.Describe([]float64{10, 10.1, 10.2, 10.3, 10.4, 10.5, 30})
	if calm.Median != disturbed.Median || disturbed.Half > 1.01*calm.Half {
		t.Errorf("calm %+v, disturbed %+v", calm, disturbed)
	}
}

// A serial run of 4 core-seconds in the kernels, and two CPUs that spend 4.5 and 5.5 on the same voxels.
func TestInflationIsTheKernelsTimeOverThatOfTheSerialRun(t *testing.T) {
	serial := study.Record{Engine: "serial", Model: "M", NumVox: 10, NumChunks: 1, CPUCount: 1, Time: 4.1, Compute: 4}
	two := study.Record{Engine: "voxfit", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 2, Time: 3, Compute: 4.5}
	again := two
	again.Compute = 5.5
	s := study.Summarise([]study.Record{serial, two, again}, study.Options{})
	if got := s.Lines[0].Best().Inflation; !near(got, 1.25) {
		t.Errorf("inflation is %g, want 1.25", got)
	}
	serial.Compute = 0
	if got := study.Summarise([]study.Record{serial, two}, study.Options{}).Lines[0].Best().Inflation; got != 0 {
		t.Errorf("without an account of the serial run the inflation is %g, want 0: unknown", got)
	}
}

// Serial 40 s; 8 CPUs: mean 8 s, so 20%, speed-up 5, efficiency 0.625, and 8 s at 0.34 an hour are
// 0.000755556 dollars; 1000 voxels, so a million cost a thousand times that.
func TestSpeedUpEfficiencyAndCostAreThoseWorkedByHand(t *testing.T) {
	run := study.Record{Engine: "ray", Model: "M", NumVox: 1000, NumChunks: 16, VoxPerChunk: 62, CPUCount: 8}
	serial := study.Record{Engine: "serial", Model: "M", NumVox: 1000, NumChunks: 1, CPUCount: 1}
	s := study.Summarise(append(studytest.Timed(run, 7, 8, 9), studytest.Timed(serial, 39, 41)...), study.Options{})
	if len(s.Lines) != 1 || len(s.Serial) != 1 || len(s.Lines[0].Points) != 1 {
		t.Fatalf("summary is %+v", s)
	}
	p := s.Lines[0].Best()
	const half = 2.55 // three runs, SD is 1
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"serial", s.Lines[0].Baseline.Time.Median, 40}, {"time", p.Time.Median, 8}, {"MAD", p.Time.MAD, 1},
		{"half", p.Time.Half, half}, {"percent", p.Percent.Median, 20}, {"percent half", p.Percent.Half, 2.5 * half},
		{"speed-up", p.SpeedUp.Median, 5}, {"speed-up half", p.SpeedUp.Half, 5 * half / 8},
		{"efficiency", p.Efficiency.Median, 0.625}, {"efficiency half", p.Efficiency.Half, 0.625 * half / 8},
		{"cost", p.Cost.Median, 8 * 0.34 / 3600}, {"cost of a million", p.CostPerMVox.Median, 1000 * 8 * 0.34 / 3600},
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s is %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestTheAccountIsThatOfTheMedianRun(t *testing.T) {
	a := study.Record{Engine: "voxfit", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 2, Time: 5, Compute: 6, Dispatch: 1, Steal: 0.5,
		StartWait: 0.25, TailWait: 2, PeakRSS: 100}
	b := a
	b.Time, b.Compute, b.PeakRSS = 6, 8, 90
	c := a
	c.Compute = 0 // not accounted for
	p := study.Summarise([]study.Record{a, b, c}, study.Options{}).Lines[0].Points[0]
	// outside the schedule: 2*5 - 9.75 = 0.25 and 2*6 - 11.75 = 0.25
	want := study.Split{Compute: 7, Dispatch: 1, Steal: 0.5, StartWait: 0.25, TailWait: 2, Unaccounted: 0.25}
	if !p.HasSplit || p.Split != want || p.PeakRSS != 100 || p.Time.N != 3 {
		t.Errorf("split is %+v of %d runs, peak %d", p.Split, p.Time.N, p.PeakRSS)
	}
	if study.Summarise([]study.Record{c}, study.Options{}).Lines[0].Points[0].HasSplit {
		t.Error("a run without an account has a split")
	}
}

func TestEachEngineIsMeasuredAgainstItsFamilysSerialRuns(t *testing.T) {
	run := func(engine, isa, host string, voxels int) study.Record {
		return study.Record{Engine: engine, ISA: isa, Host: host, NumVox: voxels, Model: "M", NumChunks: 1, CPUCount: 200, Time: 1}
	}
	serialTimes := map[string]float64{"voxfit-serial": 10, "dipy-serial": 100, "serial": 50}
	withSerial := func(runs ...study.Record) []study.Record {
		for i := range runs {
			if x, ok := serialTimes[runs[i].Engine]; ok {
				runs[i].Time = x
			}
		}
		return runs
	}
	for _, c := range []struct {
		name    string
		records []study.Record
		options study.Options
		want    float64 // the speed-up; 0: none
	}{
		{"its own family", withSerial(run("dipy-ray", "", "", 5), run("dipy-serial", "", "", 5), run("voxfit-serial", "", "", 5), run("serial", "", "", 5)), study.Options{}, 100},
		{"a variant of the family", withSerial(run("voxfit-ray", "avx2", "", 5), run("voxfit-serial", "avx2", "", 5), run("dipy-serial", "", "", 5)), study.Options{}, 10},
		{"serial without family", withSerial(run("voxfit", "avx2", "", 5), run("serial", "", "", 5), run("dipy-serial", "", "", 5)), study.Options{}, 50},
		{"another instruction set", withSerial(run("voxfit", "avx512", "", 5), run("voxfit-serial", "avx2", "", 5)), study.Options{}, 0},
		{"the named engine", withSerial(run("voxfit", "avx512", "", 5), run("voxfit-serial", "avx512", "", 5), run("dipy-serial", "", "", 5)), study.Options{Baseline: "dipy-serial"}, 100},
		{"the named engine across instruction sets", withSerial(run("voxfit", "avx512", "", 5), run("voxfit-serial", "avx2", "", 5)), study.Options{Baseline: "voxfit-serial"}, 10},
		{"another host", withSerial(run("ray", "", "a", 5), run("serial", "", "b", 5)), study.Options{}, 0},
		{"other data", withSerial(run("ray", "", "", 5), run("serial", "", "", 6)), study.Options{}, 0},
		{"a given time", withSerial(run("ray", "", "", 5)), study.Options{Serial: []study.SerialTime{{Model: "M", Seconds: 7}}}, 7},
		{"a given time of other data", withSerial(run("ray", "", "", 5)), study.Options{Serial: []study.SerialTime{{Model: "M", Voxels: 6, Seconds: 7}}}, 0},
		{"measured before given", withSerial(run("ray", "", "", 5), run("serial", "", "", 5)), study.Options{Serial: []study.SerialTime{{Model: "M", Seconds: 7}}}, 50},
	} {
		l := study.Summarise(c.records, c.options).Lines[0]
		if got := l.Best().SpeedUp; got.Known() != (c.want > 0) || got.Median != c.want {
			t.Errorf("%s: speed-up is %v, want %v", c.name, got.Median, c.want)
		}
	}
}

func TestRunsThatDifferAreNotAveraged(t *testing.T) {
	base := study.Record{Engine: "voxfit", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 2, Time: 1, ISA: "avx2", Host: "a", Nodes: 1}
	records := []study.Record{base}
	for _, change := range []func(*study.Record){
		func(r *study.Record) { r.Engine = "ray" }, func(r *study.Record) { r.Model = "N" }, func(r *study.Record) { r.NumVox = 11 },
		func(r *study.Record) { r.CPUCount = 3 }, func(r *study.Record) { r.ISA = "avx512" }, func(r *study.Record) { r.Host = "b" },
		func(r *study.Record) { r.Pinned = true }, func(r *study.Record) { r.Nodes = 2 }, func(r *study.Record) { r.Schedule = "static" },
		func(r *study.Record) { r.Pin = "node" }, func(r *study.Record) { r.Places = "spread" },
	} {
		r := base
		change(&r)
		records = append(records, r)
	}
	s := study.Summarise(records, study.Options{})
	if len(s.Lines) != len(records) {
		t.Errorf("%d lines of %d conditions", len(s.Lines), len(records))
	}
	slices.Reverse(records)
	for i, l := range study.Summarise(records, study.Options{}).Lines {
		if l.Condition != s.Lines[i].Condition {
			t.Fatal("the order of the lines depends on the order of the rows")
		}
	}
}

func TestANameSaysNoMoreThanTellsApart(t *testing.T) {
	line := func(engine, isa, host string, pinned bool, nodes, cpus int) study.Line {
		return study.Line{Condition: study.Condition{Engine: engine, ISA: isa, Host: host, Pinned: pinned, Nodes: nodes, CPUs: cpus}}
	}
	scheduled := func(schedule, pin string) study.Line {
		l := line("voxfit", "", "a", pin == "core", 1, 8)
		l.Schedule, l.Pin = schedule, pin
		return l
	}
	for _, c := range []struct {
		lines []study.Line
		want  []string
	}{
		{[]study.Line{scheduled("numa", "core"), scheduled("static", "core")}, []string{"voxfit, numa", "voxfit, static"}},
		{[]study.Line{scheduled("numa", "core"), scheduled("numa", "node")}, []string{"voxfit, pin core", "voxfit, pin node"}},
		{[]study.Line{line("voxfit", "avx2", "a", true, 1, 8), line("voxfit", "avx2", "a", true, 2, 16)}, []string{"voxfit"}},
		{[]study.Line{line("voxfit", "avx2", "a", true, 1, 8), line("voxfit", "avx512", "a", false, 1, 8)},
			[]string{"voxfit, avx2, pinned", "voxfit, avx512, not pinned"}},
		{[]study.Line{line("ray", "", "a", false, 1, 8), line("voxfit", "avx2", "a", true, 1, 8)}, []string{"voxfit", "ray"}},
		{[]study.Line{line("voxfit", "", "a", true, 1, 8), line("voxfit", "", "a", true, 2, 8)}, []string{"voxfit, 1 node", "voxfit, 2 nodes"}},
		{[]study.Line{line("voxfit", "", "a", true, 1, 8), line("voxfit", "", "b", true, 1, 8)}, []string{"voxfit on a", "voxfit on b"}},
	} {
		n := study.Summary{Lines: c.lines}.Variants()
		var got []string
		for _, v := range n.All {
			got = append(got, n.Name(v))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("names are %q, want %q", got, c.want)
		}
	}
}

func TestSerialTimesAreReadWithEitherName(t *testing.T) {
	got, err := study.ParseSerial("csdm=119, FreeWaterTensorModel=798.2")
	if err != nil || len(got) != 2 || got[0].Model != "ConstrainedSphericalDeconvModel" || got[0].Seconds != 119 ||
		got[1].Model != "FreeWaterTensorModel" || got[1].Seconds != 798.2 {
		t.Errorf("read %+v, %v", got, err)
	}
	for _, bad := range []string{"", "csdm", "=3", "csdm=0", "csdm=x", "csdm=Inf"} {
		if _, err := study.ParseSerial(bad); err == nil {
			t.Errorf("serial times %q were accepted", bad)
		}
	}
}

func TestTheNotesSayWhatTheNumbersDoNot(t *testing.T) {
	r := study.Record{Engine: "ray", Model: "TensorModel", NumVox: 10, NumChunks: 4, CPUCount: 5, Time: 1, Version: "v1", Campaign: "a"}
	q := r
	q.Version, q.Campaign, q.NumChunks = "v2", "b", 8
	notes := strings.Join(study.Summarise([]study.Record{r, q}, study.Options{}).Notes, "\n")
	for _, want := range []string{"No serial time is known for Diffusion tensor on 10 voxels (ray)", "different versions", "v1, v2",
		"campaigns are pooled: a, b", "2 settings were given one time only", "5 CPUs are not in the price table"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note says %q in:\n%s", want, notes)
		}
	}
	if notes := study.Summarise(nil, study.Options{}).Notes; len(notes) != 0 {
		t.Errorf("notes about nothing: %q", notes)
	}
}

func TestDisturbedRepetitionsAreLeftOutWhereThereAreOthers(t *testing.T) {
	run := study.Record{Engine: "voxfit", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 2, Time: 1, Compute: 1.9, CPUTime: 1.9}
	disturbed := run
	disturbed.Time, disturbed.Compute, disturbed.Taken = 3, 5.9, 4
	s := study.Summarise([]study.Record{run, disturbed, disturbed}, study.Options{})
	if p := s.Lines[0].Best(); p.Time.Median != 1 || p.Time.N != 1 || p.Disturbed || s.Disturbed != 0 || s.Busy() {
		t.Errorf("one of three runs was calm: %+v", p)
	}
	if notes := strings.Join(s.Notes, " "); !strings.Contains(notes, "2 runs were disturbed by other programs and left out") {
		t.Errorf("the notes do not say so: %s", notes)
	}
	s = study.Summarise([]study.Record{disturbed, disturbed}, study.Options{})
	if p := s.Lines[0].Best(); p.Time.Median != 3 || !p.Disturbed || s.Disturbed != 1 || !s.Busy() {
		t.Errorf("no run was calm: %+v, %d settings disturbed", p, s.Disturbed)
	}
	if notes := strings.Join(s.Notes, " "); !strings.Contains(notes, "Times of these are of a busy machine") {
		t.Errorf("the notes do not say so: %s", notes)
	}
}

// A run of milliseconds may have all of its CPU once it has begun. What it waited for it before counts, too.
func TestARunThatHadToWaitForItsCPUIsDisturbed(t *testing.T) {
	run := study.Record{Engine: "voxfit", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 2, Time: 0.0032, Compute: 0.006, CPUTime: 0.006, StartWait: 0.0004, Late: 0.0002}
	late := run
	late.Time, late.StartWait, late.Late = 0.006, 0.0032, 0.003
	if run.Disturbed() || !late.Disturbed() || !near(late.TakenShare(), 1./3) {
		t.Errorf("disturbed: %v with 3%% and %v with %.0f%%", run.Disturbed(), late.Disturbed(), 100*late.TakenShare())
	}
}

// What others and the host took is a part of its own, and all parts still add up to CPUs x wall time.
func TestWhatOthersTookIsAPartOfTheAccount(t *testing.T) {
	r := study.Record{Engine: "voxfit", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 2, Time: 5, Compute: 8, Dispatch: 0.5, StartWait: 0.5, TailWait: 0.5,
		CPUTime: 5.5, Taken: 3, HostSteal: 1}
	s := study.Summarise([]study.Record{r}, study.Options{}).Lines[0].Points[0].Split
	want := study.Split{Compute: 5, Dispatch: 0.5, StartWait: 0.5, TailWait: 0.5, Others: 2, Host: 1, HasUse: true, Unaccounted: 0.5}
	if s != want {
		t.Errorf("the account is %+v, want %+v", s, want)
	}
}

// The serial run shared its CPU with another program and took twice as long: two CPUs seem to be 3.9 times as fast.
func TestNoSpeedUpIsMoreThanTheCPUsGive(t *testing.T) {
	serial := study.Record{Engine: "serial", Model: "M", NumVox: 10, NumChunks: 1, CPUCount: 1, Time: 3.9}
	two := study.Record{Engine: "voxfit", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 2, Time: 1}
	s := study.Summarise([]study.Record{serial, two}, study.Options{})
	if p := s.Lines[0].Best(); p.SpeedUp.Known() || p.Efficiency.Known() || p.Percent.Known() {
		t.Errorf("two CPUs have a speed-up of %g", p.SpeedUp.Median)
	}
	two.Time = 1.9 // within the noise of the serial run: 2.05 times as fast
	if p := study.Summarise([]study.Record{serial, two}, study.Options{}).Lines[0].Best(); !near(p.SpeedUp.Median, 2) || !near(p.Efficiency.Median, 1) ||
		!near(p.Percent.Median, 50) {
		t.Errorf("two CPUs have a speed-up of %g, an efficiency of %g and %g%% of the serial time", p.SpeedUp.Median, p.Efficiency.Median, p.Percent.Median)
	}
	if notes := strings.Join(s.Notes, " "); !strings.Contains(notes, "1 setting was faster than the CPUs allow") {
		t.Errorf("the notes do not say so: %s", notes)
	}
}

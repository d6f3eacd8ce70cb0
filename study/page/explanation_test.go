package page

import (
	"bytes"
	"html"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
	"github.com/voxfit/voxfit/study/overhead"
)

func explained(t *testing.T, records []study.Record, o overhead.Options) overhead.Explanation {
	t.Helper()
	e, err := overhead.Explain(records, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheExplanationsPageStandsAloneAndSaysAll(t *testing.T) {
	peer.Slow(t)
	records := studytest.Runs(studytest.Known, 0.02, 3)
	for i := range records {
		records[i].Engine = `a <b> & "c"`
	}
	e := explained(t, records, overhead.Options{Resamples: 10})
	dir := t.TempDir()
	if err := (Explanation{Title: "Why <each>", Sources: []string{"a&b.csv"}, Repeat: []string{"kbench explain"}, Explanation: e}).Write(dir); err != nil {
		t.Fatal(err)
	}
	raw := studytest.Read(t, filepath.Join(dir, "index.html"))
	text := html.UnescapeString(raw)
	for _, s := range append([]string{"The answer", "What does a core cost?", "In numbers", "a&b.csv", "serial part", "Amdahl's law", "universal scalability law", "72 from 8, 16 and 36"}, e.Overheads[0].Limits...) {
		if !strings.Contains(text, s) {
			t.Errorf("the page does not say %q", s)
		}
	}
	for _, bad := range []string{"<script", "a <b>", "ZgotmplZ", "NaN", "https://"} {
		if strings.Contains(raw, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	figures, err := explanationFigures(e)
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
	e := explained(t, sampleRecords(), overhead.Options{Resamples: 5})
	r.Explanation = &e
	dir := writeReport(t, r)
	if text := studytest.Read(t, filepath.Join(dir, "index.html")); !strings.Contains(text, "Why each added core gains less") {
		t.Error("the report has no such section")
	}
	svg := studytest.Read(t, filepath.Join(dir, "figures", "overhead.svg"))
	for _, part := range []string{"dispatch", "tail wait", "start wait"} {
		if !strings.Contains(svg, "<title>"+part+"</title>") {
			t.Errorf("the overhead of each core has no %s", part)
		}
	}
	if !strings.Contains(svg, ">serial</text>") {
		t.Error("the serial run has no bar")
	}
	r.Explanation, r.Unexplained = nil, "There are three settings."
	if text := studytest.Read(t, filepath.Join(writeReport(t, r), "index.html")); !strings.Contains(text, r.Unexplained) {
		t.Error("the report does not say why there is no explanation")
	}
}

func TestAnExplanationCanBeRepeated(t *testing.T) {
	records := slices.DeleteFunc(studytest.Runs(studytest.Known, 0.02, 3), func(r study.Record) bool { return r.CPUCount < 36 || r.NumChunks%5 == 3 })
	write := func(records []study.Record, seed uint64) string {
		var b bytes.Buffer
		if err := (Explanation{Explanation: explained(t, records, overhead.Options{Resamples: 5, Seed: seed})}).WriteTable(&b); err != nil {
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

func TestThePageOfOneCPUCountSaysWhyAFigureIsMissing(t *testing.T) {
	records := slices.DeleteFunc(studytest.Runs(studytest.Known, 0.01, 1), func(r study.Record) bool { return r.CPUCount != 36 || r.NumChunks < 64 })
	dir := t.TempDir()
	if err := (Explanation{Title: "x", Explanation: explained(t, records, overhead.Options{Resamples: 2})}).Write(dir); err != nil {
		t.Error(err)
	}
	if text := studytest.Read(t, filepath.Join(dir, "index.html")); !strings.Contains(text, "there is none to leave out") {
		t.Error("the page does not say why a figure is missing")
	}
}

// What makes the numbers doubtful stands above them, on the terminal and on the page.
func TestDoubtsStandAboveTheAnswer(t *testing.T) {
	records := studytest.Runs(studytest.Known, 0.01, 1)
	for i := range records {
		r := &records[i]
		r.Campaign, r.CPUTime = "", 1
		if r.Run == 3 && r.CPUCount == 8 {
			r.Taken = 1
		}
	}
	x := Explanation{Title: "x", Explanation: explained(t, records, overhead.Options{Resamples: 2})}
	var terminal bytes.Buffer
	if err := x.WriteTable(&terminal); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := x.Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"terminal": terminal.String(), "page": studytest.Read(t, filepath.Join(dir, "index.html"))} {
		before, _, _ := strings.Cut(text, "In seconds, ")
		before = strings.Join(strings.Fields(before), " ")
		for _, want := range []string{"each CPU is taken for a core", "16 runs were disturbed by other programs and left out"} {
			if !strings.Contains(before, want) {
				t.Errorf("above the answer the %s does not say %q:\n%s", name, want, before)
			}
		}
	}
}

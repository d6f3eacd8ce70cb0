package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// A drawn figure: what a test can count in it.
type drawnFigure struct {
	series map[string]int // groups by class
	labels map[string]int // their titles
	paths  int            // paths inside groups of class "series"
	texts  []string
}

// readSVG parses a drawing as strict XML.
func readSVG(t *testing.T, name string, svg []byte) drawnFigure {
	t.Helper()
	d := drawnFigure{series: map[string]int{}, labels: map[string]int{}}
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	var open []string // the classes and names of the open elements
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return d
		}
		if err != nil {
			t.Fatalf("%s is not well-formed: %v", name, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			entry := e.Name.Local
			for _, a := range e.Attr {
				if a.Name.Local == "class" {
					entry += " " + a.Value
					d.series[a.Value]++
				}
			}
			open = append(open, entry)
			if e.Name.Local == "path" && contains(open, "g series") {
				d.paths++
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			switch text := strings.TrimSpace(string(e)); {
			case text == "":
			case open[len(open)-1] == "title":
				d.labels[text]++
			case open[len(open)-1] == "text":
				d.texts = append(d.texts, text)
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func figuresOf(t *testing.T, s study.Summary, published *study.Summary) map[string]figure {
	t.Helper()
	figures, err := studyFigures(s, published)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]figure{}
	for _, f := range figures {
		byName[f.Name] = f
	}
	return byName
}

// Two models, each with two engines on five CPU counts: 20 lines over the chunks, 4 over the CPUs;
// the price table has 8 and 16 of the CPU counts; of the accounts three CPU counts a model are
// shown, each with five parts.
func TestEveryFigureHasItsSeries(t *testing.T) {
	figures := figuresOf(t, sampleStudy(), nil)
	for name, want := range map[string]int{"time": 20, "speedup": 20, "efficiency": 20, "peak": 4, "cost": 4} {
		d := readSVG(t, name, figures[name].SVG)
		if d.series["series"] != want || d.series["behind"] != 0 {
			t.Errorf("%s has %v, want %d series", name, d.series, want)
		}
		if d.paths < 2*want {
			t.Errorf("%s has only %d paths in %d series", name, d.paths, want)
		}
	}
	d := readSVG(t, "account", figures["account"].SVG)
	for label, want := range map[string]int{"compute": 6, "start wait": 6, "tail wait": 6} {
		if d.labels[label] != want {
			t.Errorf("account has %d panels with %s, want %d", d.labels[label], label, want)
		}
	}
	if d := readSVG(t, "time", figures["time"].SVG); d.labels["voxfit, 8 CPUs"] != 2 || d.labels["dipy-ray, 16 CPUs"] != 2 {
		t.Errorf("the series of time are named %v", d.labels)
	}
}

func TestThePublishedStudyLiesBehindOurs(t *testing.T) {
	figures := figuresOf(t, sampleStudy(), samplePublished())
	for name, want := range map[string]int{"time": 4, "speedup": 4, "efficiency": 4, "peak": 2, "cost": 2, "account": 0} {
		svg := figures[name].SVG
		d := readSVG(t, name, svg)
		if d.series["behind"] != want {
			t.Errorf("%s has %d published curves, want %d", name, d.series["behind"], want)
		}
		if first, ours := bytes.Index(svg, []byte(`class="behind"`)), bytes.Index(svg, []byte(`class="series"`)); want > 0 && first > ours {
			t.Errorf("%s draws ours before the published curves", name)
		}
	}
	if f := figures["cost"]; !strings.Contains(f.Title, "million voxels") {
		t.Errorf("costs of different data sets are compared a run: %s", f.Title)
	}
}

func TestFiguresThatCannotBeDrawnSayWhy(t *testing.T) {
	records := studytest.Timed(study.Record{Engine: "ray", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 3}, 1, 2)
	figures := figuresOf(t, study.Summarise(records, study.Options{}), nil)
	for name, why := range map[string]string{"speedup": "No serial time", "efficiency": "No serial time", "peak": "No serial time",
		"cost": "price table", "account": "where its workers' time went"} {
		if f := figures[name]; f.SVG != nil || !strings.Contains(f.Missing, why) {
			t.Errorf("%s: %d bytes drawn, missing because %q", name, len(f.SVG), f.Missing)
		}
	}
	if f := figures["time"]; f.SVG == nil || f.Missing != "" || f.Title != "Time" {
		t.Errorf("without a serial time, the times in seconds are not drawn: %+v", f)
	}
	for name, f := range figuresOf(t, study.Summary{}, nil) {
		if f.SVG != nil || f.Missing == "" {
			t.Errorf("%s of nothing: %d bytes, missing because %q", name, len(f.SVG), f.Missing)
		}
	}
}

// A curve over CPUs of one CPU count would be a point.
func TestOneCPUCountIsSaidInWords(t *testing.T) {
	records := append(studytest.Timed(study.Record{Engine: "voxfit", Model: "M", NumVox: 1, NumChunks: 4, CPUCount: 8}, 1, 1.1),
		studytest.Timed(study.Record{Engine: "serial", Model: "M", NumVox: 1, NumChunks: 1, CPUCount: 1}, 6.3)...)
	for name, want := range map[string]string{"peak": "All runs are on 8 CPUs, so that there is no curve over CPUs. Here the efficiency is: M, 1 voxel, voxfit: 0.750", "cost": "US$ a run"} {
		if f := figuresOf(t, study.Summarise(records, study.Options{}), nil)[name]; f.SVG != nil || !strings.Contains(f.Missing, want) {
			t.Errorf("%s: %d bytes drawn, missing because %q, want %q", name, len(f.SVG), f.Missing, want)
		}
	}
}

// The mouse over a mark shows its values.
func TestEveryMarkSaysItsValues(t *testing.T) {
	var records []study.Record
	for _, chunks := range []int{16, 2048} {
		records = append(records, studytest.Timed(study.Record{Engine: "voxfit", Model: "M", NumVox: 1, NumChunks: chunks, CPUCount: 8, Compute: 9}, 1.25)...)
	}
	figures := figuresOf(t, study.Summarise(records, study.Options{}), nil)
	for name, want := range map[string]string{"time": "voxfit, 8 CPUs; number of chunks 2,048; time (s) 1.25", "account": "compute; number of chunks 2,048; core-seconds 9"} {
		if !bytes.Contains(figures[name].SVG, []byte("<title>"+want+"</title>")) {
			t.Errorf("%s: no mark says %q", name, want)
		}
	}
}

func TestNamesCannotBreakADrawing(t *testing.T) {
	hostile := "</text><script>alert(1)</script>&amp;\x00\xff\n\"'🧠"
	var records []study.Record
	for _, engine := range []string{hostile, hostile + "-serial", "b" + hostile} {
		for _, chunks := range []int{1, 3, 1000} {
			for _, cpus := range []int{8, 16} {
				records = append(records, studytest.Timed(study.Record{Engine: engine, Model: hostile, Host: hostile, ISA: hostile, NumVox: 1,
					NumChunks: chunks, CPUCount: cpus, Compute: 1}, 1, 2, 1e-9)...)
			}
		}
	}
	for name, f := range figuresOf(t, study.Summarise(records, study.Options{}), nil) {
		readSVG(t, name, f.SVG)
		if f.SVG == nil || bytes.Contains(f.SVG, []byte("<script")) {
			t.Errorf("%s: a name got into the drawing as markup, or nothing was drawn", name)
		}
		readSVG(t, name+" as a file", drawing.StandaloneSVG(f.SVG))
	}
}

func TestExtremeNumbersAreDrawn(t *testing.T) {
	for name, times := range map[string][]float64{"tiny": {1e-12, 2e-12}, "huge": {1e12, 3e12}, "far apart": {1e-9, 1e9}, "one": {5}, "equal": {3, 3, 3}} {
		var records []study.Record
		for i, chunks := range []int{1, 7, 1 << 30} {
			records = append(records, studytest.Timed(study.Record{Engine: "ray", Model: "M", NumVox: 1, NumChunks: chunks, CPUCount: 1 << (4 * i), Compute: 1}, times...)...)
		}
		s := study.Summarise(records, study.Options{Serial: []study.SerialTime{{Model: "M", Seconds: 1}}, Prices: &study.Prices{PerCPU: 1}})
		for figure, f := range figuresOf(t, s, nil) {
			d := readSVG(t, figure, f.SVG)
			if d.series["series"] == 0 {
				t.Errorf("%s: %s has no series", name, figure)
			}
			if bytes.Contains(f.SVG, []byte("NaN")) || bytes.Contains(f.SVG, []byte("Inf")) {
				t.Errorf("%s: %s draws at NaN or infinity", name, figure)
			}
		}
	}
}

func TestPowersOfTwoAreWrittenWithARaisedExponent(t *testing.T) {
	for x, want := range map[float64]string{1: "2⁰", 32768: "2¹⁵", 0.5: "2⁻¹", 3: "3.00"} {
		if got := drawing.PowerLabel(x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
}

// Marks stand for the engine, and there are more CPU counts than colours.
func TestLinesWhoseColoursRepeatHaveTheirCPUCountAtTheEnd(t *testing.T) {
	for cpuCounts, want := range map[int]bool{6: false, 7: true} {
		var records []study.Record
		for i := range cpuCounts {
			for _, engine := range []string{"one", "other"} {
				for _, chunks := range []int{64, 128} {
					records = append(records, study.Record{Engine: engine, Model: "M", NumVox: 1000, NumChunks: chunks, CPUCount: 1 << i, Time: 9 / float64(i+1)})
				}
			}
		}
		svg := figuresOf(t, study.Summarise(records, study.Options{}), nil)["time"].SVG
		if got := bytes.Contains(svg, []byte("colours repeat")) && bytes.Contains(svg, []byte(">32</text>")); got != want {
			t.Errorf("%d CPU counts: numbers at the ends %v, want %v", cpuCounts, got, want)
		}
	}
}

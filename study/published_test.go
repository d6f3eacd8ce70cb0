package study_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
)

// The counts were taken from the file with Python's csv module.
func TestThePublishedFileIsReadAsItIs(t *testing.T) {
	records := studytest.Published(t)
	if len(records) != 1496 {
		t.Errorf("%d runs, want 1496", len(records))
	}
	counts := map[string]int{}
	for _, r := range records {
		counts[r.Campaign]++
		counts[r.Model]++
		counts[fmt.Sprint(r.NumVox)]++
		counts[fmt.Sprint(r.CPUCount, " CPUs")]++
		if r.VoxPerChunk != r.NumVox/r.NumChunks {
			t.Errorf("%d voxels in %d chunks: %d a chunk", r.NumVox, r.NumChunks, r.VoxPerChunk)
		}
		if !r.Published() {
			t.Fatal("a row of the published file does not count as published")
		}
	}
	for name, want := range map[string]int{
		"feb29": 560, "mar5": 936, "ConstrainedSphericalDeconvModel": 841, "FreeWaterTensorModel": 655,
		"435686": 1076, "82548": 300, "5384": 120, "8 CPUs": 206, "16 CPUs": 290, "36 CPUs": 500, "72 CPUs": 500,
	} {
		if counts[name] != want {
			t.Errorf("%s: %d runs, want %d", name, counts[name], want)
		}
	}
	first := records[0]
	if first.Time != 138.535076379776 || first.AvgMem != 9.948719470170293 || !slices.Equal(first.DataShape, []int{145, 174, 145, 288}) {
		t.Errorf("the first run is read as %+v", first)
	}
}

// The project's copy has the median of every setting of the file, to five digits.
func TestTheCopyOfThePublishedStudyHasItsMedians(t *testing.T) {
	copied := studytest.PublishedMedians(t, ".")
	times := map[string][]float64{}
	setting := func(r study.Record) string {
		return fmt.Sprint(r.Model, r.CPUCount, r.NumChunks, r.NumVox, r.DataShape)
	}
	for _, r := range studytest.Published(t) {
		times[setting(r)] = append(times[setting(r)], r.Time)
	}
	if len(copied) != len(times) {
		t.Errorf("%d settings, the file has %d", len(copied), len(times))
	}
	for _, r := range copied {
		if want := study.Median(times[setting(r)]); math.Abs(r.Time/want-1) > 1e-4 || !r.Published() {
			t.Errorf("%s: %g s, the file's median is %g s", setting(r), r.Time, want)
		}
	}
}

// The published report's own figures must agree with each other: that is what the serial times
// and the price of 0.0425 dollars a CPU and hour rest on. (The published costs of free water are all
// 0.0002 dollars above those of its best times.)
func TestThePublishedReportAgreesWithItself(t *testing.T) {
	serial := map[string]float64{}
	for _, s := range study.PublishedSerial() {
		serial[s.Model] = s.Seconds
	}
	for _, p := range study.PublishedResults() {
		if p.BestSeconds == 0 {
			continue
		}
		if e := p.SpeedUp / float64(p.CPUs); math.Abs(e-p.PeakEfficiency) > 0.011 {
			t.Errorf("%s on %d: speed-up %g gives efficiency %.3f, published %g", p.Model, p.CPUs, p.SpeedUp, e, p.PeakEfficiency)
		}
		if d := p.BestSeconds / 3600 * 0.0425 * float64(p.CPUs); math.Abs(d-p.Dollars) > 0.00026 {
			t.Errorf("%s on %d: %g s cost %.4f, published %g", p.Model, p.CPUs, p.BestSeconds, d, p.Dollars)
		}
		if s := p.BestSeconds * p.SpeedUp; math.Abs(s/serial[p.Model]-1) > 0.08 {
			t.Errorf("%s on %d: the serial time would be %.1f s, the mean is %.1f s", p.Model, p.CPUs, s, serial[p.Model])
		}
	}
}

// The file's runs on 72 CPUs were made on the report's kind of machine; they were 10 to 15% faster
// than the report's, and so is their efficiency. The smaller machines are not the report's, and
// what holds there is the order: more CPUs, less of each.
func TestThePublishedEfficienciesFollowFromThePublishedFile(t *testing.T) {
	s := study.Summarise(studytest.Published(t), study.Options{Serial: study.PublishedSerial()})
	reported := map[string]float64{}
	for _, p := range study.PublishedResults() {
		if p.CPUs == 72 {
			reported[p.Model] = p.PeakEfficiency
		}
	}
	compared := 0
	last := map[string]float64{}
	for _, l := range s.Lines {
		if l.Voxels != study.PublishedVoxels {
			if l.Baseline != nil {
				t.Errorf("%s on %d voxels was given the serial time of another data set", l.Model, l.Voxels)
			}
			continue
		}
		e := l.Best().Efficiency.Median
		if before, ok := last[l.Model]; ok && e >= before {
			t.Errorf("%s: peak efficiency does not fall at %d CPUs (%.2f after %.2f)", l.Model, l.CPUs, e, before)
		}
		last[l.Model] = e
		if l.CPUs == 72 {
			compared++
			if r := reported[l.Model]; e/r < 1 || e/r > 1.25 {
				t.Errorf("%s on 72 CPUs: peak efficiency %.3f, the report has %.2f", l.Model, e, r)
			}
		}
	}
	if compared != 2 {
		t.Errorf("%d models compared, want 2", compared)
	}
}

var update = flag.Bool("update", false, "write testdata/published_form.csv anew")

const publishedFormPath = "testdata/published_form.csv"

// makePublishedForm makes a small file of the published form, with numbers of ours: an ideal
// machine on which a run takes 1 ms a chunk to hand out and the voxels' time divided by the CPUs
// that have a chunk.
func makePublishedForm() []byte {
	var b bytes.Buffer
	b.WriteString("campaign,engine,model,cpu_count,num_chunks,vox_per_chunk,num_vox,data_shape,time,avg_mem\n")
	for _, model := range []struct {
		name    string
		seconds float64
	}{{"ConstrainedSphericalDeconvModel", 100}, {"FreeWaterTensorModel", 800}} {
		for _, cpus := range []int{8, 72} {
			for k := 0; k <= 15; k += 3 {
				chunks := 1 << k
				rounds := math.Ceil(float64(chunks) / float64(cpus))
				time := model.seconds*rounds/float64(chunks) + 0.001*float64(chunks)
				for _, noise := range []float64{-0.01, 0, 0.01} {
					fmt.Fprintf(&b, "may1,ray,%s,%d,%d,%d,%d,\"(10, 20, 30, 288)\",%v,%v\n",
						model.name, cpus, chunks, study.PublishedVoxels/chunks, study.PublishedVoxels, time*(1+noise), 10.5)
				}
			}
		}
	}
	return b.Bytes()
}

// Made again by: go test ./study -run TestASmallFileOfThePublishedFormIsRead -update
func TestASmallFileOfThePublishedFormIsRead(t *testing.T) {
	if *update {
		studytest.Write(t, publishedFormPath, string(makePublishedForm()))
	}
	stored, err := os.ReadFile(publishedFormPath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(stored, []byte("\r\n"), []byte("\n")), makePublishedForm()) {
		t.Errorf("%s is not what its generator makes", publishedFormPath)
	}
	records, err := study.ReadRecords(publishedFormPath)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Count(string(stored), "\n") - 1; len(records) != want {
		t.Errorf("%d runs, want %d", len(records), want)
	}
	s := study.Summarise(records, study.Options{Serial: []study.SerialTime{{Model: "FreeWaterTensorModel", Seconds: 800}}})
	// 8 chunks on 8 CPUs: one round of 800/8 s and 0.008 s of handing out
	for _, l := range s.Lines {
		if l.Model == "FreeWaterTensorModel" && l.CPUs == 8 {
			p := l.Best()
			if p.Chunks != 8 || !near(p.Time.Median, 100.008) || !near(p.SpeedUp.Median, 800/100.008) {
				t.Errorf("best point is %+v", p)
			}
		}
	}
}

func TestPublishedRunsAreToldFromOurs(t *testing.T) {
	ours, published := study.SplitPublished([]study.Record{{Engine: "voxfit"}, {Engine: "ray", Campaign: "mar5"}, {Engine: "ray"}})
	if len(ours) != 2 || len(published) != 1 || published[0].Campaign != "mar5" || ours[1].Engine != "ray" {
		t.Errorf("split into %v and %v", ours, published)
	}
}

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-9*math.Abs(want) }

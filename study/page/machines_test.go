package page

import (
	"html"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
	"github.com/voxfit/voxfit/study/kit"
)

// machine is the study of a machine of two nodes on which fits take a part more than was predicted.
func machine(host string, more, taken float64) kit.Study {
	const csdm, fwdtim = "ConstrainedSphericalDeconvModel", "FreeWaterTensorModel"
	s := kit.Study{
		Plan: kit.Plan{Host: host, Models: []string{"csdm", "fwdtim"}, Voxels: 1000, Chunks: 512, Runs: 3, Sweeps: []kit.Sweep{
			{Name: "numa-close", CPUs: []int{1, 2, 4}, Cores: []int{1, 2, 2}}, {Name: "numa-spread", CPUs: []int{1, 2, 4}, Cores: []int{1, 2, 2}},
		}},
		Facts:     []kit.Fact{{Name: "processor", Value: "one"}},
		Bandwidth: kit.Bandwidth{Nodes: []int{0, 1}, Read: [][]float64{{40, 20}, {21, 41}}, OneCore: 12},
		METG:      handing(host, taken, costsOfTasks),
		Hash:      "0123456789abcdef", Records: map[string][]study.Record{},
	}
	for _, sweep := range s.Plan.Sweeps {
		for k, model := range []string{csdm, fwdtim} {
			for run := 1; run <= 3; run++ {
				serial := float64(8*(k+1)) * (1 + 0.01*float64(run))
				s.Records[sweep.Name] = append(s.Records[sweep.Name], study.Record{Engine: "serial", Model: model, Time: serial, CPUCount: 1, NumChunks: 1, NumVox: 1000})
				for i, n := range sweep.CPUs {
					s.Records[sweep.Name] = append(s.Records[sweep.Name],
						study.Record{Engine: "voxfit", Model: model, Time: serial / float64(sweep.Cores[i]), CPUCount: n, NumChunks: 512, NumVox: 1000})
				}
			}
			for i, n := range sweep.CPUs {
				value := float64(8*(k+1)) * 1.02 / float64(sweep.Cores[i]) / (1 + more)
				s.Predictions.Predictions = append(s.Predictions.Predictions, kit.Prediction{Model: model, Sweep: sweep.Name, CPUs: n, Seconds: study.Estimate{Value: value}})
			}
		}
	}
	return s
}

func TestThePageOfMachinesSaysWhatTheirCPUsGaveAndHowFarOffThePredictionsWere(t *testing.T) {
	dir := t.TempDir()
	x := Machines{Repeat: "kbench report", Studies: []kit.Study{machine("here", 0.1, 0), machine("there", 0, 0.5), machine("here", 0, 0)}}
	if err := x.Write(dir); err != nil {
		t.Fatal(err)
	}
	page := html.UnescapeString(studytest.Read(t, filepath.Join(dir, "index.html")))
	var table strings.Builder
	if err := x.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{page, strings.Join(strings.Fields(table.String()), " ")} {
		for _, want := range []string{
			"here (1): Constrained spherical deconvolution took 4.08 s at best, on 2 CPUs (2 cores; numa-close), 2.00 times as fast as the serial fit.",
			"here (1): the predictions, made before the fits, were off by 10% in the median, by 10% at most.",
			"here (3): the predictions, made before the fits, were off by 0.0% in the median",
			"there: other programs took the CPUs: even the longest tasks had an efficiency of no more than 0.47.",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("lacks %q", want)
			}
		}
		if strings.Contains(text, "there: Constrained") || strings.Contains(text, "there, numa-close") {
			t.Error("something is concluded from the times of a busy machine")
		}
	}
	if !strings.Contains(page, "memory of node 1") || !strings.Contains(page, "0123456789abcdef") {
		t.Error("the page lacks the bandwidth or the hash of the predictions")
	}
}

// A prediction from chunks that other programs disturbed says nothing of the simulation.
func TestThePageOfMachinesJudgesNoPredictionsFromDisturbedChunks(t *testing.T) {
	s := machine("here", 0.1, 0)
	s.Predictions.Taken = 0.3
	said := strings.Join(inShort((Machines{Studies: []kit.Study{s}}).shown()), " ")
	if !strings.Contains(said, "other programs took 30% of the core while the chunks were timed") || strings.Contains(said, "were off by") {
		t.Errorf("it says %q", said)
	}
}

func TestANodeWithoutCPUsOfTheStudyHasNoBandwidth(t *testing.T) {
	b := bandwidthTable(kit.Bandwidth{Nodes: []int{0, 1}, Read: [][]float64{{40, 20}, {0, 0}}, OneCore: 12})
	var cells []string
	for _, row := range b.Rows {
		for _, cell := range row {
			cells = append(cells, cell.Text)
		}
	}
	if got, want := strings.Join(cells, "|"), "node 0|40.0|20.0|node 1|-|-|one CPU alone, its own node|12.0|"; got != want {
		t.Errorf("the table has %s, want %s", got, want)
	}
}

// Serial fits that something disturbed make others seem faster than their CPUs allow.
func TestThePageOfMachinesGivesNoSpeedUpAboveTheCPUs(t *testing.T) {
	s := machine("here", 0, 0)
	for _, records := range s.Records {
		for i := range records {
			if study.IsSerial(records[i].Engine) {
				records[i].Time *= 3
			}
		}
	}
	said := strings.Join(inShort((Machines{Studies: []kit.Study{s}}).shown()), " ")
	if !strings.Contains(said, "faster than the CPUs allow against the serial fits") || strings.Contains(said, "times as fast") {
		t.Errorf("it says %q", said)
	}
	for _, f := range (Machines{Studies: []kit.Study{s}}).shown()[0].fits {
		if f.speedUp > float64(f.cpus) {
			t.Errorf("%s on %d CPUs: speed-up %g", f.sweep, f.cpus, f.speedUp)
		}
	}
}

func TestABrowserDrawsTheFiguresOfMachines(t *testing.T) {
	browser, dir := findBrowser(t), t.TempDir()
	if err := (Machines{Studies: []kit.Study{machine("here", 0.1, 0), machine("there", 0, 0)}}).Write(dir); err != nil {
		t.Fatal(err)
	}
	wantDrawn(t, browser, dir, 3)
}

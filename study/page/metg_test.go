package page

import (
	"html"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study/internal/studytest"
	"github.com/voxfit/voxfit/study/metg"
)

// handing is a study of schedulers whose tasks cost so many seconds each, with so much of the time taken by others.
func handing(host string, taken float64, costs map[string]float64) metg.Study {
	const workers, tasks = 2, 1000
	s := metg.Study{Host: host, CPUs: []int{0, 1}, Rounds: 6, Command: "kbench metg"}
	for _, name := range []string{"voxfit", "channel", "tbb", "ray", "dask-distributed"} {
		cost, measured := costs[name]
		o := metg.Opponent{Name: name, What: "a task", Version: "1"}
		if !measured {
			o.Missing = "not installed"
		}
		for round := 1; measured && round <= s.Rounds; round++ {
			for k := -4; k <= 4; k++ {
				iterations := uint64(0)
				if k > -4 {
					iterations = uint64(cost / 1e-9 * float64(int(16)<<(k+3)) / 128)
				}
				seconds := tasks * (float64(iterations)*1e-9 + cost*(1+0.02*float64(round))) / workers / (1 - taken)
				o.Measured = append(o.Measured, metg.Measurement{Round: round, Tasks: tasks, Iterations: iterations, Alone: float64(max(1, iterations)) * 1e-9, Seconds: seconds})
			}
			if name == "voxfit" {
				o.Steals = append(o.Steals, metg.Steals{Round: round, Waits: []float64{0.9e-6, 1.1e-6}})
			}
		}
		s.Opponents = append(s.Opponents, o)
	}
	return s
}

var costsOfTasks = map[string]float64{"voxfit": 100e-9, "channel": 300e-9, "tbb": 120e-9, "ray": 400e-6}

func TestThePageOfMETGSaysWhatATaskCosts(t *testing.T) {
	dir := t.TempDir()
	x := METG{Repeat: "kbench report metg.json", Studies: []metg.Study{handing("here", 0, costsOfTasks)}}
	if err := x.Write(dir); err != nil {
		t.Fatal(err)
	}
	page := studytest.Read(t, filepath.Join(dir, "index.html"))
	var table strings.Builder
	if err := x.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{page, strings.Join(strings.Fields(table.String()), " ")} {
		for _, want := range []string{
			"voxfit's workers spend half of their time on work when a task takes 107 ns (102 ns to 112 ns)",
			"With Ray a task must take 429 us (408 us to 449 us) for that, about 4,000 times as long",
			"has another's after 1.00 us", "not installed",
		} {
			if !strings.Contains(strings.ReplaceAll(html.UnescapeString(text), "\n", " "), want) {
				t.Errorf("lacks %q:\n%s", want, table.String())
			}
		}
	}
}

// Most rounds are at 0.9 and one was disturbed: the bar reaches down to it, and not as far up, above 1.
func TestTheBarsOfEfficienciesAreTheirIntervals(t *testing.T) {
	s := handing("here", 0, map[string]float64{"voxfit": 100e-9})
	measured := s.Opponents[0].Measured
	for i := range measured {
		if measured[i].Round == 1 {
			measured[i].Seconds *= 2
		}
	}
	f, err := efficiencyFigure(s, "efficiency")
	if err != nil {
		t.Fatal(err)
	}
	if text := string(f.SVG); !strings.Contains(text, "efficiency 0.936 (0.470 to 0.939)") {
		t.Errorf("no value of the curve has the interval from 0.470 to 0.939:\n%s", regexp.MustCompile(`efficiency 0\.9[^<"]*`).FindAllString(text, -1))
	}
}

func TestThePageOfABusyMachineClaimsNothingOfSchedulers(t *testing.T) {
	x := METG{Studies: []metg.Study{handing("here", 0.5, costsOfTasks)}}
	if said := append(x.Busy(), x.InShort()...); len(said) != 1 || !strings.HasPrefix(said[0], "Other programs took the CPUs meanwhile: even the longest tasks had an efficiency of no more than 0.47") {
		t.Errorf("it says %q", said)
	}
}

func TestDurationsReadWell(t *testing.T) {
	for seconds, want := range map[float64]string{
		0.3e-9: "0.3 ns", 7.4e-9: "7.4 ns", 85e-9: "85 ns", 123e-9: "123 ns", 0.9996e-6: "1.00 us", 1.234e-6: "1.23 us", 45.6e-3: "45.6 ms", 2: "2.00 s",
	} {
		if got := duration(seconds); got != want {
			t.Errorf("%g s is written %q, want %q", seconds, got, want)
		}
	}
}

func TestABrowserDrawsTheCurvesOfTwoMachines(t *testing.T) {
	browser, dir := findBrowser(t), t.TempDir()
	x := METG{Repeat: "kbench report", Studies: []metg.Study{handing("here", 0, costsOfTasks), handing("there", 0, costsOfTasks)}}
	if err := x.Write(dir); err != nil {
		t.Fatal(err)
	}
	wantDrawn(t, browser, dir, 2)
}

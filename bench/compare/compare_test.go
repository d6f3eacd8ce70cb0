package compare

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/bench/textbook"
	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/phantom"
)

// options compare a few voxels of a phantom.
func options(t *testing.T, voxels int, models ...string) Options {
	t.Helper()
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: voxels, SNR: 30, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	cpus, err := numa.Allowed()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Models: models, Gradients: p.Gradients, Response: phantom.Response(), Signal: p.Signal,
		Rounds: 1, CPU: cpus[len(cpus)-1], Python: "no-such-python",
	}
}

// compared runs the comparison in a temporary folder of its own, and fails the test if anything is left there.
func compared(t *testing.T, o Options) *Report {
	t.Helper()
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	report, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(temporary, "*")); len(left) > 0 {
		t.Errorf("temporary files were left: %v", left)
	}
	return report
}

func TestWithoutPeersOurOwnTimesStandAndTheReportSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	report := compared(t, options(t, 6, "dti"))
	for _, m := range report.Models {
		if len(m.Times) != 3 || m.Times[0].Median <= 0 || len(m.Times[1].Rounds)+len(m.Times[2].Rounds) > 0 {
			t.Errorf("%s: %+v, want times of voxfit alone", m.Model, m.Times)
		}
	}
	notes := strings.Join(report.Notes, "\n")
	for _, want := range []string{"DIPY is not here: no-such-python:", "MRtrix3 is not here: no dwi2fod"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes do not say %q:\n%s", want, notes)
		}
	}
	var table bytes.Buffer
	if err := report.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "dti iwls") || strings.Count(table.String(), "   -") < 4 {
		t.Errorf("the table has no dashes for the peers:\n%s", &table)
	}
}

func TestAPythonWithoutDIPYIsNamedWithItsOwnWords(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stub is a shell script")
	}
	python := filepath.Join(t.TempDir(), "python")
	script := "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'dipy'\" >&2\nexit 1\n"
	if err := os.WriteFile(python, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	o := options(t, 2, "dti")
	o.Python = python
	if notes := strings.Join(compared(t, o).Notes, "\n"); !strings.Contains(notes, python+": ModuleNotFoundError: No module named 'dipy'") {
		t.Errorf("the notes are %q", notes)
	}
}

func TestAProgramThatIsNoPythonIsLeftAlone(t *testing.T) {
	yes, err := exec.LookPath("yes") // says "y" for ever and reads nothing
	if err != nil {
		t.Skip("no program yes here")
	}
	script := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec "+yes+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	o := options(t, 2, "dti")
	o.Python = script
	if notes := strings.Join(compared(t, o).Notes, "\n"); !strings.Contains(notes, "expected JSON") {
		t.Errorf("the notes are %q", notes)
	}
}

func TestDIPYIsTimedAndAgrees(t *testing.T) {
	peer.Slow(t)
	o := options(t, 24, "csdm", "fwdtim", "dti", "sfm")
	o.Python, o.Rounds = peer.Python(t), 2
	report := compared(t, o)
	if report.Engines[1].Version == "" {
		t.Fatalf("no DIPY: %v", report.Notes)
	}
	for _, m := range report.Models {
		dipy := m.Times[1]
		if withoutDIPY(m.Model) {
			if len(dipy.Rounds) != 0 {
				t.Errorf("%s was timed with DIPY, which does not have it", m.Model)
			}
		} else if len(dipy.Rounds) != 2 || dipy.Median <= 0 || dipy.Slower <= 0 {
			t.Errorf("%s: %+v, want two rounds", m.Model, dipy)
		}
		agree(t, m, nameDIPY)
	}
}

// stub makes a Python whose engines take 6 us for every fit. requests is the file in which it writes down the
// requests.
func stub(t *testing.T) (python, requests string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stub is a shell script")
	}
	folder := t.TempDir()
	python, requests = filepath.Join(folder, "python"), filepath.Join(folder, "requests")
	script := `#!/bin/sh
[ "$2" = voxfit.bench ] || exit 1
read line && echo '{"versions": {"dipy": "1.2", "voxfit": "3.4"}}'
while read line; do echo "$line" >> ` + requests + `; echo '{"time": 6e-6, "call": "fit(data)"}'; done
`
	if err := os.WriteFile(python, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return python, requests
}

func TestEnginesAreFurtherColumnsOfEachModelThatDIPYFits(t *testing.T) {
	python, _ := stub(t)
	o := options(t, 6, "dti")
	o.Python, o.Engines = python, []string{"dipy-ray", "voxfit-ray"}
	report := compared(t, o)
	if got := report.Engines[3:]; got[0] != (Engine{Name: "dipy-ray", Version: "1.2"}) || got[1] != (Engine{Name: "voxfit-ray", Version: "3.4"}) {
		t.Errorf("the engines are %v", report.Engines)
	}
	for _, m := range report.Models {
		for _, x := range m.Times[3:] {
			if (m.Model == "dti wls") != (x.Median > 0.99 && x.Median < 1.01) || x.Median > 0 && x.What != "fit(data)" {
				t.Errorf("%s: %+v, want 1 us a voxel of dti wls alone", m.Model, x)
			}
		}
	}
	o.Python = "no-such-python"
	if notes := strings.Join(compared(t, o).Notes, "\n"); !strings.Contains(notes, "the Python engines need DIPY and voxfit") {
		t.Errorf("the notes are %q", notes)
	}
}

// Ray's processes stay on the core until Ray ends: no other engine may be timed before that.
func TestNothingButRayIsTimedWhileRayRuns(t *testing.T) {
	program, requests := stub(t)
	o := options(t, 6, "dti", "sfm")
	o.Python, o.Engines, o.Rounds = program, []string{"dipy-ray", "dipy-dask", "voxfit-ray"}, 2
	compared(t, o)
	lines, err := os.ReadFile(requests)
	if err != nil {
		t.Fatal(err)
	}
	timed, up := map[string]int{}, false
	for line := range strings.Lines(string(lines)) {
		var request struct {
			Engine, End string
			Results     bool
		}
		if err := json.Unmarshal([]byte(line), &request); err != nil {
			t.Fatal(err)
		}
		up = request.End == "" && (up || python.OnRay(request.Engine))
		if request.Engine != "" && !request.Results {
			if timed[request.Engine]++; up && !python.OnRay(request.Engine) {
				t.Errorf("%s was timed while Ray ran", request.Engine)
			}
		}
	}
	if up {
		t.Error("Ray was not ended")
	}
	for _, engine := range o.Engines {
		if want := o.Rounds * 3; timed[engine] != want { // dti wls and both solvers of sfm
			t.Errorf("%s was timed %d times, want %d", engine, timed[engine], want)
		}
	}
}

func TestTextbookIsTimedWhereItHasTheModelAndAgrees(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	o := options(t, 12, "fwdtim", "sfm")
	o.Engines = []string{nameTextbook}
	report := compared(t, o)
	if notes := strings.Join(report.Notes, "\n"); strings.Contains(notes, "Python engines") || strings.Contains(notes, nameTextbook) {
		t.Errorf("the notes are %q, want none of Python's engines or the textbook", notes)
	}
	for _, m := range report.Models {
		times, has := m.Times[3], m.Model == "fwdtim nls" || m.Model == "sfm nnls"
		if has != (times.Median > 0) || !has && times.Ignored != errNoModel.Error() {
			t.Errorf("%s: %+v", m.Model, times)
		}
		if has && (len(m.Parity) != 1 || m.Parity[0].Peer != nameTextbook || !(m.Parity[0].Value <= 1e-9)) {
			t.Errorf("%s: %+v, want one line of agreement to 1e-9", m.Model, m.Parity)
		}
	}
}

func TestTheTextbookLeavesTheProcessItsThreads(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	o := options(t, 2, "sfm")
	tasks, err := o.tasks()
	if err != nil {
		t.Fatal(err)
	}
	e := &textbookEngine{map[*task]textbook.Fitter{}}
	if _, _, err := e.prepare(t.Context(), tasks[0], tasks[0].fit()); err != nil {
		t.Fatal(err)
	}
	if seconds, err := e.time(t.Context(), tasks[0]); err != nil || seconds <= 0 {
		t.Errorf("%g s a voxel, error %v", seconds, err)
	}
	if after := runtime.GOMAXPROCS(0); after != before {
		t.Errorf("GOMAXPROCS is %d, was %d", after, before)
	}
	tasks[0].signal[0] = float32(math.NaN())
	if _, err := e.time(t.Context(), tasks[0]); !errors.Is(err, textbook.ErrNotFinite) {
		t.Errorf("the error is %v, want %v", err, textbook.ErrNotFinite)
	}
}

func TestAnEngineThatReturnsOurResultsDiffersInNone(t *testing.T) {
	o := options(t, 5, Models()...)
	wm, gm, csf := phantom.Tissues()
	o.Tissues = model.NameTissues([]acq.Response{wm, gm, csf})
	tasks, err := o.tasks()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]map[string]int{
		"csdm": {"coefficients": 45}, "fwdtim": {"f": 1, "fa": 1}, "dti": {"fa": 1},
		"sfm": {"weights": 181}, "msmt": {"prediction": o.Gradients.Len()},
	}
	for _, task := range tasks {
		if !task.hasEngines() {
			continue
		}
		ours, theirs := task.fit(), arrays{}
		for name, n := range columns[task.model] {
			found := array{columns: n}
			for i := range task.voxels {
				found.data = append(found.data, task.engineResult(name, ours, i, n)...)
			}
			theirs[name] = found
		}
		for _, p := range task.againstEngine("another", ours, theirs) {
			if p.Value != 0 {
				t.Errorf("%s: %+v, want no difference", task.name, p)
			}
		}
		for _, found := range theirs {
			found.data[0] += 0.5 + found.data[0]
		}
		parity := task.againstEngine("another", ours, theirs)
		for _, p := range parity {
			if p.Value < 0.1 {
				t.Errorf("%s: %+v, want a difference", task.name, p)
			}
		}
		if len(parity) != len(theirs) {
			t.Errorf("%s: %v, want a line for each of %d results", task.name, parity, len(theirs))
		}
	}
}

func TestMRtrixIsTimedAndAgrees(t *testing.T) {
	peer.Slow(t)
	peer.MRtrix(t, "dwi2tensor", "-version") // skips where it is not installed
	report := compared(t, options(t, 400, "csdm", "dti"))
	if report.Engines[2].Version == "" {
		t.Fatalf("no MRtrix3: %v", report.Notes)
	}
	for _, m := range report.Models {
		if len(m.Times[2].Rounds) != 1 && m.Times[2].Ignored != errTooShort.Error() {
			t.Errorf("%s: %+v, want one round", m.Model, m.Times[2])
		}
		agree(t, m, nameMRtrix)
	}
}

// limits are the largest differences that count as agreement; counts must be all voxels.
var limits = map[string]float64{
	"in these voxels, largest difference of a coefficient / the voxel's largest": 1e-9,
	"in these voxels, largest difference of FA":                                  1e-6,
	"largest excess of the sum of squares, relative":                             1e-9,
	"where the sums are equal, largest difference of FA":                         1e-3,
	"largest difference of a coefficient / the voxel's largest":                  1e-5,
	"largest difference of FA":                                                   1e-6,
	"largest difference of an element / the voxel's largest":                     1e-5,
	"median difference of FA (it uses other weights)":                            0.1,
	"largest difference of a direction's weight":                                 1e-6,
	"largest difference of the predicted signal / the voxel's largest":           1e-6,
	"largest excess of the objective, relative":                                  1e-6,
}

// withoutDIPY says whether DIPY does not have the model of a line.
func withoutDIPY(line string) bool {
	return strings.HasPrefix(line, "dti iwls") || line == "csdm mrtrix"
}

// agree fails the test unless the model was compared with the peer (where the peer has it) and agrees.
func agree(t *testing.T, m Result, with string) {
	t.Helper()
	found := 0
	for _, p := range m.Parity {
		if p.Peer != with {
			continue
		}
		found++
		limit, difference := limits[p.Criterion]
		switch {
		case strings.Contains(p.Criterion, "correlation"):
			if p.Value < 0.6 {
				t.Errorf("%s: %s is %g", m.Model, p.Criterion, p.Value)
			}
		case strings.HasPrefix(p.Criterion, "of these"): // any number is right
		case p.Of > 0 && int(p.Value) != p.Of:
			t.Errorf("%s: %s: %g of %d", m.Model, p.Criterion, p.Value, p.Of)
		case p.Of == 0 && (!difference || p.Value > limit):
			t.Errorf("%s: %s is %g, want at most %g", m.Model, p.Criterion, p.Value, limit)
		}
	}
	absent := withoutDIPY(m.Model) && with == nameDIPY
	if (found == 0) != absent {
		t.Errorf("%s: %d criteria with %s", m.Model, found, with)
	}
}

func TestWhatCannotBeComparedIsRefused(t *testing.T) {
	for want, change := range map[string]func(o *Options){
		`"dki"`:           func(o *Options) { o.Models = []string{"dki"} },
		"0 voxels":        func(o *Options) { o.Signal = nil },
		"0 rounds":        func(o *Options) { o.Rounds = 0 },
		"not available":   func(o *Options) { o.ISA = "mmx" },
		"of 2 shells":     func(o *Options) { o.Response = acq.Response{Zonal: [][]float64{{1}, {1}}} },
		"context cancele": nil,
	} {
		ctx, cancel := context.WithCancel(context.Background())
		o := options(t, 2, "csdm")
		if change == nil {
			cancel()
		} else {
			change(&o)
		}
		if _, err := Run(ctx, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one that says %s", err, want)
		}
		cancel()
	}
}

func TestTheChildrenOfAPinnedThreadKeepToItsCPU(t *testing.T) {
	if !numa.CanPin {
		t.Skip("this system does not pin")
	}
	taskset, err := exec.LookPath("taskset")
	if err != nil {
		t.Skip("no taskset to ask with")
	}
	cpus, err := numa.Allowed()
	if err != nil {
		t.Fatal(err)
	}
	unpin, err := numa.Pin(cpus[0])
	if err != nil {
		t.Fatal(err)
	}
	defer unpin()
	text, err := exec.Command("sh", "-c", taskset+" -cp $$").Output()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(text))
	if got := words[len(words)-1]; len(cpus) > 1 && strings.ContainsAny(got, "-,") {
		t.Errorf("the child may use CPUs %s", got)
	}
}

func TestTheCSVHasEveryTimeAndEveryCriterion(t *testing.T) {
	report := &Report{Engines: []Engine{{Name: "voxfit", Version: "generic"}, {Name: "DIPY", Version: "1"}}, Models: []Result{{
		Model: "csdm", Voxels: 7,
		Times:  []Times{{Engine: "voxfit", Rounds: []float64{1, 2}}, {Engine: "DIPY", Rounds: []float64{30, 40}}},
		Parity: []Parity{{"DIPY", "same", 6, 7}, {"DIPY", "difference", 1e-14, 0}},
	}}}
	var text bytes.Buffer
	if err := report.WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 7 {
		t.Fatalf("%d rows, want a header, four times and two criteria", len(rows))
	}
	for i, want := range map[int]string{
		4: "csdm DIPY 1 7 2 us_per_voxel 40 ", 5: "csdm DIPY 1 7  same 6 7", 6: "csdm DIPY 1 7  difference 1e-14 ",
	} {
		if got := strings.Join(rows[i], " "); got != want {
			t.Errorf("row %d is %q, want %q", i, got, want)
		}
	}
}

func TestRatiosAreThoseOfTheSameRound(t *testing.T) {
	r := Result{Times: []Times{{Rounds: []float64{1, 2, 4}}, {Rounds: []float64{10, 20, 80}}, {}}}
	r.summarise()
	if r.Times[0].Median != 2 || r.Times[1].Median != 20 || r.Times[1].Slower != 10 || r.Times[2].Slower != 0 {
		t.Errorf("%+v", r.Times)
	}
}

func TestALoadedMachineIsSaidToBe(t *testing.T) {
	for _, c := range []struct {
		wall, busy time.Duration
		note       string
	}{
		{time.Second, 990 * time.Millisecond, ""},
		{time.Second, 600 * time.Millisecond, "Other programs took 40% of the CPU"},
		{time.Second, 0, ""}, // the system does not say
	} {
		r := runner{report: &Report{}, use: calm.Use{Wall: c.wall, Busy: c.busy}}
		r.noteLoad()
		if notes := strings.Join(r.report.Notes, "\n"); (notes == "") != (c.note == "") || !strings.HasPrefix(notes, c.note) {
			t.Errorf("%v of %v: the notes are %q", c.busy, c.wall, notes)
		}
	}
}

func TestAnIsotropicResponseHasOneCoefficient(t *testing.T) {
	zonal := zonalResponse(acq.Response{Evals: [3]float64{1e-3, 1e-3, 1e-3}, S0: 100}, phantom.HCP())
	for k, got := range zonal {
		want := 0.0
		if k == 0 {
			want = 100 * math.Exp(-3) * math.Sqrt(4*math.Pi) // HCP's highest shell is 3000
		}
		if math.Abs(got-want) > 1e-2*zonal[0] { // HCP's b-values vary by a few s/mm2
			t.Errorf("l = %d: %g, want %g", 2*k, got, want)
		}
	}
}

func TestAnisotropyIsThatOfTheEigenvalues(t *testing.T) {
	a, b, c := 1.7, 0.4, 0.3
	mean := (a + b + c) / 3
	want := math.Sqrt(1.5 * ((a-mean)*(a-mean) + (b-mean)*(b-mean) + (c-mean)*(c-mean)) / (a*a + b*b + c*c))
	// The same tensor turned by 45 degrees about z.
	turned := []float64{(a + b) / 2, (a + b) / 2, c, (a - b) / 2, 0, 0}
	for _, d := range [][]float64{{a, b, c, 0, 0, 0}, turned} {
		if got := anisotropy(d); math.Abs(got-want) > 1e-12 {
			t.Errorf("FA of %v is %g, want %g", d, got, want)
		}
	}
}

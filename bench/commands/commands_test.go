package commands

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/phantom"
)

// options are for a phantom of some voxels, with stubs in place of all programs.
func options(t *testing.T, voxels int, models ...string) Options {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stubs are shell scripts")
	}
	folder := t.TempDir()
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: voxels, SNR: 30, Seed: 2})
	if err == nil {
		err = p.Write(t.Context(), folder)
	}
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	mask, err := nifti.ReadMask(at("mask.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	cpus, err := numa.Allowed()
	if err != nil {
		t.Fatal(err)
	}
	wm, gm, csf := phantom.Tissues()
	return Options{
		Image: at("dwi.nii.gz"), Bvals: at("bvals"), Bvecs: at("bvecs"), Mask: mask,
		Gradients: p.Gradients, Response: phantom.Response(), Tissues: model.NameTissues([]acq.Response{wm, gm, csf}),
		Models: models, Rounds: 2, CPUs: cpus[:1],
	}
}

// stubs makes programs of shell scripts and returns their folder. Besides them, the PATH has only the commands that
// the scripts need.
func stubs(t *testing.T, scripts map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, tool := range []string{"cp", "sleep", "touch"} {
		path, err := exec.LookPath(tool)
		if err == nil {
			err = os.Symlink(path, filepath.Join(folder, tool))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder)
	return folder
}

// wellDone are scripts that write an image for each map. Those of MRtrix3 also print a version.
func wellDone(t *testing.T, o Options) map[string]string {
	image := mapOf(t, o, "map.nii", func(i int) float32 { return float32(1 + i) })
	mrtrix := `if [ "$1" = -version ]; then echo "== $0 3.0.9 =="; exit; fi
`
	return map[string]string{
		"kbench":        "for m in fwf fa md ad rd tensor; do cp " + mapOf(t, o, "map.nii.gz", func(i int) float32 { return float32(1 + i) }) + ` "$5/x_param-${m}_dwimap.nii.gz"; done`,
		"dwi2tensor":    mrtrix + "cp " + image + ` "$2"`,
		"tensor2metric": mrtrix + "cp " + image + ` "$3"; cp ` + image + ` "$5"; cp ` + image + ` "$7"; cp ` + image + ` "$9"`,
		"dwi2fod":       mrtrix, "sh2peaks": mrtrix,
	}
}

// mapOf writes an image with a value in each voxel of the mask. The ending of its name says whether it is
// compressed.
func mapOf(t *testing.T, o Options, name string, value func(i int) float32) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	values := make([]float32, len(o.Mask.Index))
	for i := range values {
		values[i] = value(i)
	}
	if err := nifti.WriteMap(path, o.Mask.Header, o.Mask.Index, 1, values, nifti.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}

// ran runs the comparison in a temporary folder of its own, and fails the test when anything is left there.
func ran(t *testing.T, ctx context.Context, o Options) (*Report, error) {
	t.Helper()
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	report, err := Run(ctx, o)
	if left, _ := filepath.Glob(filepath.Join(temporary, "*")); len(left) > 0 {
		t.Errorf("files were left: %v", left)
	}
	return report, err
}

func TestALineHasTimesOfEachProgramAndRound(t *testing.T) {
	o := options(t, 30, "dti")
	o.Voxels = 20
	folder := stubs(t, wellDone(t, o))
	o.Kbench = filepath.Join(folder, "kbench")
	steps := 0
	o.Progress = func(done, of int) {
		if steps++; done != steps || of != 6 {
			t.Errorf("step %d of %d, want %d of 6", done, of, steps)
		}
	}
	report, err := ran(t, t.Context(), o)
	if err == nil {
		err = report.Failed()
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Lines) != 1 || report.Lines[0].Voxels != 20 || len(report.Lines[0].Times) != 2 {
		t.Fatalf("found %+v, want a line of voxfit and MRtrix3 on 20 voxels", report.Lines)
	}
	for _, times := range report.Lines[0].Times {
		if len(times.Wall) != 2 || len(times.CPU) != 2 || times.Wall[0] <= 0 {
			t.Errorf("%s: %+v, want two rounds", times.Engine, times)
		}
	}
	if theirs := report.Lines[0].Times[1]; theirs.Slower != theirs.Wall.Over(report.Lines[0].Times[0].Wall) {
		t.Errorf("the ratio is %v", theirs.Slower)
	}
	if e := report.Engines[1]; e.Version != "3.0.9" || e.Build != "FMA unknown" {
		t.Errorf("MRtrix3 is said to be %+v", e)
	}
}

func TestTheTableAndTheCSVHaveWhatTheReportHas(t *testing.T) {
	r := &Report{CPUs: []int{0, 1}, Pinned: true, Rounds: 2, Lines: []Line{
		{Model: "dti iwls", Voxels: 7, Times: []Times{
			{Engine: voxfit, Commands: []string{"kbench fit dti"}, Wall: []float64{1, 3}, CPU: []float64{2, 4}, Peak: 1 << 29, PeakBelow: true},
			{Engine: mrtrix, Commands: []string{"dwi2tensor", "tensor2metric"}, Wall: []float64{4, 9}, CPU: []float64{6, 6}, Peak: 1 << 31},
		}},
		{Model: "decompression", Times: []Times{{Engine: "igzip", Failure: "exit status 3"}}},
	}}
	r.summarise()
	r.Lines[0].Times[0].PeakBelow, r.Lines[0].Times[1].PeakBelow = true, false
	var table, rows bytes.Buffer
	if err := errors.Join(r.WriteTable(&table), r.WriteCSV(&rows)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"on CPUs 0 1, the image in memory", "2 (1 - 3)", "6.5 (4 - 9)", "< 0.50 GiB", "2.00 GiB", "3.5 x",
		"dwi2tensor && tensor2metric", "decompression, igzip failed: exit status 3"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, &table)
		}
	}
	records, err := csv.NewReader(&rows).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1+2*2*2+1 {
		t.Errorf("found %d rows, want a header, wall and CPU of two programs in two rounds, and a peak", len(records))
	}
	if err := r.Failed(); err == nil || err.Error() != "decompression, igzip: exit status 3" {
		t.Errorf("the failure is %v", err)
	}
}

func TestAProgramThatFailsIsNamedAndTheRestIsTimed(t *testing.T) {
	o := options(t, 12, "dti")
	same := func(value float32) string { return mapOf(t, o, "map.nii", func(int) float32 { return value }) }
	for name, c := range map[string]struct{ program, script, want string }{
		"exit code":    {"tensor2metric", "echo first >&2; echo no licence >&2; exit 3", "tensor2metric: exit status 3: no licence"},
		"no map":       {"tensor2metric", "exit 0", "it wrote 0 images named fa.nii, expected one"},
		"an empty map": {"dwi2tensor", `cp ` + same(0) + ` "$2"`, "the map tensor.nii has values in 0 of 12 voxels"},
		"all the same": {"dwi2tensor", `cp ` + same(5) + ` "$2"`, "the map tensor.nii is the same in all of 12 voxels"},
		"not a number": {"dwi2tensor", `echo x > "$2"`, "tensor.nii: "},
	} {
		scripts := wellDone(t, o)
		head, _, _ := strings.Cut(scripts["dwi2fod"], "\n")
		scripts[c.program] = head + "\n" + c.script
		o.Kbench = filepath.Join(stubs(t, scripts), "kbench")
		report, err := ran(t, t.Context(), o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := report.Failed(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "dti iwls, MRtrix3") {
			t.Errorf("%s: the failure is %v, want %q", name, err, c.want)
		}
		if ours, theirs := report.Lines[0].Times[0], report.Lines[0].Times[1]; len(ours.Wall) != 2 || len(theirs.Wall) != 0 {
			t.Errorf("%s: %d rounds of voxfit and %d of MRtrix3, want 2 and 0", name, len(ours.Wall), len(theirs.Wall))
		}
	}
}

func TestWhatIsMissingIsANote(t *testing.T) {
	o := options(t, 12, "dti", "fwdtim")
	o.Python, o.DIPYVoxels, o.Rounds = "no-such-python", 5, 1
	scripts := map[string]string{"kbench": wellDone(t, o)["kbench"]}
	o.Kbench = filepath.Join(stubs(t, scripts), "kbench")
	report, err := ran(t, t.Context(), o)
	if err == nil {
		err = report.Failed()
	}
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(report.Notes, "\n")
	for _, want := range []string{"MRtrix3 is not here: no dwi2fod on the PATH", "DIPY is not here: no-such-python"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes do not say %q:\n%s", want, notes)
		}
	}
	if len(report.Engines) != 1 {
		t.Errorf("the report lists programs that are not here: %v", report.Engines)
	}
	if len(report.Lines) != 2 || len(report.Lines[0].Times)+len(report.Lines[1].Times) != 2 {
		t.Errorf("found %+v, want voxfit alone in two lines", report.Lines)
	}
}

func TestAProgramThatHangsEndsWithTheContext(t *testing.T) {
	o := options(t, 12, "dti")
	started := filepath.Join(t.TempDir(), "started")
	o.Kbench = filepath.Join(stubs(t, map[string]string{"kbench": "touch " + started + "; exec sleep 600"}), "kbench")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := os.Stat(started); err == nil {
				break
			}
			time.Sleep(2 * time.Millisecond)
		}
		cancel()
	}()
	begin := time.Now()
	if _, err := ran(t, ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

func TestCommandsAreShownWithoutOurFolders(t *testing.T) {
	s := &setup{Options: options(t, 12), folder: filepath.Join("a", "folder")}
	s.Kbench = filepath.Join("some", "where", "kbench")
	shown := s.kbench(wholeFits[0], wholeMask).shown(s)[0]
	if !strings.HasPrefix(shown, "kbench fit dti ") || !strings.Contains(shown, "--mask mask.nii.gz") || strings.Contains(shown, "folder") {
		t.Errorf("found %q", shown)
	}
}

func TestTheReportIsJSONWithItsRounds(t *testing.T) {
	text, err := json.Marshal(Line{Model: "dti", Times: []Times{{Engine: voxfit, Wall: []float64{1, 2}}}})
	if err != nil || !strings.Contains(string(text), `"wall_s_rounds":[1,2]`) {
		t.Errorf("found %s, %v", text, err)
	}
}

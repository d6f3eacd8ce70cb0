package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
)

func TestUnknownEnginesAndNoneAreRefused(t *testing.T) {
	for want, o := range map[string]runOptions{
		"--engines spark":              {engines: []string{"spark"}},
		"--engines needs at least one": {},
	} {
		if err := o.checkEngines(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("engines %v: error %v, expected %q", o.engines, err, want)
		}
	}
}

// standIn writes a program that takes the place of Python. It answers each line with the next reply, and later lines
// with the last reply. It writes these later lines into a file beside it, with ".asked" after its name.
func standIn(t *testing.T, replies ...string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for Python is a shell script")
	}
	path := filepath.Join(t.TempDir(), "python")
	script := "#!/bin/sh\n"
	for _, r := range replies {
		script += "read line && echo '" + r + "'\n"
	}
	script += "while read line; do echo \"$line\" >>" + path + ".asked; echo '" + replies[len(replies)-1] + "'; done\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAPythonThatCannotFitLeavesNoFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	refuse(t, []string{"run", "--engines", "dipy-ray", "--voxels", "10", "--python", standIn(t, `{"error": "no DIPY"}`), "-o", folder}, "no DIPY")
	if _, err := os.Stat(folder); err == nil {
		t.Error("the output folder was made")
	}
}

func TestPythonEnginesWriteRowsOfTheSameCSV(t *testing.T) {
	python := standIn(t, `{"ready": true}`, `{"time": 1.5, "set_up": 3.25, "spilled_bytes": 4096, "peak_rss": 8192}`)
	folder := filepath.Join(t.TempDir(), "out")
	var stdout, stderr bytes.Buffer
	c := newRunCommand(nil)
	c.SetArgs([]string{"--engines", "voxfit,dipy-serial,dipy-ray", "--models", "csdm", "--voxels", "30", "--cpus", "1",
		"--min-chunks", "1", "--max-chunks", "2", "--num-runs", "1", "--python", python, "-o", folder})
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	records, err := study.ReadRecords(filepath.Join(folder, "runs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, r := range records {
		rows[r.Engine]++
		if strings.HasPrefix(r.Engine, "dipy") && (r.Time != 1.5 || r.SpilledBytes != 4096 || r.PeakRSS != 8192 || r.Pinned) {
			t.Errorf("%s: time %v, spilled %d, peak %d, pinned %v", r.Engine, r.Time, r.SpilledBytes, r.PeakRSS, r.Pinned)
		}
	}
	if rows["serial"] != 1 || rows["voxfit"] != 2 || rows["dipy-serial"] != 1 || rows["dipy-ray"] != 2 {
		t.Errorf("rows: %v", rows)
	}
	if !strings.Contains(stderr.String(), "set up in 3.2 s") && !strings.Contains(stderr.String(), "set up in 3.3 s") {
		t.Errorf("the set-up time is not printed: %s", stderr.String())
	}
}

// Ray's processes would otherwise share the CPUs with the runs that are timed later.
func TestRayEndsBeforeARunOfAnotherEngine(t *testing.T) {
	python := standIn(t, `{"time": 1.5}`)
	succeed(t, "run", "--engines", "voxfit,dipy-ray", "--models", "csdm", "--voxels", "30", "--cpus", "1", "--min-chunks", "1", "--max-chunks", "1",
		"--num-runs", "2", "--retries", "0", "--python", python, "-o", filepath.Join(t.TempDir(), "out"))
	asked, err := os.ReadFile(python + ".asked")
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for line := range strings.Lines(string(asked)) {
		var request struct{ Engine, End string }
		if err := json.Unmarshal([]byte(line), &request); err != nil {
			t.Fatal(err)
		}
		order = append(order, request.Engine+request.End)
	}
	if want := []string{"dipy-ray", "ray", "dipy-ray"}; !slices.Equal(order, want) {
		t.Errorf("Python was asked for %v, expected %v: the end of Ray before the second repetition", order, want)
	}
}

func TestAnErrorOfPythonEndsTheStudyWithItsMessage(t *testing.T) {
	for want, python := range map[string]string{
		"ValueError: no":            standIn(t, `{"ready": true}`, `{"error": "ValueError: no"}`),
		"pip install ./python":      standIn(t, `{"error": "ModuleNotFoundError: voxfit"}`),
		"--python or VOXFIT_PYTHON": filepath.Join(t.TempDir(), "absent"),
	} {
		c := newRunCommand(nil)
		c.SetArgs([]string{"--engines", "dipy-serial", "--models", "csdm", "--voxels", "30", "--num-runs", "1",
			"--python", python, "-o", filepath.Join(t.TempDir(), "out")})
		c.SetOut(&bytes.Buffer{})
		c.SetErr(&bytes.Buffer{})
		if err := c.Execute(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
}

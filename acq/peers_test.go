package acq

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// askDIPY runs a Python script that reads JSON (as data) and leaves its answer in result.
func askDIPY(t *testing.T, data, result any, script string) {
	t.Helper()
	python := os.Getenv("VOXFIT_PYTHON")
	if python == "" {
		python = filepath.Join("..", ".venv", "bin", "python")
		if _, err := os.Stat(python); err != nil {
			t.Skip("skipped: no Python with DIPY (set VOXFIT_PYTHON, or make .venv in the repository)")
		}
	}
	input, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", "import json, sys, warnings\nwarnings.simplefilter('ignore')\nimport numpy as np\n"+
		"data = json.load(sys.stdin)\n"+script+"\njson.dump(result, sys.stdout)")
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", python, err, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), result); err != nil {
		t.Fatalf("%s: %v", python, err)
	}
}

// askMRtrix runs one of MRtrix3's programs and gives what it prints.
func askMRtrix(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Skipf("skipped: MRtrix3's %s is not installed", args[0])
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(args[0], append(args[1:], "-quiet")...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String()
}

// sharedData is the path of a file of the project's reference data.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("skipped: no reference data: %v", err)
	}
	return path
}

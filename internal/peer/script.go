package peer

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
)

// Script runs a few lines of Python that may use DIPY, NumPy (as np) and nibabel. It is for calls of one test alone;
// those of several tests belong in parity.py. The arguments reach the script as JSON, in the variable data. What the
// script assigns to its variable result returns as JSON, and is decoded into result. Script skips the test if there is
// no Python with DIPY.
func Script(t testing.TB, data, result any, script string) {
	t.Helper()
	python := Python(t)
	input, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command(python, "-c", "import json, sys, warnings\nwarnings.simplefilter('ignore')\nimport numpy as np\n"+
		"data = json.load(sys.stdin)\n"+script+"\njson.dump(result, sys.stdout)")
	run.Env = environment()
	run.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	if err := run.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", python, err, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), result); err != nil {
		t.Fatalf("%s: %v", python, err)
	}
}

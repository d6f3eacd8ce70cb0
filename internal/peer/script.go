package peer

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
)

// Script runs a few lines of Python beside DIPY, NumPy (as np) and nibabel. It is for what only one test asks; what
// several tests ask belongs in parity.py. The script finds the arguments, as JSON renders them, in data. It leaves in
// result what JSON can render, and that is decoded into result. It skips the test where there is no Python with DIPY.
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

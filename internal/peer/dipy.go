package peer

import (
	"bufio"
	_ "embed"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
)

//go:embed parity.py
var parityScript string

// process is the Python process of this test binary. It ends with the binary, because its standard input then closes.
var process struct {
	sync.Mutex
	stdin  io.Writer
	stdout *bufio.Reader
	err    error // why it could not be started, or stopped working
}

// DIPY calls a function of parity.py on arrays and options and returns its results. It skips the test if there is no
// Python with DIPY, and fails it with Python's message if the call raises. Calls of parallel tests wait for one
// another.
func DIPY(t testing.TB, function string, arrays Arrays, options map[string]any) Arrays {
	t.Helper()
	python := Python(t)
	process.Lock()
	defer process.Unlock()
	if process.stdin == nil && process.err == nil {
		process.err = start(python)
	}
	if process.err != nil {
		t.Fatalf("%s running parity.py: %v", python, process.err)
	}
	if err := send(process.stdin, header{Call: function, Options: options}, arrays); err != nil {
		process.err = err
		t.Fatalf("handing arrays to DIPY for %s: %v", function, err)
	}
	results, err := receive(process.stdout)
	if err != nil {
		t.Fatalf("DIPY, %s: %v", function, err)
	}
	return results
}

// environment limits linear algebra to one thread. The calls are small, and the order of sums must not differ between
// runs.
func environment() []string {
	return append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1",
		"MKL_NUM_THREADS=1", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1")
}

// start starts parity.py, which then waits for calls.
func start(python string) error {
	command := exec.Command(python, "-c", parityScript)
	command.Env = environment()
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	process.stdin, process.stdout = stdin, bufio.NewReaderSize(stdout, 1<<16)
	return nil
}

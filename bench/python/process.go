package python

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Env is the environment variable that names a Python with DIPY.
const Env = "VOXFIT_PYTHON"

// find lists the Pythons that may have DIPY, the likeliest first. If $VOXFIT_PYTHON is set, it is the only one.
// Otherwise these are .venv in the working directory and in the folders above it, and then python3 of the PATH.
func find() []string {
	if python := os.Getenv(Env); python != "" {
		return []string{python}
	}
	inside := filepath.Join(".venv", "bin", "python")
	if runtime.GOOS == "windows" {
		inside = filepath.Join(".venv", "Scripts", "python.exe")
	}
	var found []string
	at, err := os.Getwd()
	for err == nil {
		path := filepath.Join(at, inside)
		if _, absent := os.Stat(path); absent == nil {
			found = append(found, path)
		}
		if at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	return append(found, "python3")
}

// SingleThreaded is the environment of this process, with variables that hold linear algebra to one thread.
func SingleThreaded() []string {
	return append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1",
		"VECLIB_MAXIMUM_THREADS=1", "NUMEXPR_NUM_THREADS=1", "PYTHONDONTWRITEBYTECODE=1")
}

// A Process is a program that answers each line of JSON with one line.
type Process struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
	stderr  tail
}

// A Program has the arguments of Python, and what is added to its environment.
type Program struct{ Arguments, Environment []string }

// Start starts a program with the Python that is named. If none is named, it tries the likeliest ones until one
// answers the first request. The first answer is stored in answer. The error has the last line that each Python has
// written.
func Start(ctx context.Context, python string, program Program, first, answer any) (*Process, error) {
	pythons := []string{python}
	if python == "" {
		pythons = find()
	}
	var reasons []string
	for _, python := range pythons {
		p, err := StartProgram(ctx, python, program, first, answer)
		if err == nil {
			return p, nil
		}
		reasons = append(reasons, fmt.Sprintf("%s: %v", python, err))
	}
	return nil, fmt.Errorf("%s (--python or %s names another Python)", strings.Join(reasons, "; "), Env)
}

// StartProgram starts a program in any language that answers as the Python programs do.
func StartProgram(ctx context.Context, path string, program Program, first, answer any) (*Process, error) {
	p := &Process{command: exec.CommandContext(ctx, path, program.Arguments...)}
	err := p.start(program.Environment)
	if err == nil {
		if err = p.Ask(first, answer); err == nil {
			return p, nil
		}
		p.command.Process.Kill() // it may not read, and may write for ever
		p.Close()
	}
	return nil, err
}

func (p *Process) start(environment []string) (err error) {
	p.command.Env = append(SingleThreaded(), environment...)
	p.command.Stderr = &p.stderr
	p.command.WaitDelay = 5 * time.Second // if its own children still hold a file open
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return err
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return err
	}
	p.stdout = bufio.NewReader(stdout)
	return rootCause(p.command.Start())
}

// rootCause leaves out the path, which the message has already.
func rootCause(err error) error {
	var notFound *exec.Error
	var path *os.PathError
	switch {
	case errors.As(err, &notFound):
		return notFound.Err
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// Ask sends a request and waits for the answer. An answer with a member "error" becomes an error with this text.
func (p *Process) Ask(request, answer any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		return p.lastWords(err)
	}
	if line, err = p.stdout.ReadBytes('\n'); err != nil {
		return p.lastWords(err)
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(line, &failed); err != nil {
		return fmt.Errorf("found the answer %.80q, expected JSON", line)
	}
	if failed.Error != "" {
		return errors.New(failed.Error)
	}
	return json.Unmarshal(line, answer)
}

// lastWords is the last line that a program wrote to stderr before it ended, or else err.
func (p *Process) lastWords(err error) error {
	p.command.Wait() // until everything is written
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return errors.New(last)
	}
	return fmt.Errorf("no answer: %w", err)
}

// Close closes the program's input and waits until it has ended.
func (p *Process) Close() {
	p.stdin.Close()
	p.command.Wait() // its exit code does not matter
}

// A tail keeps the end of what is written to it.
type tail struct{ bytes.Buffer }

func (t *tail) Write(text []byte) (int, error) {
	if t.Len() > 1<<16 {
		t.Next(t.Len() - 1<<12)
	}
	return t.Buffer.Write(text)
}

package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/cases"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/internal/soak"
)

// The memory of a process does not grow while many threads use the library: 64 for ten minutes in `make soak`.
func TestSoakOfAProgramInC(t *testing.T) {
	lib := library(t, "")
	t.Parallel() // so that all of `make soak` takes as long as one of its tests
	d, threads := soak.Time(t)
	g := cases.Spiral(t)
	c := checked[0]
	args := append(arguments(t, c.name, c.options, g, signal(g, 200)), fmt.Sprint(int(d.Seconds())), fmt.Sprint(threads))
	soaked(t, d, exec.Command(program(t, "soak", lib), args...))
}

func TestSoakOfAProgramInPython(t *testing.T) {
	python := peer.Python(t)
	lib := library(t, "")
	t.Parallel()
	folder, err := filepath.Abs("../python")
	if err != nil {
		t.Fatal(err)
	}
	d, threads := soak.Time(t)
	c := exec.Command(python, filepath.Join(folder, "tests", "soak.py"), fmt.Sprint(d.Seconds()), fmt.Sprint(threads))
	c.Env = append(os.Environ(), "VOXFIT_LIBRARY="+lib, "PYTHONPATH="+folder, "PYTHONDONTWRITEBYTECODE=1")
	soaked(t, d, c)
}

// soaked runs a program, which ends by itself after the duration, and watches it until shortly before.
func soaked(t *testing.T, d time.Duration, c *exec.Cmd) {
	t.Helper()
	var output bytes.Buffer
	c.Stdout, c.Stderr = &output, &output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	d = d * 9 / 10
	samples := soak.Watch(d, func() soak.Sample { return soak.Process(t, c.Process.Pid) })
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, output.String())
	}
	t.Log(strings.TrimSpace(output.String()))
	soak.Flat(t, d, samples)
}

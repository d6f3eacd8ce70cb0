package python

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// program writes a shell script that stands in for Python.
func program(t *testing.T, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for Python is a shell script")
	}
	path := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEachRequestHasItsAnswer(t *testing.T) {
	python := program(t, `while read line; do echo "{\"said\": $line}"; done`)
	var answer struct{ Said int }
	p, err := Start(context.Background(), python, Program{}, 1, &answer)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for request := 1; request <= 3; request++ {
		if err := p.Ask(request, &answer); err != nil || answer.Said != request {
			t.Errorf("request %d: answer %d, error %v", request, answer.Said, err)
		}
	}
}

func TestAProgramThatFailsIsNamedWithItsLastWords(t *testing.T) {
	for want, script := range map[string]string{
		"python: ModuleNotFoundError: no dipy": `echo "ModuleNotFoundError: no dipy" >&2; exit 1`,
		"python: ValueError: no":               `read line; echo '{"error": "ValueError: no"}'`,
		"expected JSON":                        `while true; do echo y; done`,
		"no answer":                            `exit 1`,
		Env + " names another Python":          `exit 1`,
	} {
		if _, err := Start(context.Background(), program(t, script), Program{}, 1, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", script, err, want)
		}
	}
}

func TestTheInstructionSetIsTheOneAskedFor(t *testing.T) {
	python := program(t, `read line; echo "{\"versions\": {\"voxfit\": \"$VOXFIT_ISA\"}}"; read line`)
	b, err := StartBench(context.Background(), python, "folder", "avx2")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got := b.Version("voxfit-ray"); got != "avx2" {
		t.Errorf("the program was told to use %q, want avx2", got)
	}
}

func TestAProgramThatEndsBetweenRequestsSaysWhy(t *testing.T) {
	python := program(t, `read line; echo '{}'; read line; echo killed >&2`)
	var answer struct{}
	p, err := Start(context.Background(), python, Program{}, 1, &answer)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Ask(2, &answer); err == nil || err.Error() != "killed" {
		t.Errorf("error %v, want its last words", err)
	}
}

package voxfit_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// written matches the files and folders that a command of voxfit writes to. Names in capitals stand for any name.
var written = regexp.MustCompile("(?:kbench|go build|cc)[^`\"\n]* -o +([a-z][A-Za-z0-9._/-]*)")

// commandsOf finds the places in the docs and in the help where a command writes something. The keys are what it
// writes.
func commandsOf(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (entry.Name()[0] == '.' || entry.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".md") && (!strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go")):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, command := range written.FindAllSubmatch(text, -1) {
			found[string(command[1])] = path + ": " + string(command[0])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("found no more than %d commands that write", len(found))
	}
	return found
}

func TestNoCommandOfTheDocsWritesAmongTheSources(t *testing.T) {
	for name, where := range commandsOf(t) {
		first, _, _ := strings.Cut(name, "/")
		if sources, _ := filepath.Glob(filepath.Join(first, "*.go")); len(sources) > 0 {
			t.Errorf("%s: %s has sources", where, first)
		}
	}
}

func TestGitIgnoresWhatTheCommandsOfTheDocsWrite(t *testing.T) {
	if err := exec.Command("git", "rev-parse", "--git-dir").Run(); err != nil {
		t.Skip("skipped: not a git checkout")
	}
	for name, where := range commandsOf(t) {
		if err := exec.Command("git", "check-ignore", "--quiet", "--no-index", name+"/x").Run(); err != nil {
			t.Errorf("%s: git does not ignore %s", where, name)
		}
	}
}

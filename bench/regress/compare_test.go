package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/kernel"
)

// A project is a checkout of a small module that has benchmarks in the same places as voxfit. Their times are made
// up, so that nothing here depends on a clock.
type project struct {
	*testing.T
	folder, set, temporary string
}

const benchmarkSource = `package bench

import "testing"

func BenchmarkCSDSteps(b *testing.B) {
	for _, name := range []string{%STEPS%} {
		b.Run("%SET%/double/"+name, func(b *testing.B) {
			for b.Loop() {
			}
			us := 1.0
			if name == "Factorise" {
				us = %US%
			}
			b.ReportMetric(us, "us/voxel")
			b.ReportMetric(0, "ns/op")
		})
	}
}
`

func newProject(t *testing.T) project {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs; not with -short")
	}
	set, err := kernel.ChosenISA()
	if err != nil {
		t.Fatal(err)
	}
	p := project{t, t.TempDir(), set, t.TempDir()}
	t.Setenv("TMPDIR", p.temporary) // where the workshops are
	t.Chdir(p.folder)
	p.write("go.mod", "module example.org/project\n\ngo 1.26\n")
	p.git("init", "-q")
	p.git("config", "user.email", "nobody@example.org")
	p.git("config", "user.name", "nobody")
	p.benchmarks("1.000", `"Factorise", "Below"`)
	p.commit()
	return p
}

func (p project) write(name, text string) {
	p.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.Fatal(err)
	}
}

// benchmarks writes the source of the benchmarks, with microseconds of Factorise and the names of the steps.
func (p project) benchmarks(us, steps string) {
	p.write(suites[0].folder+"/bench_test.go", strings.NewReplacer("%US%", us, "%STEPS%", steps, "%SET%", p.set).Replace(benchmarkSource))
}

func (p project) git(arguments ...string) string {
	p.Helper()
	output, err := exec.Command("git", append([]string{"-C", p.folder}, arguments...)...).CombinedOutput()
	if err != nil {
		p.Fatalf("git %v: %v: %s", arguments, err, output)
	}
	return string(output)
}

func (p project) commit() {
	p.Helper()
	p.git("add", "-A")
	p.git("commit", "-q", "-m", "a commit")
}

// compare runs the comparison as make bench does, and fails the test if anything is left behind.
func (p project) compare(ctx context.Context, o options) (code int, text string, err error) {
	p.Helper()
	if o.budget == 0 {
		o.budget = time.Minute
	}
	if o.disturbed == nil {
		o.disturbed = func(calm.Use) bool { return false }
	}
	o.cpu = -1
	var stdout, stderr bytes.Buffer
	code, err = compare(ctx, o, &stdout, &stderr)
	if left, _ := filepath.Glob(filepath.Join(p.temporary, "*")); len(left) > 0 {
		p.Errorf("left behind: %q", left)
	}
	if trees := p.git("worktree", "list"); strings.Count(trees, "\n") != 1 {
		p.Errorf("worktrees: %s", trees)
	}
	return code, stdout.String(), err
}

func TestWhatIsSlowerIsNamedAndWhatIsFasterIsNoFailure(t *testing.T) {
	p := newProject(t)
	p.benchmarks("1.020", `"Factorise", "Below", "Multiply"`) // not committed
	code, text, err := p.compare(t.Context(), options{})
	if err != nil || code != exitSlower {
		t.Fatalf("exit code %d, error %v:\n%s", code, err, text)
	}
	for _, want := range []string{"slower beyond noise  1\n  csd/Factorise", p.set + " ", "1.020 (1.020 - 1.020)", "same                 1\n  csd/Below",
		"changed since", "0 thrown away", "has no benchmark of these, which are not compared:\n  csd/Multiply"} {
		if !strings.Contains(text, want) {
			t.Errorf("the output lacks %q:\n%s", want, text)
		}
	}
	p.benchmarks("0.9000", `"Factorise", "Below"`)
	p.commit() // the default base is then the commit before
	code, text, err = p.compare(t.Context(), options{})
	if err != nil || code != 0 || !strings.Contains(text, "faster               1\n  csd/Factorise") || !strings.Contains(text, "HEAD~1") {
		t.Errorf("exit code %d, error %v:\n%s", code, err, text)
	}
}

func TestAnUnchangedTreeIsTheSame(t *testing.T) {
	p := newProject(t)
	code, text, err := p.compare(t.Context(), options{base: "HEAD", step: "csd/Factorise"})
	if err != nil || code != 0 || !strings.Contains(text, "same                 1\n  csd/Factorise") || !strings.Contains(text, "bit for bit") {
		t.Errorf("one step: exit code %d, error %v:\n%s", code, err, text)
	}
	code, text, err = p.compare(t.Context(), options{base: "HEAD"})
	if err != nil || code != 0 || !strings.Contains(text, "same                 2, not measured") {
		t.Errorf("all steps: exit code %d, error %v:\n%s", code, err, text)
	}
	busy := func(calm.Use) bool { return true }
	code, text, err = p.compare(t.Context(), options{base: "HEAD", step: "csd", budget: time.Second, disturbed: busy})
	if err != nil || code != exitUndecided || !strings.Contains(text, "undecided            2\n") || !strings.Contains(text, "because other programs used the CPU") {
		t.Errorf("a busy machine: exit code %d, error %v:\n%s", code, err, text)
	}
}

func TestMistakesAreToldInOneLine(t *testing.T) {
	p := newProject(t)
	p.write(suites[0].folder+"/broken_test.go", "package bench\n\nvar x int = \"text\"\n")
	p.commit()
	for _, c := range []struct {
		o    options
		want string
	}{
		{options{base: "nothing"}, "BASE=nothing: there is no such commit"},
		{options{base: "HEAD"}, "does not build: ./broken_test.go:3:13"},
		{options{set: "mmx"}, "SET=mmx: expected all or one of"},
	} {
		if _, _, err := p.compare(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
	os.Remove(filepath.Join(p.folder, suites[0].folder, "broken_test.go"))
	if _, _, err := p.compare(t.Context(), options{base: "HEAD"}); err == nil || !strings.Contains(err.Error(), "BASE="+strings.TrimSpace(p.git("rev-parse", "--short", "HEAD"))) {
		t.Errorf("a base that does not compile: %v", err)
	}
	_, _, err := p.compare(t.Context(), options{base: "HEAD~1", step: "csd/Factorize"})
	if err == nil || !strings.Contains(err.Error(), `no step "csd/Factorize"`) || !strings.Contains(err.Error(), "csd/Below csd/Factorise") {
		t.Errorf("an unknown step: %v", err)
	}
}

func TestAnInterruptedRunLeavesNothingBehind(t *testing.T) {
	p := newProject(t)
	ctx, cancel := context.WithCancel(t.Context())
	rounds := 0
	after := func(calm.Use) bool {
		if rounds++; rounds == 3 {
			cancel()
		}
		return false
	}
	_, text, err := p.compare(ctx, options{base: "HEAD", step: "csd", disturbed: after})
	if !errors.Is(err, context.Canceled) || !strings.Contains(text, "stopped before the budget was spent") {
		t.Errorf("error %v:\n%s", err, text)
	}
	cancel()
	if _, _, err := p.compare(ctx, options{base: "HEAD"}); !errors.Is(err, context.Canceled) {
		t.Errorf("before it began: %v", err)
	}
}

// A process that was killed cannot remove its folder. The next one does.
func TestTheNextRunRemovesWhatAKilledOneLeft(t *testing.T) {
	p := newProject(t)
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Skip(err)
	}
	w := workshop{top: p.folder, folder: filepath.Join(p.temporary, workshopName+strconv.Itoa(ended.ProcessState.Pid()))}
	if err := os.Mkdir(w.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := w.checkOut("HEAD"); err != nil {
		t.Fatal(err)
	}
	if code, text, err := p.compare(t.Context(), options{base: "HEAD"}); err != nil || code != 0 {
		t.Errorf("exit code %d, error %v:\n%s", code, err, text)
	}
}

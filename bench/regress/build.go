package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A workshop is the temporary folder of a run. It has the programs, and the tree of the base commit.
type workshop struct {
	top    string // of the project's working tree
	folder string
	base   string // the base's tree, a git worktree; empty until there is one
}

const workshopName = "voxfit-bench-" // the number of the process that made it follows

func openWorkshop(ctx context.Context) (*workshop, error) {
	top, err := git(ctx, ".", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("the base commit is taken from a git checkout, and this folder is in none: %w", err)
	}
	w := &workshop{top: top}
	w.clearOthers()
	w.folder = filepath.Join(os.TempDir(), workshopName+strconv.Itoa(os.Getpid()))
	return w, os.Mkdir(w.folder, 0o700)
}

// close removes everything, also after an interruption. A worktree that was being made when a signal came is still
// locked by git, so that --force is needed twice.
func (w *workshop) close() error {
	ctx := context.Background()
	if w.base != "" {
		git(ctx, w.top, "worktree", "remove", "--force", "--force", w.base) // errors appear below
	}
	err := os.RemoveAll(w.folder)
	_, pruned := git(ctx, w.top, "worktree", "prune")
	return errors.Join(err, pruned)
}

// clearOthers removes the folders of runs that were killed (SIGKILL, a full disk).
func (w *workshop) clearOthers() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), workshopName+"*"))
	for _, folder := range left {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(folder), workshopName))
		if err == nil && !alive(pid) {
			other := workshop{top: w.top, folder: folder, base: filepath.Join(folder, "base")}
			other.close() // another user's folder cannot be removed, and does no harm
		}
	}
}

// checkOut makes the base's tree.
func (w *workshop) checkOut(commit string) error {
	w.base = filepath.Join(w.folder, "base")
	// This is not interrupted. It takes less than a second, and a whole tree is easier to remove.
	_, err := git(context.Background(), w.top, "-c", "core.hooksPath="+os.DevNull, "worktree", "add", "--detach", "--quiet", w.base, commit)
	return err
}

// build makes the suite's program from a tree. Neither the tree's path nor the state of git goes into it, so that
// the same sources give the same program, to the last byte. It returns nil for a tree that does not have the
// package.
func (w *workshop) build(ctx context.Context, s suite, tree, name string) (*program, error) {
	folder := filepath.Join(tree, filepath.FromSlash(s.folder))
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	p := &program{suite: s, path: filepath.Join(w.folder, name+"-"+s.name)}
	command := exec.CommandContext(ctx, goCommand(), "test", "-c", "-trimpath", "-buildvcs=false", "-vet=off", "-ldflags=-s -w", "-o", p.path, ".")
	inGroup(command)
	command.Dir = folder
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "PWD="+folder)
	output, err := command.CombinedOutput()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%s does not build: %s", s.folder, compilerError(output))
	}
	return p, nil
}

func goCommand() string {
	if name := os.Getenv("GO"); name != "" {
		return name
	}
	return "go"
}

// compilerError is the first line that says what is wrong. Lines before it only name the package.
func compilerError(output []byte) string {
	for line := range bytes.Lines(output) {
		text := strings.TrimSpace(string(line))
		if text != "" && !strings.HasPrefix(text, "#") && !strings.HasPrefix(text, "go: downloading") {
			return text
		}
	}
	return "the compiler said nothing"
}

// identical says whether two programs are the same file, byte for byte.
func identical(a, b *program) bool {
	one, err := os.ReadFile(a.path)
	if err != nil {
		return false
	}
	other, err := os.ReadFile(b.path)
	return err == nil && bytes.Equal(one, other)
}

// git runs git in a folder and returns what it wrote, or an error with its first line.
func git(ctx context.Context, folder string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", folder}, arguments...)...)
	inGroup(command)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n"); line != "" {
			return "", errors.New(line)
		}
		return "", err
	}
	return strings.TrimRight(stdout.String(), "\n"), nil
}

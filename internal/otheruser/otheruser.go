//go:build unix

// Package otheruser lets tests run their own program as a user who owns none of their files. Nothing outside of tests
// imports it.
package otheruser

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

const nobody = 65534

// Folder is a folder that every user may enter and write to, with a copy of the test's program in it. Other users may
// not enter the folders of t.TempDir.
type Folder struct{ Path string }

// New makes a Folder, which is removed at the end. It skips the test if the user is not root, because only root can
// become another user.
func New(t testing.TB) Folder {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: only root can become another user")
	}
	path, err := os.MkdirTemp("", "shared")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(path) })
	f := Folder{path}
	text, err := os.ReadFile(os.Args[0])
	if err := errors.Join(err, os.WriteFile(f.program(), text, 0o755), os.Chmod(path, 0o777)); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f Folder) program() string { return filepath.Join(f.Path, "program") }

// Command returns a command that runs the test's program in the folder as the user nobody. Its environment is that of
// the test, and env (NAME=VALUE).
func (f Folder) Command(env []string, args ...string) *exec.Cmd {
	c := exec.Command(f.program(), args...)
	c.Dir, c.Env = f.Path, append(os.Environ(), env...)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return c
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A limit is a limit of a cgroup: its controller, and the file and the text that set it in each version of cgroups.
type limit struct {
	controller   string
	file1, text1 string
	file2, text2 string
}

func memoryLimit(bytes int64) limit {
	text := fmt.Sprint(bytes)
	return limit{"memory", "memory.limit_in_bytes", text, "memory.max", text}
}

// limitedGroup makes a cgroup with a limit inside the test's own. It returns the file to which a process writes its
// number to enter the group. The test is skipped if no group can be made, which takes root or a delegated group.
func limitedGroup(t *testing.T, l limit) (entrance string) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skipf("skipped: no cgroups here: %v", err)
	}
	why := "no group of this process has the controller " + l.controller
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		parent, file, text := filepath.Join("/sys/fs/cgroup", fields[2]), l.file2, l.text2
		switch {
		case slices.Contains(strings.Split(fields[1], ","), l.controller):
			parent, file, text = filepath.Join("/sys/fs/cgroup", l.controller, fields[2]), l.file1, l.text1
		case fields[0] != "0":
			continue
		}
		group := filepath.Join(parent, fmt.Sprintf("voxfit-test-%d", os.Getpid()))
		if err := os.Mkdir(group, 0o755); err != nil {
			why = err.Error()
			continue
		}
		t.Cleanup(func() { os.Remove(group) })
		limit, err := os.OpenFile(filepath.Join(group, file), os.O_WRONLY, 0)
		if err == nil {
			_, err = fmt.Fprint(limit, text)
			limit.Close()
		}
		if err == nil {
			return filepath.Join(group, "cgroup.procs")
		}
		why = err.Error()
	}
	t.Skipf("skipped: no cgroup with a limit can be made here: %s", why)
	return ""
}

// inGroup returns a command that runs the program in a group with a limit, of which the arguments say nothing.
func inGroup(t *testing.T, l limit, args ...string) *exec.Cmd {
	t.Helper()
	enter := `echo $$ > "$0" && exec "$@"`
	c := exec.Command("sh", append([]string{"-c", enter, limitedGroup(t, l), os.Args[0]}, args...)...)
	c.Env = append(os.Environ(), "VOXFIT_TEST_AS_KBENCH=1")
	return c
}

// fitsInGroup runs the program in a group with a limit of memory.
func fitsInGroup(t *testing.T, bytes int64, args ...string) {
	t.Helper()
	if out, err := inGroup(t, memoryLimit(bytes), args...).CombinedOutput(); err != nil {
		t.Errorf("in a group of %d MiB: %v: %s", bytes>>20, err, out)
	}
}

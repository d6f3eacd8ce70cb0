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

// memoryGroup makes a cgroup with a memory limit inside the test's own, and returns the file to which a process writes
// its number to enter it. The test is skipped where none can be made, which takes root or a delegated group.
func memoryGroup(t *testing.T, bytes int64) (entrance string) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skipf("skipped: no cgroups here: %v", err)
	}
	why := "no group of this process has the memory controller"
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		parent, file := filepath.Join("/sys/fs/cgroup", fields[2]), "memory.max"
		switch {
		case slices.Contains(strings.Split(fields[1], ","), "memory"):
			parent, file = filepath.Join("/sys/fs/cgroup/memory", fields[2]), "memory.limit_in_bytes"
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
			_, err = fmt.Fprint(limit, bytes)
			limit.Close()
		}
		if err == nil {
			return filepath.Join(group, "cgroup.procs")
		}
		why = err.Error()
	}
	t.Skipf("skipped: no cgroup with a memory limit can be made here: %s", why)
	return ""
}

// fitsInGroup runs the program in a group whose limit it is not told of.
func fitsInGroup(t *testing.T, bytes int64, args ...string) {
	t.Helper()
	enter := `echo $$ > "$0" && exec "$@"`
	c := exec.Command("sh", append([]string{"-c", enter, memoryGroup(t, bytes), os.Args[0]}, args...)...)
	c.Env = append(os.Environ(), "VOXFIT_TEST_AS_KBENCH=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("in a group of %d MiB: %v: %s", bytes>>20, err, out)
	}
}

package peer

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// MRtrix runs one MRtrix3 command and returns what it prints. It skips the test if the command is not installed, and
// fails it with MRtrix3's message if the command fails. Arguments are passed unchanged. Results belong in t.TempDir().
func MRtrix(t testing.TB, command string, args ...string) string {
	t.Helper()
	output, err := TryMRtrix(t, command, args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// TryMRtrix is MRtrix for commands that may fail: it returns MRtrix3's message as the error.
func TryMRtrix(t testing.TB, command string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(command)
	if err != nil {
		missing(t, "mrtrix", "MRtrix3's %s is not installed (`make peers` installs it)", command)
	}
	run := exec.Command(path, append(args, "-quiet", "-nthreads", "0")...)
	run.Env = append(os.Environ(), "MRTRIX_LOGLEVEL=0")
	output, err := run.Output()
	if err != nil {
		message := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			message = string(exit.Stderr)
		}
		return "", fmt.Errorf("%s %q: %w: %s", command, args, err, message)
	}
	return string(output), nil
}

//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/otheruser"
)

// program starts kbench as a process of its own.
func program(t *testing.T, stderr *bytes.Buffer, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), "VOXFIT_TEST_AS_KBENCH=1")
	c.Stderr = stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	return c
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after a minute", what)
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestASignalEndsTheProgram(t *testing.T) {
	for sent, want := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130, syscall.SIGHUP: 129} {
		if signal.Ignored(sent) {
			t.Logf("skipped: %v is ignored here, as nohup does it, and stays ignored", sent)
			continue
		}
		out := t.TempDir()
		var stderr bytes.Buffer
		c := program(t, &stderr, "phantom", "--voxels", "300000", "-o", out)
		eventually(t, "the lock", func() bool { return exists(filepath.Join(out, ".kbench-phantom.lock")) })
		if err := c.Process.Signal(sent); err != nil {
			t.Fatal(err)
		}
		c.Wait()
		if code := c.ProcessState.ExitCode(); code != want {
			t.Errorf("%v: exit code %d, want %d", sent, code, want)
		}
		line, want := strings.TrimSuffix(stderr.String(), "\n"), "kbench: "+(signalError{sent}).Error()+"; nothing was written"
		if line != want {
			t.Errorf("%v: %s", sent, line)
		}
	}
}

// Shells start the background commands of a script with SIGINT ignored, and a user may ignore a signal on purpose.
func TestASignalThatIsIgnoredAtTheStartStaysIgnored(t *testing.T) {
	out := t.TempDir()
	var stderr bytes.Buffer
	c := exec.Command("sh", "-c", `trap "" INT; exec "$0" "$@"`, os.Args[0], "phantom", "--voxels", "300000", "-o", out)
	c.Env, c.Stderr = append(os.Environ(), "VOXFIT_TEST_AS_KBENCH=1"), &stderr
	if err := c.Start(); err != nil {
		t.Skipf("skipped: no shell here: %v", err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	eventually(t, "the lock", func() bool { return exists(filepath.Join(out, ".kbench-phantom.lock")) })
	for _, sent := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if err := c.Process.Signal(sent); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // so that the signals arrive in this order
	}
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != 143 || !strings.Contains(stderr.String(), "SIGTERM") {
		t.Errorf("exit code %d, want that of SIGTERM: %s", code, &stderr)
	}
}

// A command that waits for a hanging disk, for example, does not check its context.
func TestASignalEndsACommandThatDoesNotReact(t *testing.T) {
	codes := make(chan int, 1)
	var stderr bytes.Buffer
	ctx := onSignals(&stderr, func(code int) { codes <- code })
	keeps(ctx, "3 finished blocks kept in maps")
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case code := <-codes:
		if code != 143 {
			t.Errorf("exit code %d, want 143", code)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the signal is not heard")
	}
	if line := stderr.String(); line != "kbench: stopped by SIGTERM; 3 finished blocks kept in maps\n" {
		t.Errorf("the line is %q", line)
	}
}

func TestAnInputThatIsANamedPipeIsRefusedAtOnce(t *testing.T) {
	image := small(t, 8)
	pipe := near(image, "pipe.nii.gz")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("skipped: no named pipes here: %v", err)
	}
	out := filepath.Join(t.TempDir(), "maps")
	for _, args := range [][]string{
		append([]string{"fit", "dti"}, tables(image, pipe)...),
		{"fit", "dti", image, "--mask", pipe},
		{"fit", "dti", image, "--bvals", pipe},
		{"fit", "dti", image, "--bvecs", pipe},
		{"fit", "csdm", image, "--response", pipe},
		{"fit", "csdm", image, "--response", phantomResponse, "--directions", pipe},
	} {
		refuse(t, append(args, "-o", out), "pipe.nii.gz", "not a regular file")
		nothingIn(t, out)
	}
}

func TestASignalsLineSaysWhatIsKept(t *testing.T) {
	shrinkBlocks(t, 64)
	image, out := small(t, 4000), t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	watched := untilSaved{ctx, filepath.Join(out, checkpointOfFwdtim), 2 * 64 * (8*8 + 4), func() { cancel(signalError{syscall.SIGTERM}) }}
	var stderr bytes.Buffer
	code := run(watched, []string{"fit", "fwdtim", image, "--mask", near(image, "mask.nii.gz"), "-o", out}, &bytes.Buffer{}, &stderr)
	line := strings.TrimSuffix(stderr.String(), "\n")
	if code != 143 || !strings.HasPrefix(line, "kbench: stopped by SIGTERM; ") || !strings.Contains(line, " kept in "+out) ||
		strings.Contains(line, "context canceled") || strings.Contains(line, "\n") {
		t.Errorf("exit code %d: %s", code, line)
	}
}

func TestASignalWhileAnImageIsReadSaysWhatAnEarlierStartKept(t *testing.T) {
	shrinkBlocks(t, 64)
	image, out := small(t, 1000), t.TempDir()
	args := []string{"fit", "fwdtim", image, "--mask", near(image, "mask.nii.gz"), "-o", out}
	ctx, cancel := context.WithCancelCause(t.Context())
	watched := untilSaved{ctx, filepath.Join(out, checkpointOfFwdtim), 2 * 64 * (8*8 + 4), func() { cancel(signalError{syscall.SIGTERM}) }}
	run(watched, args, &bytes.Buffer{}, &bytes.Buffer{})
	ctx, cancel = context.WithCancelCause(t.Context())
	cancel(signalError{syscall.SIGTERM}) // before anything is read
	var stderr bytes.Buffer
	code := run(ctx, args, &bytes.Buffer{}, &stderr)
	if line := stderr.String(); code != 143 || !strings.Contains(line, "kept in "+out) || strings.Contains(line, "nothing was written") {
		t.Errorf("exit code %d: %s", code, line)
	}
}

func TestACheckpointsPlaceIsNeitherFollowedNorWaitedFor(t *testing.T) {
	shrinkBlocks(t, 64)
	image := small(t, 300)
	precious := filepath.Join(t.TempDir(), "precious")
	write(t, precious, []byte("kept"))
	for what, put := range map[string]func(path string) error{
		"a link":       func(path string) error { return os.Symlink(precious, path) },
		"a named pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		for _, name := range []string{checkpointOfFwdtim, ".kbench-model-fwtensor.lock"} {
			out := t.TempDir()
			if err := put(filepath.Join(out, name)); err != nil {
				t.Fatal(err)
			}
			refuse(t, []string{"fit", "fwdtim", image, "--mask", near(image, "mask.nii.gz"), "-o", out}, name, what)
			if text := string(read(t, precious)); text != "kept" {
				t.Errorf("%s at %s: its target holds %q", what, name, text)
			}
		}
	}
}

func TestAnOutputFolderThatVanishesIsNoticedAtTheNextBlock(t *testing.T) {
	shrinkBlocks(t, 64)
	image, out := small(t, 4000), filepath.Join(t.TempDir(), "maps")
	ctx := whenSaved(t, out, func() {
		if err := os.Rename(out, out+" moved away"); err != nil {
			t.Error(err)
		}
	})
	var stderr bytes.Buffer
	code := run(ctx, []string{"fit", "fwdtim", image, "--mask", near(image, "mask.nii.gz"), "-o", out}, &bytes.Buffer{}, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), out) || !strings.Contains(stderr.String(), "removed") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder was made again")
	}
	whole := 4000 / 64
	if saved := len(read(t, filepath.Join(out+" moved away", checkpointOfFwdtim))); saved > 64*(8*8+4)*whole/2 {
		t.Errorf("it was noticed after %d bytes of the checkpoint", saved)
	}
}

func TestACheckpointOfAnotherUserSaysWhatToDo(t *testing.T) {
	folder := otheruser.New(t)
	image, out := small(t, 100), filepath.Join(folder.Path, "maps")
	for _, name := range []string{"dwi.nii.gz", "bvals", "bvecs"} {
		write(t, filepath.Join(folder.Path, name), read(t, near(image, name)))
	}
	if err := os.Mkdir(out, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(out, checkpointOfFwdtim), nil)
	if err := errors.Join(os.Chmod(out, 0o777), os.Chmod(filepath.Join(out, checkpointOfFwdtim), 0o600)); err != nil {
		t.Fatal(err)
	}
	c := folder.Command([]string{"VOXFIT_TEST_AS_KBENCH=1", "VOXFIT_TEST_BLOCK=64"},
		"fit", "fwdtim", filepath.Join(folder.Path, "dwi.nii.gz"), "-o", out)
	text, err := c.CombinedOutput()
	line := errorsOf(string(text))
	for _, words := range []string{checkpointOfFwdtim, "permission denied", "of another user", "remove it"} {
		if err == nil || strings.Count(line, "\n") != 1 || !strings.Contains(line, words) {
			t.Errorf("found %v: %q, want a line with %q", err, line, words)
		}
	}
}

func TestAFolderPutInTheOutputFoldersPlaceIsNotTouched(t *testing.T) {
	shrinkBlocks(t, 64)
	image := small(t, 1000)
	for what, put := range map[string]map[string]string{
		"an empty folder": {},
		"the hidden files of another fit": {
			checkpointOfFwdtim: "its blocks", ".kbench-model-fwtensor.lock": "its lock", ".kbench-model-fwtensor/half a map": "its map",
		},
	} {
		out := filepath.Join(t.TempDir(), "maps")
		ctx := whenSaved(t, out, func() {
			if err := errors.Join(os.Rename(out, out+" moved away"), os.MkdirAll(filepath.Join(out, ".kbench-model-fwtensor"), 0o777)); err != nil {
				t.Error(err)
			}
			for name, text := range put {
				write(t, filepath.Join(out, name), []byte(text))
			}
			if len(put) == 0 {
				os.Remove(filepath.Join(out, ".kbench-model-fwtensor"))
			}
		})
		var stderr bytes.Buffer
		code := run(ctx, []string{"fit", "fwdtim", image, "--mask", near(image, "mask.nii.gz"), "-o", out}, &bytes.Buffer{}, &stderr)
		line := errorsOf(stderr.String())
		if code != exitFailed || !strings.Contains(line, "output folder "+out) || strings.Count(line, "\n") != 1 || strings.Contains(line, "are kept in") {
			t.Errorf("%s: exit code %d: %s", what, code, line)
		}
		for name, text := range put {
			if got, err := os.ReadFile(filepath.Join(out, name)); string(got) != text {
				t.Errorf("%s: %s holds %q: %v", what, name, got, err)
			}
		}
		if there, err := os.ReadDir(out); err != nil || len(put) == 0 && len(there) > 0 {
			t.Errorf("%s: found %v in it: %v", what, there, err)
		}
	}
}

// An inputWithWork is an input that calls a function while it is hashed.
type inputWithWork struct{ work func() error }

func (in inputWithWork) hash(context.Context) (inputFile, error) { return inputFile{}, in.work() }
func (in inputWithWork) confirm(context.Context) error           { return nil }

func TestAFolderPutInTheOutputFoldersPlaceWhileInputsAreHashedGetsNoCheckpoint(t *testing.T) {
	place := filepath.Join(t.TempDir(), "maps")
	out, err := newStaging(place, "model-fwtensor", "a fit")
	if err != nil {
		t.Fatal(err)
	}
	defer out.remove()
	replace := inputWithWork{func() error { return errors.Join(os.Rename(place, place+" moved away"), os.Mkdir(place, 0o777)) }}
	j := &fitJob{out: out, acquisition: &acquisition{inputs: []input{replace}}}
	if err := j.openCheckpoint(t.Context()); err == nil || !strings.Contains(err.Error(), "output folder "+place) {
		t.Errorf("found %v, want a line that names the folder", err)
	}
	nothingIn(t, place)
}

func TestAClosedOutputDoesNotHideThatMapsAreComplete(t *testing.T) {
	image := small(t, 30)
	for _, both := range []bool{false, true} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close() // nobody reads the pipe
		out := t.TempDir()
		c := exec.Command(os.Args[0], "fit", "dti", image, "-o", out)
		c.Env = append(os.Environ(), "VOXFIT_TEST_AS_KBENCH=1")
		var stderr bytes.Buffer
		c.Stdout, c.Stderr = writer, &stderr
		if both {
			c.Stderr = writer
		}
		err = c.Run()
		writer.Close()
		if err != nil {
			t.Errorf("both closed %v: %v: %s", both, err, &stderr)
		}
		if !both && !strings.Contains(stderr.String(), "all maps are in "+out) {
			t.Errorf("stderr says: %s", &stderr)
		}
		if maps, _ := filepath.Glob(filepath.Join(out, "*.nii.gz")); len(maps) != 8 {
			t.Errorf("%d maps, want 8", len(maps))
		}
	}
}

func TestASmallFileThatIsANamedPipeIsNotWaitedFor(t *testing.T) {
	image, out, studied := small(t, 27), t.TempDir(), t.TempDir()
	succeed(t, "fit", "dti", image, "-o", out, "--maps", "fa,status")
	pipeAt := func(path string) string {
		if err := errors.Join(os.RemoveAll(path), syscall.Mkfifo(path, 0o600)); err != nil {
			t.Skipf("skipped: no named pipes here: %v", err)
		}
		return path
	}
	sidecar := pipeAt(filepath.Join(out, "model-tensor_param-fa_dwimap.json"))
	table := pipeAt(filepath.Join(studied, "runs.csv"))
	for _, args := range [][]string{
		{"verify", out},
		{"fit", "dti", image, "-o", out},
		{"fit", "dti", image, "-o", out, "--maps", "md"},
		{"merge", out, "-o", filepath.Join(t.TempDir(), "maps")},
		{"convert", filepath.Join(out, "model-tensor_param-fa_dwimap.nii.gz"), "--frame", "world", "-o", filepath.Join(out, "x.nii.gz")},
		{"report", table, "-o", t.TempDir()},
		{"simulate", "--machine", table},
		{"run", "--models", "dti", "--voxels", "100", "--max-chunks", "1", "-o", studied},
	} {
		ended := make(chan string, 1)
		go func() {
			if code, _, stderr := kbench(args...); code == 0 {
				ended <- "it succeeded"
			} else if !strings.Contains(stderr, sidecar) && !strings.Contains(stderr, table) && !strings.Contains(stderr, "exists") {
				ended <- stderr
			}
			ended <- ""
		}()
		select {
		case what := <-ended:
			if what != "" {
				t.Errorf("kbench %s: %s", strings.Join(args, " "), what)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("kbench %s waits for the pipe", strings.Join(args, " "))
		}
	}
}

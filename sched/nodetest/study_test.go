//go:build linux

package nodetest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/long"
	"github.com/voxfit/voxfit/study/kit"
)

// studyLimit ends a machine on which the study hangs. Under emulation a study takes many times its budget.
const studyLimit = 40 * time.Minute

// Times under emulation mean nothing. The test checks that a study of a machine with several nodes is complete, and
// that it goes on after a kill.
func TestStudyOfSeveralNodes(t *testing.T) {
	if !long.Asked() {
		t.Skip("a study on emulated machines takes minutes: make test-long")
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("needs an amd64 host: the guest runs this test's own code")
	}
	qemu, kernel := needs(t)
	initrd := initialFiles(t, built(t, "build", "github.com/voxfit/voxfit/cmd/kbench"))
	for name, m := range machines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			output, err := bootOften(t, qemu, kernel, initrd, m, "TestGuestStudy", studyLimit)
			t.Logf("booted, measured and off in %.0f s", time.Since(begin).Seconds())
			if err != nil || !strings.Contains(output, guestVerdict+" 0\n") || !strings.Contains(output, "--- PASS: TestGuestStudy") {
				t.Errorf("%v; the guest wrote:\n%s", err, output)
			}
			for line := range strings.Lines(output) {
				if strings.Contains(line, "study_test.go") {
					t.Log(strings.TrimSpace(line))
				}
			}
		})
	}
}

// TestGuestStudy runs in the guest. It kills the study at three moments, and then lets it end.
func TestGuestStudy(t *testing.T) {
	if os.Getpid() != 1 {
		t.Skip("runs on the machines that TestStudyOfSeveralNodes boots")
	}
	m, err := parseMachine(os.Getenv(guestVariable))
	if err != nil {
		t.Fatal(err)
	}
	const folder = "/tmp/study"
	kept := map[string][]byte{}
	for kills := range 3 {
		stage := []string{kit.BandwidthFile, kit.METGFile, "sweep-*/numa-close.csv"}[kills]
		kill(t, folder, stage)
		for path, text := range filesOf(t, folder) {
			if before, there := kept[path]; there && !bytes.HasPrefix(text, before) {
				t.Errorf("after the kill at %s, %s is not what it was", stage, path)
			}
			if strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".sha256") {
				kept[path] = text
			}
		}
		t.Logf("killed when %s was there", stage)
	}
	out, err := study(folder).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for path, text := range filesOf(t, folder) {
		if before, there := kept[path]; there && !bytes.Equal(text, before) {
			t.Errorf("%s was measured again", path)
		}
	}
	archives, _ := filepath.Glob(folder + "/*.tar.gz")
	if len(archives) != 1 {
		t.Fatalf("archives %v", archives)
	}
	s, err := kit.Read(archives[0])
	if err != nil {
		t.Fatal(err)
	}
	whole(t, s, m)
}

// whole checks that a study has everything about the machine.
func whole(t *testing.T, s kit.Study, m machine) {
	t.Helper()
	nodes := len(m.distances)
	if s.Missing() != 0 || len(s.Bandwidth.Read) != nodes || len(s.Bandwidth.Read[nodes-1]) != nodes || s.METG.Workers() != 8 {
		t.Errorf("%d runs missing, bandwidth %v, METG on %d CPUs", s.Missing(), s.Bandwidth.Read, s.METG.Workers())
	}
	for _, row := range s.Bandwidth.Read {
		for _, rate := range row {
			if !(rate > 0) {
				t.Errorf("bandwidth %v", s.Bandwidth.Read)
			}
		}
	}
	names := map[string]bool{}
	for _, sweep := range s.Plan.Sweeps {
		names[sweep.Name] = true
		for _, n := range sweep.CPUs {
			if _, found := s.Predictions.Found("ConstrainedSphericalDeconvModel", sweep.Name, n); !found {
				t.Errorf("%s on %d CPUs has no prediction", sweep.Name, n)
			}
		}
	}
	if !names["numa-spread"] || names["numa-close-one-thread-a-core"] != (m.threads > 1) {
		t.Errorf("sweeps %v, with %d threads a core", names, m.threads)
	}
	t.Logf("%d sweeps, %d records in the first, %d voxels", len(s.Plan.Sweeps), len(s.Records["numa-close"]), s.Plan.Voxels)
}

// study returns the command that the guest runs. It uses the portable kernels, because under emulation those for AVX2
// take 14 times (csdm) and 90 times (fwdtim) as long.
func study(folder string) *exec.Cmd {
	c := exec.Command("/kbench", "study", folder, "--budget", "60s")
	c.Env = append(os.Environ(), "VOXFIT_ISA=generic")
	return c
}

// kill starts the study, and kills it soon after there is a file that matches the pattern.
func kill(t *testing.T, folder, pattern string) {
	t.Helper()
	command := study(folder)
	command.Stdout, command.Stderr = io.Discard, os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		if found, _ := filepath.Glob(filepath.Join(folder, pattern)); len(found) > 0 {
			time.Sleep(time.Second)
			command.Process.Kill()
			<-ended
			return
		}
		select {
		case err := <-ended:
			t.Fatalf("the study ended before %s was there: %v", pattern, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// filesOf returns the contents of all files below a folder, by path.
func filesOf(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = text
		return err
	})
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", folder, err))
	}
	return files
}

package numa

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func allowed(t *testing.T) []int {
	t.Helper()
	cpus, err := Allowed()
	if err != nil {
		t.Fatal(err)
	}
	return cpus
}

// threadMasks is the affinity that the kernel reports for every thread of this process.
func threadMasks(t *testing.T) map[string]string {
	t.Helper()
	masks := map[string]string{}
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended since
		}
		for line := range strings.Lines(string(status)) {
			if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
				masks[file] = strings.TrimSpace(list)
			}
		}
	}
	return masks
}

func TestPinnedThreadRunsWhereItWasPut(t *testing.T) {
	for _, cpu := range allowed(t) {
		unpin, err := Pin(cpu)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			runtime.Gosched()
			if got := CurrentCPU(); got != cpu {
				t.Errorf("pinned to CPU %d, found on %d", cpu, got)
			}
		}
		if err := unpin(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnpinRestoresTheFormerMask(t *testing.T) {
	cpus := allowed(t)
	last := cpus[len(cpus)-1]
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := threadMask()
	if err != nil {
		t.Fatal(err)
	}
	unpinOuter, err := Pin(cpus[0])
	if err != nil {
		t.Fatal(err)
	}
	unpinInner, err := Pin(last)
	if err != nil {
		t.Fatal(err)
	}
	if mask, _ := threadMask(); !slices.Equal(mask, []int{last}) {
		t.Errorf("mask inside both pins %v, want [%d]", mask, last)
	}
	for _, unpin := range []func() error{unpinInner, unpinInner} { // the second call does nothing
		if err := unpin(); err != nil {
			t.Fatal(err)
		}
	}
	if mask, _ := threadMask(); !slices.Equal(mask, cpus[:1]) {
		t.Errorf("mask inside the outer pin %v, want %v", mask, cpus[:1])
	}
	if err := unpinOuter(); err != nil {
		t.Fatal(err)
	}
	if mask, _ := threadMask(); !slices.Equal(mask, before) {
		t.Errorf("mask afterwards %v, want %v", mask, before)
	}
}

func TestPinnedThreadDoesNotNarrowWhatIsAllowed(t *testing.T) {
	want := allowed(t)
	var unpins []func() error
	for range 2 { // the second pin must find the mask of the first
		unpin, err := Pin(want[0])
		if err != nil {
			t.Fatal(err)
		}
		unpins = append(unpins, unpin)
		if got := allowed(t); !slices.Equal(got, want) {
			t.Errorf("allowed on a thread pinned %d times %v, want %v", len(unpins), got, want)
		}
	}
	for _, unpin := range slices.Backward(unpins) {
		if err := unpin(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestManyPinsLeaveNoThreadPinned(t *testing.T) {
	cpus := allowed(t)
	want := formatCPUList(cpus)
	var running sync.WaitGroup
	for i := range 50 {
		running.Go(func() {
			unpin, err := Pin(cpus[i%len(cpus)])
			if err != nil {
				t.Error(err)
				return
			}
			if err := unpin(); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	for thread, mask := range threadMasks(t) {
		if mask != want {
			t.Errorf("%s has CPUs %s, want %s", thread, mask, want)
		}
	}
	confinements.Lock()
	defer confinements.Unlock()
	if len(confinements.depth) != 0 || len(confinements.outer) != 0 {
		t.Errorf("still remembered: %v %v", confinements.depth, confinements.outer)
	}
}

func TestImpossibleCPUIsNamedWithThePossibleOnes(t *testing.T) {
	absent := 8000 // beyond any machine that this runs on
	_, err := Pin(absent)
	if err == nil {
		t.Fatal("pinned to CPU 8000")
	}
	for _, part := range []string{"8000", formatCPUList(allowed(t))} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	for _, cpus := range [][]int{{}, {-1}, {maskBits}} {
		if _, err := Confine(cpus); err == nil {
			t.Errorf("confined to %v", cpus)
		}
	}
}

func TestReleaseFromAnotherThreadIsRefused(t *testing.T) {
	unpin, err := Pin(allowed(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := make(chan error)
	go func() { elsewhere <- unpin() }() // this goroutine has another thread, because ours is locked
	if err := <-elsewhere; err == nil {
		t.Error("another goroutine could release the thread")
	}
	if err := unpin(); err != nil {
		t.Error(err)
	}
}

func TestWaitingIsAVoluntarySwitch(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, _ := Switches()
	for range 3 {
		pause := unix.NsecToTimespec(int64(time.Millisecond))
		if err := unix.Nanosleep(&pause, nil); err != nil {
			t.Fatal(err)
		}
	}
	if after, _ := Switches(); after < before+3 {
		t.Errorf("%d voluntary switches in three sleeps, want at least 3", after-before)
	}
}

// A process inherits the mask of the thread that starts it, which is also how taskset works.
func TestAllowedFollowsAnInheritedMask(t *testing.T) {
	if os.Getenv("NUMA_TEST_CHILD") != "" {
		fmt.Printf("allowed %v\n", allowed(t))
		return
	}
	for _, cpu := range allowed(t) {
		unpin, err := Pin(cpu)
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), "NUMA_TEST_CHILD=1")
		out, err := child.CombinedOutput()
		if unpinErr := unpin(); unpinErr != nil {
			t.Fatal(unpinErr)
		}
		if errors.Is(err, unix.ENOEXEC) {
			t.Skip("needs to start its own binary, which only an emulator can: ", err)
		}
		if want := fmt.Sprintf("allowed [%d]\n", cpu); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("child on CPU %d said %q (%v), want %q", cpu, out, err, want)
		}
	}
}

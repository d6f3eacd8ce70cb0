package sched_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
	"golang.org/x/sys/unix"
)

func allowed(t *testing.T) []int {
	t.Helper()
	cpus, err := numa.Allowed()
	if err != nil {
		t.Fatal(err)
	}
	return cpus
}

// masks returns the CPUs of every thread of this process, as the kernel reports them.
func masks(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended meanwhile
		}
		for line := range strings.Lines(string(status)) {
			if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
				found[file] = strings.TrimSpace(list)
			}
		}
	}
	return found
}

func TestWorkersStayOnTheirCPUsFromStartToEnd(t *testing.T) {
	cpus := allowed(t)
	workers := 2*len(cpus) + 1 // so that they wrap round
	threads := make([]int, workers)
	p := sched.Plan{Voxels: 5000, VoxelsPerChunk: 1, Workers: workers, CPUs: cpus, Pin: sched.PinCore}
	here := func(worker int) {
		if cpu := numa.CurrentCPU(); cpu != cpus[worker%len(cpus)] {
			t.Errorf("worker %d is on CPU %d, want %d", worker, cpu, cpus[worker%len(cpus)])
		}
	}
	p.Start = func(worker int) error {
		if threads[worker] != 0 {
			t.Errorf("worker %d was started twice", worker)
		}
		threads[worker] = unix.Gettid()
		here(worker)
		return nil
	}
	a := mustRun(t, p, func(worker int, r sched.Range) error {
		if thread := unix.Gettid(); thread != threads[worker] {
			t.Errorf("worker %d is on thread %d, was started on %d", worker, thread, threads[worker])
		}
		here(worker)
		return nil
	})
	for i, w := range a.Workers {
		if w.CPU != cpus[i%len(cpus)] || w.Migrations != 0 {
			t.Errorf("worker %d: CPU %d with %d migrations, want %d with none", i, w.CPU, w.Migrations, cpus[i%len(cpus)])
		}
	}
}

func TestUnpinnedWorkerKeepsOneThreadToItself(t *testing.T) {
	const workers = 3
	var threads [workers]map[int]bool
	p := sched.Plan{Voxels: 600, VoxelsPerChunk: 1, Workers: workers, Start: func(worker int) error {
		threads[worker] = map[int]bool{}
		return nil
	}}
	mustRun(t, p, func(worker int, r sched.Range) error {
		threads[worker][unix.Gettid()] = true
		time.Sleep(time.Microsecond) // lets Go's scheduler move a goroutine
		return nil
	})
	owner := map[int]int{}
	for worker, set := range threads {
		if len(set) > 1 {
			t.Errorf("worker %d ran on threads %v, want one", worker, set)
		}
		for thread := range set {
			if other, taken := owner[thread]; taken {
				t.Errorf("workers %d and %d shared thread %d", other, worker, thread)
			}
			owner[thread] = worker
		}
	}
}

func TestEveryRunReleasesItsThreads(t *testing.T) {
	want := masks(t)[fmt.Sprintf("/proc/self/task/%d/status", os.Getpid())]
	for _, ending := range []string{"success", "cancelled", "panic"} {
		ctx, cancel := context.WithCancel(context.Background())
		p := sched.Plan{Voxels: 100, VoxelsPerChunk: 1, Workers: 4, Pin: sched.PinCore}
		a, err := sched.Run(ctx, p, func(_ int, r sched.Range) error {
			if r.Begin == 7 && ending == "cancelled" {
				cancel()
			}
			if r.Begin == 7 && ending == "panic" {
				panic("on purpose")
			}
			return nil
		})
		checkAccount(t, a)
		if (err == nil) != (a.Done == p.Voxels) {
			t.Errorf("%s: error %v with %d voxels done", ending, err, a.Done)
		}
		for thread, mask := range masks(t) {
			if mask != want {
				t.Errorf("%s: %s has CPUs %s, want %s", ending, thread, mask, want)
			}
		}
		cancel()
	}
}

func TestUnpinnedWorkersAreConfinedToTheSet(t *testing.T) {
	cpus := allowed(t)[:1]
	mustRun(t, sched.Plan{Voxels: 100, VoxelsPerChunk: 1, Workers: 2, CPUs: cpus}, func(int, sched.Range) error {
		if cpu := numa.CurrentCPU(); cpu != cpus[0] {
			t.Errorf("on CPU %d, want %d", cpu, cpus[0])
		}
		return nil
	})
}

// A worker notices if its thread is moved between two chunks. The chunk function moves it, and is then busy for longer
// than the interval in which a worker does not check.
func TestMovedThreadIsAMigration(t *testing.T) {
	cpus := allowed(t)
	if len(cpus) < 2 {
		t.Skip("needs two CPUs, may use one")
	}
	var release func() error
	p := sched.Plan{Voxels: 2, VoxelsPerChunk: 1, Workers: 1, CPUs: cpus[:1], Pin: sched.PinCore}
	a := mustRun(t, p, func(_ int, r sched.Range) (err error) {
		if r.Begin == 0 {
			release, err = numa.Pin(cpus[1])
		} else {
			err = release()
		}
		if err != nil {
			return err
		}
		pause := unix.NsecToTimespec(2_000_000)
		return unix.Nanosleep(&pause, nil)
	})
	if a.Workers[0].Migrations != 2 {
		t.Errorf("%d migrations, want there and back", a.Workers[0].Migrations)
	}
	if a.Workers[0].VoluntarySwitches < 2 {
		t.Errorf("%d voluntary switches, want one for each sleep at least", a.Workers[0].VoluntarySwitches)
	}
}

func TestCPUThatDoesNotExistEndsTheRun(t *testing.T) {
	p := sched.Plan{Voxels: 10, Workers: 1, CPUs: []int{8000}, Pin: sched.PinCore}
	a, err := sched.Run(context.Background(), p, func(_ int, r sched.Range) error {
		t.Errorf("%v was run", r)
		return nil
	})
	checkAccount(t, a)
	wantError(t, err, "start of worker 0", "8000")
	if !errors.Is(err, unix.EINVAL) {
		t.Errorf("error %v, want the kernel's EINVAL in it", err)
	}
}

// Under taskset, or in a batch job with a part of a node, the default plan uses exactly the CPUs of the mask.
func TestDefaultPlanStaysWithinTheAffinityMask(t *testing.T) {
	if os.Getenv("SCHED_TEST_CHILD") != "" {
		reportPlaces(t)
		return
	}
	taskset, err := exec.LookPath("taskset")
	if err != nil {
		t.Skip("needs taskset (util-linux), which is not installed")
	}
	if numa.CPULimit() < 1 {
		t.Skipf("needs a CPU quota of at least 1, has %v", numa.CPULimit())
	}
	if err := exec.Command(os.Args[0], "-test.run=^$").Run(); errors.Is(err, unix.ENOEXEC) {
		t.Skip("needs to start its own binary, which only an emulator can: ", err)
	}
	for _, cpu := range allowed(t) {
		child := exec.Command(taskset, "-c", fmt.Sprint(cpu), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), "SCHED_TEST_CHILD=1")
		out, err := child.CombinedOutput()
		want := fmt.Sprintf("places: map[%d:true] workers: 1\n", cpu)
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("taskset -c %d: child said %q (%v), want %q", cpu, out, err, want)
		}
	}
}

func reportPlaces(t *testing.T) {
	var mu sync.Mutex
	places := map[int]bool{}
	a := mustRun(t, sched.Plan{Voxels: 1000, Pin: sched.PinCore}, func(int, sched.Range) error {
		mu.Lock()
		defer mu.Unlock()
		places[numa.CurrentCPU()] = true
		return nil
	})
	fmt.Printf("places: %v workers: %d\n", places, len(a.Workers))
}

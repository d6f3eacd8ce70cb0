package sched_test

import (
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
)

// busyCPU lets another program compute on a CPU until the test ends.
func busyCPU(t *testing.T, cpu int) {
	t.Helper()
	unpin, err := numa.Pin(cpu) // programs inherit the CPUs of the thread that starts them
	if err != nil {
		t.Skip(err)
	}
	defer unpin()
	busy := exec.Command("sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		_ = busy.Process.Kill()
		_ = busy.Wait() // it was killed
	})
}

// Another program computes on the CPU of a run. Whether it delays one run is chance, and whether it does so before the
// first chunk, or after it; of many runs it delays some. What a run waited for its CPU is never more than what it
// waited.
func TestAnAccountSaysWhatARunWaitedForItsCPU(t *testing.T) {
	if calm.ReadDelays() == nil {
		t.Skip("skipped: this kernel does not say how long threads waited")
	}
	cpu := allowed(t)[0]
	busyCPU(t, cpu)
	late := time.Duration(0)
	for _, asked := range []bool{true, false} {
		for range 40 {
			plan := sched.Plan{Voxels: 4, VoxelsPerChunk: 1, Workers: 1, CPUs: []int{cpu}, Pin: sched.PinCore, Counters: asked}
			account, err := sched.Run(context.Background(), plan, func(int, sched.Range) error {
				for had := calm.ThreadTime(); calm.ThreadTime()-had < 500*time.Microsecond; {
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			w := account.Workers[0]
			if w.Late < 0 || w.Late > w.StartWait+w.FirstTouch+w.TailWait || !asked && w.Late != 0 {
				t.Fatalf("late %v, of %v before the first chunk and %v after the last", w.Late, w.StartWait, w.TailWait)
			}
			if w.Total() != account.Wall || account.Sum().Late != w.Late {
				t.Fatalf("the parts are %v of %v, all are late %v", w.Total(), account.Wall, account.Sum().Late)
			}
			late += w.Late + w.Taken()
		}
	}
	if late == 0 {
		t.Error("nothing was taken from any run, and none was late, although another program had its CPU")
	}
}

// A worker that sleeps, while it makes its scratch or in a chunk, does so by itself. Nobody took its CPU meanwhile. On a
// busy machine its thread may wait for a CPU when the sleep has begun, or before it ends. So one run of ten must be right:
// an account that takes sleep for a wait is wrong in each.
func TestWhatAWorkerWaitsByItselfIsNotTakenByOthers(t *testing.T) {
	if calm.ReadDelays() == nil {
		t.Skip("skipped: this kernel does not say how long threads waited")
	}
	wrong := ""
	for range 10 {
		if wrong = takenFromASleeper(t); wrong == "" {
			return
		}
	}
	t.Error(wrong)
}

// takenFromASleeper says by how much a sleeping worker was late, or what others took from it, where it is more than the
// rest of its time.
func takenFromASleeper(t *testing.T) string {
	t.Helper()
	const nap, chunks = 20 * time.Millisecond, 4
	plan := sched.Plan{Voxels: chunks, VoxelsPerChunk: 1, Workers: 1, Pin: sched.PinCore, CPUs: allowed(t)[:1], Counters: true,
		Start: func(int) error { time.Sleep(nap); return nil }}
	account, err := sched.Run(context.Background(), plan, func(int, sched.Range) error { time.Sleep(nap); return nil })
	if err != nil {
		t.Fatal(err)
	}
	w := account.Workers[0]
	if w.FirstTouch < nap {
		t.Fatalf("the scratch took %v, with a sleep of %v", w.FirstTouch, nap)
	}
	if most := w.Dispatch + w.Steal + w.Compute - chunks*nap; w.Taken() > most {
		return fmt.Sprintf("others took %v, of %v in which it did not sleep", w.Taken(), most)
	}
	if most := w.StartWait + w.FirstTouch - nap + w.TailWait; w.Late > most {
		return fmt.Sprintf("late by %v, of %v in which it did not sleep", w.Late, most)
	}
	return ""
}

package sched_test

import (
	"context"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/sched"
	"golang.org/x/sys/unix"
)

// processTime returns the CPU time of this process so far.
func processTime(t *testing.T) time.Duration {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// The workers' accounts are compared with the system's times of the process and of the CPUs, even on a busy machine.
// The CPU times of the workers must add up to the time of the process. Together with what was taken from them they must
// be all that their CPUs did.
func TestTimesOfWorkersAreThoseOfTheProcessAndTheCPUs(t *testing.T) {
	cpus := allowed(t)
	const chunk = 10 * time.Millisecond
	plan := sched.Plan{Voxels: 30 * len(cpus), VoxelsPerChunk: 1, Workers: len(cpus), CPUs: cpus, Pin: sched.PinCore}
	onCPUs, own := calm.CPUs(cpus...), processTime(t)
	account, err := sched.Run(context.Background(), plan, func(int, sched.Range) error {
		for had := calm.ThreadTime(); calm.ThreadTime()-had < chunk; {
		}
		return nil
	})
	own, since := processTime(t)-own, calm.CPUs(cpus...).Since(onCPUs)
	if err != nil {
		t.Fatal(err)
	}
	sum, taken := account.Sum(), time.Duration(0)
	for _, w := range account.Workers {
		taken += w.Taken()
	}
	// The rest of the process's time is that of the runtime's threads.
	if least := own - own/20 - 3*calm.Tick; sum.CPUTime > own+calm.Tick || sum.CPUTime < least {
		t.Errorf("workers had %v, the process %v", sum.CPUTime, own)
	}
	ready := sum.Dispatch + sum.Steal + sum.Compute
	if off := sum.CPUTime + taken - ready; off < -calm.Tick || off > calm.Tick {
		t.Errorf("workers had %v and were taken %v, of %v in which they were ready", sum.CPUTime, taken, ready)
	}
	// A CPU may do other things before its worker starts and after it has ended.
	idle, ticks := sum.StartWait+sum.TailWait, 3*time.Duration(len(cpus))*calm.Tick
	did := since.Busy + since.Stolen
	if !since.Known || did < ready-ready/20-ticks || did > ready+ready/20+idle+ticks {
		t.Errorf("the CPUs did %v (with %v stolen), of which workers were ready for %v, and %v without one", did, since.Stolen, ready, idle)
	}
}

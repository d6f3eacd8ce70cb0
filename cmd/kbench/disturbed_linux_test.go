package main

import (
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/study"
	"golang.org/x/sys/unix"
)

// A shell takes the place of a peer's programs. Its row is compared with getrusage of the shell and of this process,
// and with the time of all CPUs.
func TestARowOfAPeerHasTheCPUTimeOfItsPrograms(t *testing.T) {
	var before, after unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &before); err != nil {
		t.Fatal(err)
	}
	watch, begin := watchUse(nil), time.Now()
	shell := exec.Command("sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done")
	if err := shell.Run(); err != nil {
		t.Skip(err)
	}
	record := study.Record{CPUCount: runtime.NumCPU()}
	watch.add(&record)
	wall := time.Since(begin)
	if err := unix.Getrusage(unix.RUSAGE_SELF, &after); err != nil {
		t.Fatal(err)
	}
	had := shell.ProcessState.UserTime() + shell.ProcessState.SystemTime()
	own := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	row := time.Duration(record.CPUTime * float64(time.Second))
	if least, most := had-3*calm.Tick, had+own+3*calm.Tick; row < least || row > most {
		t.Errorf("the row has %v of CPU time, the shell had %v, this process %v", row, had, own)
	}
	all := record.CPUTime + record.Taken + record.HostSteal
	if possible := (wall + 3*calm.Tick).Seconds() * float64(runtime.NumCPU()); all > possible {
		t.Errorf("the row has %g core-seconds with what was taken, of %g that there were", all, possible)
	}
}

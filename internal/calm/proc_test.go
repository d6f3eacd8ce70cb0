package calm_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
)

// A shell below this process computes for a third of a second. The tree must have this time, and the CPUs at least as
// much.
func TestATreeOfProcessesHasTheTimeOfItsChildren(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: there is no /proc")
	}
	cpus, tree := calm.CPUs(), calm.ProcessTree(os.Getpid())
	shell := exec.Command("sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done")
	if err := shell.Run(); err != nil {
		t.Skip(err)
	}
	took := shell.ProcessState.UserTime() + shell.ProcessState.SystemTime()
	grown, since := calm.ProcessTree(os.Getpid())-tree, calm.CPUs().Since(cpus)
	if grown < took-3*calm.Tick {
		t.Errorf("the tree grew by %v, its child took %v", grown, took)
	}
	if !since.Known || since.Busy < took-5*calm.Tick {
		t.Errorf("all CPUs were busy for %v, a child for %v", since.Busy, took)
	}
}

func TestTheCPUsTogetherAreTheirSum(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: there is no /proc")
	}
	all, first := calm.CPUs(), calm.CPUs(0)
	if !first.Known || first.Busy > all.Busy+time.Second {
		t.Errorf("CPU 0 was busy for %v, all for %v", first.Busy, all.Busy)
	}
	if none := calm.CPUs(1 << 20); none.Known {
		t.Error("a CPU that is not there has times")
	}
}

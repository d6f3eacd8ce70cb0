package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/study/kit"
)

// More workers than a quota pays for would wait for it, and the page would say that other programs took the CPUs.
func TestAStudyInAGroupHasNoMoreWorkersThanItsQuotaPaysFor(t *testing.T) {
	if testing.Short() {
		t.Skip("measuring takes seconds")
	}
	dir := t.TempDir()
	one := limit{"cpu", "cpu.cfs_quota_us", "100000", "cpu.max", "100000 100000"}
	if out, err := inGroup(t, one, "study", dir, "--budget", "1s").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	host, _ := os.Hostname()
	s, err := kit.Read(filepath.Join(dir, host+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sweep := range s.Plan.Sweeps {
		if len(sweep.CPUs) != 1 || sweep.CPUs[0] != 1 {
			t.Errorf("%s is on %v CPUs", sweep.Name, sweep.CPUs)
		}
	}
	if s.METG.Workers() != 1 {
		t.Errorf("tasks were handed out to %d workers", s.METG.Workers())
	}
}

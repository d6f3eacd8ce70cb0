package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/study/kit"
)

// Steps that are there are not made again, so that a study which was stopped goes on where it was.
func TestAStudyOfAMachineGoesOnAndEndsWithAnArchive(t *testing.T) {
	if testing.Short() {
		t.Skip("measuring takes seconds")
	}
	dir := filepath.Join(t.TempDir(), "measured")
	succeed(t, "study", dir, "--budget", "1s")
	host, _ := os.Hostname()
	archive := filepath.Join(dir, host+".tar.gz")
	first, err := kit.Read(archive)
	if err != nil {
		t.Fatal(err)
	}
	if first.Missing() != 0 || len(first.Plan.Sweeps) < 3 || len(first.Predictions.Predictions) == 0 || len(first.Facts) == 0 {
		t.Errorf("the study has %d runs missing, plan %+v", first.Missing(), first.Plan)
	}
	// As if it had been killed in the sweep: the last rows and the archive are not there.
	before := string(read(t, filepath.Join(dir, kit.PredictionsFile)))
	csv := filepath.Join(dir, kit.SweepFolder([]byte(before)), "numa-close.csv")
	whole := string(read(t, csv))
	write(t, csv, []byte(whole[:len(whole)-40]))
	if err := os.Remove(archive); err != nil {
		t.Fatal(err)
	}
	succeed(t, "study", dir, "--budget", "1s")
	if after := string(read(t, filepath.Join(dir, kit.PredictionsFile))); after != before {
		t.Error("the predictions were made again")
	}
	again, err := kit.Read(archive)
	if err != nil || again.Missing() != 0 || !again.METG.Made.Equal(first.METG.Made) {
		t.Errorf("%d runs missing (%v); METG measured at %v, before at %v", again.Missing(), err, again.METG.Made, first.METG.Made)
	}
	page := t.TempDir()
	succeed(t, "report", archive, "-o", page)
	if text := string(read(t, filepath.Join(page, "index.html"))); !strings.Contains(text, "rayon-auto") || !strings.Contains(text, "left out: with a budget below 8 minutes") {
		t.Error("the page does not say which schedulers were left out, and why")
	}
	refuse(t, []string{"study", dir, "--budget", "2s"}, "--budget 1s", "another folder")
	refuse(t, []string{"report", archive, csv, "-o", page}, "numa-close.csv", "files of one kind")
	refuse(t, []string{"report", archive, "-o", page, "--serial", "csdm=1"}, "--serial is for CSV files")
	refuse(t, []string{"report", archive, archive, "-o", page}, "hold the same study")

	changed := strings.Replace(before, `"how": "`, `"how": "Afterwards: `, 1)
	write(t, filepath.Join(dir, kit.PredictionsFile), []byte(changed))
	refuse(t, []string{"study", dir, "--budget", "1s"}, kit.HashFile, "of other predictions", "remove both")
	write(t, filepath.Join(dir, kit.PredictionsFile), []byte(before))

	held, err := lock.Take(filepath.Join(dir, ".lock"), lock.Holder("kbench study elsewhere"))
	if err != nil {
		t.Fatal(err)
	}
	refuse(t, []string{"study", dir, "--budget", "1s"}, "another process is writing to it: kbench study elsewhere")
	held.Release()
	plan := string(read(t, filepath.Join(dir, kit.PlanFile)))
	write(t, filepath.Join(dir, kit.PlanFile), []byte(strings.Replace(plan, host, "another-machine", 1)))
	refuse(t, []string{"study", dir, "--budget", "1s"}, "a study of another-machine", "another folder")
}

// What was measured before there is a plan must not be mixed with what another command measures.
func TestAStudyThatHasJustBegunIsNotGoneOnWithByAnother(t *testing.T) {
	dir := t.TempDir()
	begin := func(budget time.Duration) error {
		o := studyOptions{folder: dir, budget: budget}
		return o.goesOn()
	}
	if err := errors.Join(begin(time.Minute), begin(time.Minute)); err != nil {
		t.Fatal(err)
	}
	refuse(t, []string{"study", dir, "--budget", "2m"}, `budget is "1m0s" there, and "2m0s" now`, "another folder")
	t.Setenv(kernel.EnvISA, "generic")
	if isa, _ := kernel.ChosenISA(); isa == "generic" && len(kernel.ISAs()) > 1 {
		refuse(t, []string{"study", dir, "--budget", "1m"}, `"generic" now`, "another folder")
	}
	t.Setenv(kernel.EnvISA, "")
	file := filepath.Join(dir, beginningFile)
	write(t, file, []byte(strings.Replace(string(read(t, file)), `"workers": `, `"workers": 9`, 1)))
	refuse(t, []string{"study", dir, "--budget", "1m"}, "workers is 9", "another folder")
	write(t, file, []byte("{"))
	refuse(t, []string{"study", dir, "--budget", "1m"}, beginningFile, "another folder")
}

// Time that other steps took, or memory that is not there, is not planned with.
func TestAPlanHasNoMoreVoxelsThanThereIsTimeAndMemoryFor(t *testing.T) {
	times := map[string]timesOfModel{}
	for _, name := range modelsOfStudy() {
		times[name] = timesOfModel{PerVoxel: 10e-6}
	}
	voxels := func(spent time.Duration) int {
		o := studyOptions{budget: time.Minute, begin: time.Now().Add(-spent)}
		plan, err := o.newPlan(times, 10e-6)
		if err != nil {
			t.Fatal(err)
		}
		return plan.Voxels
	}
	all, fewer, fewest := voxels(0), voxels(30*time.Second), voxels(time.Hour)
	if fewest != leastVoxels || fewer >= all || fewer <= fewest {
		t.Errorf("%d voxels, %d after half of the budget, %d when it was used up", all, fewer, fewest)
	}
	if most := mostInMemory(); most < 1 || all > most {
		t.Errorf("%d voxels, and memory for %d", all, most)
	}
}

func TestALargeMachineNeedsALongerBudget(t *testing.T) {
	small := []kit.Sweep{{CPUs: []int{1, 2}}}
	large := []kit.Sweep{{CPUs: []int{1, 2, 4, 8, 16, 32, 64}}, {CPUs: []int{1, 2, 4, 8, 16, 32, 64}}}
	if least, most := leastTime(1, small), leastTime(8, large); least <= 0 || most < 64*leastForPair || most < 2*least {
		t.Errorf("a small machine takes at least %v, a large one %v", least, most)
	}
	says := func(budget time.Duration) string {
		var said strings.Builder
		o := studyOptions{budget: budget}
		if err := o.sayLeast(&said); err != nil {
			t.Fatal(err)
		}
		return said.String()
	}
	if said := says(time.Millisecond); !strings.Contains(said, "takes at least about") || !strings.Contains(said, "--budget 1ms") {
		t.Errorf("with a millisecond it says %q", said)
	}
	if said := says(24 * time.Hour); said != "" {
		t.Errorf("with a day it says %q", said)
	}
}

func TestAStudyOfAMachineRefusesWhatCannotBe(t *testing.T) {
	refuse(t, []string{"study", ""}, "the folder is empty") // a variable of a shell that is not set
	refuse(t, []string{"study", t.TempDir(), "--budget", "0s"}, "--budget 0s", "at least 1s")
	refuse(t, []string{"report", filepath.Join(t.TempDir(), "none.tar.gz"), "-o", t.TempDir()}, "none.tar.gz", "cannot be opened")
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	if _, err := os.Stat(filepath.Join(page, "index.html")); err != nil {
		t.Error(err)
	}
	refuse(t, []string{"study", dir, "--budget", "2s"}, "--budget 1s", "another folder")
	refuse(t, []string{"report", archive, csv, "-o", page}, "numa-close.csv", "files of one kind")
	refuse(t, []string{"report", archive, "-o", page, "--serial", "csdm=1"}, "--serial is for CSV files")
	refuse(t, []string{"report", archive, archive, "-o", page}, "hold the same study")

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

func TestAStudyOfAMachineRefusesWhatCannotBe(t *testing.T) {
	refuse(t, []string{"study", t.TempDir(), "--budget", "0s"}, "--budget 0s", "at least 1s")
	refuse(t, []string{"report", filepath.Join(t.TempDir(), "none.tar.gz"), "-o", t.TempDir()}, "none.tar.gz", "cannot be opened")
}

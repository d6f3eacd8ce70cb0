//go:build unix

package main

import (
	"encoding/csv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/study"
)

// A study that is killed at a random moment, or at two, keeps every row that was in its CSV, byte for byte. The same
// command with --resume then measures what is missing, each run once, and writes the files of a study that nobody killed.
func TestKilledStudiesKeepTheirRowsAndGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("killing studies takes half a minute; not with -short")
	}
	random := seeded(t)
	image := small(t, 60)
	forms := [][]string{
		{"--models", "dti", "--voxels", "60"},
		{"--models", "csdm,fwdtim", "--voxels", "40", "--skip-serial"},
		{"--models", "fwdtim", "--data", image, "--mask", near(image, "mask.nii.gz")},
	}
	studies := make([]killedStudy, len(forms))
	for i, form := range forms {
		studies[i].args = append([]string{"run", "--min-chunks", "1", "--max-chunks", "3", "--num-runs", "3", "--resume"}, form...)
		studies[i].undisturbed(t)
	}
	var all tally
	const few = 5
	wanted := faults(t, few)
	for n := 0; all.faults < wanted && n < 10*wanted; n++ {
		all.add(studies[n%len(studies)].trial(t, random))
	}
	all.log(t, wanted)
}

// A killedStudy is a study, and what it is when nobody kills it.
type killedStudy struct {
	args  []string
	whole time.Duration
	runs  map[study.Key]bool
	files []string
	key   []byte // of the data and options
}

func (s *killedStudy) undisturbed(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	begin := time.Now()
	if stderr, ok := runAlone(t, 0, append(s.args, "-o", dir)...); !ok {
		t.Fatal(stderr)
	}
	s.whole = time.Since(begin)
	refuse(t, append(slices.DeleteFunc(slices.Clone(s.args), func(arg string) bool { return arg == "--resume" }), "-o", dir), "runs.csv", "--resume")
	s.runs, s.files, s.key = runsIn(t, dir), besideFigures(filesBelow(t, dir)), read(t, filepath.Join(dir, "runs.study.json"))
}

// trial kills the study, perhaps twice, and goes on with it. Kills that came too late are no faults.
func (s *killedStudy) trial(t *testing.T, random *rand.Rand) (result tally) {
	t.Helper()
	dir := t.TempDir()
	defer os.RemoveAll(dir)
	args := append(slices.Clone(s.args), "-o", dir)
	var rows []byte // that were whole when the study was killed
	for range 1 + random.IntN(2) {
		if _, ok := runAlone(t, after(random, s.whole), args...); !ok {
			result.faults++
		}
		now := wholeRows(t, dir)
		if !strings.HasPrefix(string(now), string(rows)) {
			t.Errorf("%v: a row that was there is lost or changed", s.args)
			result.lost++
		}
		rows = now
	}
	stderr, ok := runAlone(t, 0, args...)
	switch {
	case !ok:
		t.Errorf("%v: after a kill the same command: %s", s.args, stderr)
		result.lost++
	case !strings.HasPrefix(string(wholeRows(t, dir)), string(rows)):
		t.Errorf("%v: a row that was there is lost or changed by --resume", s.args)
		result.lost++
	case !maps.Equal(runsIn(t, dir), s.runs):
		t.Errorf("%v: other runs than those of a study that nobody killed", s.args)
		result.lost++
	case string(read(t, filepath.Join(dir, "runs.study.json"))) != string(s.key):
		t.Errorf("%v: another key", s.args)
		result.mixed++
	}
	if got := besideFigures(visible(filesBelow(t, dir))); !slices.Equal(got, s.files) {
		t.Errorf("%v: the files are %v, want %v", s.args, got, s.files)
		result.lost++
	}
	if result.lost+result.mixed == 0 {
		result.survived = result.faults
	}
	return result
}

// wholeRows are the lines of the CSV that were ended; nothing where there is no CSV yet.
func wholeRows(t *testing.T, dir string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "runs.csv"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return text[:strings.LastIndexByte(string(text), '\n')+1]
}

// runsIn are the runs of a CSV, each of which must be there once.
func runsIn(t *testing.T, dir string) map[study.Key]bool {
	t.Helper()
	path := filepath.Join(dir, "runs.csv")
	if _, err := csv.NewReader(strings.NewReader(string(read(t, path)))).ReadAll(); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	records, err := study.ReadRecords(path)
	if err != nil {
		t.Error(err)
	}
	runs := map[study.Key]bool{}
	for _, r := range records {
		if runs[r.Key()] {
			t.Errorf("the run %+v is there twice", r.Key())
		}
		runs[r.Key()] = true
	}
	return runs
}

// filesBelow lists all files below a folder.
func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	if err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, strings.TrimPrefix(path, dir))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

// visible leaves out temporary files: those that a kill left are hidden, and never taken for anything.
func visible(files []string) []string {
	return slices.DeleteFunc(files, func(name string) bool { return strings.HasPrefix(filepath.Base(name), ".") })
}

// besideFigures leaves out the figures: which of them can be drawn depends on whether other programs disturbed the runs.
func besideFigures(files []string) []string {
	return slices.DeleteFunc(files, func(name string) bool {
		return filepath.Base(filepath.Dir(name)) == "figures" && filepath.Ext(name) == ".svg"
	})
}

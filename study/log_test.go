package study

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func openLog(t *testing.T, path string) *Log {
	t.Helper()
	l, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func closeLog(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func appendAll(t *testing.T, l *Log, records ...Record) {
	t.Helper()
	for _, r := range records {
		if err := l.Append(r); err != nil {
			t.Fatal(err)
		}
	}
}

// runs are n repetitions of one setting.
func runs(n int) []Record {
	var out []Record
	for i := range n {
		r := fullRecord()
		r.Run = i + 1
		out = append(out, r)
	}
	return out
}

func TestALogTakenUpAgainKnowsWhatIsDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.csv")
	three := runs(3)
	l := openLog(t, path)
	appendAll(t, l, three[0], three[1])
	closeLog(t, l)

	l = openLog(t, path)
	defer closeLog(t, l)
	for i, want := range []bool{true, true, false} {
		planned := three[i]
		planned.Time, planned.Compute, planned.PeakRSS, planned.Version = 0, 0, 0, "" // not yet measured
		if l.Done(planned.Key()) != want {
			t.Errorf("run %d: done is %v", i+1, !want)
		}
	}
	changes := map[string]func(*Record){
		"engine": func(r *Record) { r.Engine = "dipy-ray" }, "model": func(r *Record) { r.Model = "TensorModel" },
		"CPUs": func(r *Record) { r.CPUCount++ }, "chunks": func(r *Record) { r.NumChunks++ },
		"voxels": func(r *Record) { r.NumVox++ }, "instruction set": func(r *Record) { r.ISA = "avx2" },
		"pinning": func(r *Record) { r.Pinned = false }, "nodes": func(r *Record) { r.Nodes++ },
		"shape": func(r *Record) { r.DataShape = []int{1, 2, 3, 4} }, "host": func(r *Record) { r.Host = "other" },
	}
	for name, change := range changes {
		other := three[0]
		change(&other)
		if l.Done(other.Key()) {
			t.Errorf("a run with another %s counts as done", name)
		}
	}
	if l.Repaired() != "" {
		t.Errorf("a whole file was repaired: %s", l.Repaired())
	}
	appendAll(t, l, three[2])
	if !l.Done(three[2].Key()) || len(l.Records()) != 3 {
		t.Error("an appended run is not done")
	}
}

// Whatever byte a killed program stopped at, the rows before it are kept, the torn one is cut off
// and can be written again.
func TestAFileCutAnywhereIsRepaired(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.csv")
	two := runs(2)
	l := openLog(t, whole)
	appendAll(t, l, two...)
	closeLog(t, l)
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "torn.csv")
	for n := range len(text) {
		atLineEnd := strings.Contains(string(text[max(n-2, 0):n+1]), "\n")
		if n > 2 && n%7 != 0 && !atLineEnd { // each needs several syncs of the disk
			continue
		}
		writeText(t, path, string(text[:n]))
		l, err := OpenLog(path)
		if err != nil {
			t.Fatalf("cut at byte %d: %v", n, err)
		}
		lines := strings.Count(string(text[:n]), "\n")
		if kept := len(l.Records()); kept != max(lines-1, 0) {
			t.Fatalf("cut at byte %d: %d rows kept, want %d", n, kept, max(lines-1, 0))
		}
		torn := n > 0 && text[n-1] != '\n'
		if (l.Repaired() != "") != torn {
			t.Fatalf("cut at byte %d: repaired says %q", n, l.Repaired())
		}
		if torn && !strings.Contains(l.Repaired(), path+": line ") {
			t.Fatalf("the repair does not say where: %q", l.Repaired())
		}
		for _, r := range two {
			if !l.Done(r.Key()) {
				appendAll(t, l, r)
			}
		}
		closeLog(t, l)
		if again, err := os.ReadFile(path); err != nil || string(again) != string(text) {
			t.Fatalf("cut at byte %d: the file taken up again differs from the whole one (%v)", n, err)
		}
	}
}

func TestAFileOfAnotherFormIsRefusedAndLeftAlone(t *testing.T) {
	row, err := encodeRow(fullRecord())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"the published form": "campaign,engine,model\nmar5,ray,M\n",
		"prose":              "My notes\nabout the runs",
		"one short line":     "engines are",
		"a broken row":       headerLine() + "\n" + strings.Replace(string(row), "1.2345678901234567", "soon", 1),
	} {
		path := filepath.Join(t.TempDir(), "mine.csv")
		writeText(t, path, text)
		_, err := OpenLog(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != text {
			t.Errorf("%s: the file was changed to %q (%v)", name, after, err)
		}
	}
}

func TestTwoLogsOnOneFileAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.csv")
	first := openLog(t, path)
	if _, err := OpenLog(path); err == nil || !strings.Contains(err.Error(), "another process is writing") {
		t.Errorf("the second was let in: %v", err)
	}
	appendAll(t, first, fullRecord())
	closeLog(t, first)
	closeLog(t, openLog(t, path)) // given back
}

func TestARunThatCouldNotBeReadBackIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.csv")
	l := openLog(t, path)
	defer closeLog(t, l)
	for name, change := range map[string]func(*Record){
		"no time": func(r *Record) { r.Time = 0 }, "a time that is no number": func(r *Record) { r.Time = math.NaN() },
		"no engine": func(r *Record) { r.Engine = " \n" }, "no voxels": func(r *Record) { r.NumVox = 0 },
		"negative memory": func(r *Record) { r.AvgMem = -1 },
	} {
		r := fullRecord()
		change(&r)
		if err := l.Append(r); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != headerLine()+"\n" {
		t.Errorf("the file is %q (%v), want the header alone", text, err)
	}
}

func TestGoroutinesMayShareALog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.csv")
	l := openLog(t, path)
	var wait sync.WaitGroup
	all := runs(20)
	for _, r := range all {
		wait.Go(func() {
			if err := l.Append(r); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	closeLog(t, l)
	got, err := ReadRecords(path)
	if err != nil || len(got) != len(all) {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	seen := map[int]bool{}
	for _, r := range got {
		seen[r.Run] = true
		r.Run = 1
		if !reflect.DeepEqual(r, all[0]) {
			t.Errorf("a mixed row: %+v", r)
		}
	}
	if len(seen) != len(all) {
		t.Errorf("%d different rows, want %d", len(seen), len(all))
	}
}

package study_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
)

var zen5 = study.Processor{Vendor: "AuthenticAMD", Family: 26, Model: 2, Stepping: 1}

func recordedFile(t *testing.T, p study.Processor, commits int) string {
	t.Helper()
	path, err := study.AppendHistory(t.TempDir(), studytest.Speeds(p, commits))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// sameSpeed compares what a file keeps of a record: five digits of a time, four of a share.
func sameSpeed(a, b study.SpeedRecord) bool {
	kept := func(r study.SpeedRecord) string {
		return fmt.Sprintf("%v %s %s %s %s %.5g %.5g %.5g %.4f", r.Processor, r.Set, r.Commit, r.Date, r.Step, r.Us, r.Low, r.High, r.Peak)
	}
	return kept(a) == kept(b)
}

func TestAHistoryIsReadAsItWasWritten(t *testing.T) {
	dir, want := t.TempDir(), studytest.Speeds(zen5, 3)
	for _, half := range [][]study.SpeedRecord{want[:10], want[10:]} {
		path, err := study.AppendHistory(dir, half)
		if err != nil || filepath.Base(path) != "authenticamd-26-2-1.csv" {
			t.Fatal(path, err)
		}
	}
	h, err := study.ReadHistory(filepath.Join(dir, "authenticamd-26-2-1.csv"))
	if err != nil || h.Processor != zen5 || !slices.EqualFunc(h.Records, want, sameSpeed) {
		t.Errorf("error %v, found %+v", err, h)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder has %v", entries)
	}
}

func TestProcessorsAreNotMixed(t *testing.T) {
	path := recordedFile(t, zen5, 1)
	other := studytest.Speeds(study.Processor{Vendor: "AuthenticAMD", Family: 26, Model: 2}, 1)
	text := studytest.Read(t, path)
	row := strings.Split(text, "\n")[1]
	text += strings.Replace(row, ",26,2,1,", ",26,2,0,", 1) + "\n"
	studytest.Write(t, path, text)
	if _, err := study.ReadHistory(path); err == nil || !strings.Contains(err.Error(), "line 12") || !strings.Contains(err.Error(), "authenticamd-26-2-0") {
		t.Errorf("a row of another stepping: %v", err)
	}
	if _, err := study.AppendHistory(filepath.Dir(path), studytest.Speeds(zen5, 1)); err == nil || studytest.Read(t, path) != text {
		t.Errorf("appending to a broken file: %v", err)
	}
	if _, err := study.AppendHistory(t.TempDir(), append(studytest.Speeds(zen5, 1), other...)); err == nil {
		t.Error("records of two processors went into one file")
	}
}

func TestACommitIsRecordedOnce(t *testing.T) {
	path := recordedFile(t, zen5, 1)
	before := studytest.Read(t, path)
	if _, err := study.AppendHistory(filepath.Dir(path), studytest.Speeds(zen5, 2)[10:]); err != nil {
		t.Error("another commit:", err)
	}
	_, err := study.AppendHistory(filepath.Dir(path), studytest.Speeds(zen5, 1))
	if err == nil || !strings.Contains(err.Error(), "has csd/Factorise with avx512 already") || !strings.HasPrefix(studytest.Read(t, path), before) {
		t.Errorf("the same commit: %v", err)
	}
}

func TestABrokenHistoryNamesItsLine(t *testing.T) {
	whole := studytest.Read(t, recordedFile(t, zen5, 1))
	for _, c := range []struct{ old, new, want string }{
		{"vendor,", "maker,", "line 1: expected the header"},
		{",26,", ",x,", `line 2: family: found "x"`},
		{",0.5,0.4975,", ",-1,0.4975,", `line 2: us: found "-1"`},
		{",0.5,0.4975,", ",0.5,0.6,", "line 2: found 0.5 us between 0.6 and"},
		{",avx512,", ",,", "line 2: set: found nothing"},
		{",0.8000", "", "line 2"},
		{whole[strings.Index(whole, "\n")+1:], "", "no rows"},
	} {
		path := filepath.Join(t.TempDir(), "machine.csv")
		studytest.Write(t, path, strings.Replace(whole, c.old, c.new, 1))
		if _, err := study.ReadHistory(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.want, err)
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
)

func speedFile(t *testing.T, dir string, stepping int) string {
	t.Helper()
	path, err := study.AppendHistory(dir, []study.SpeedRecord{{Processor: study.Processor{Vendor: "AuthenticAMD", Family: 26, Model: 2, Stepping: stepping},
		Set: "avx512", Commit: "abc0001", Date: "2026-11-29", Step: "csd/Factorise", Us: 0.5, Low: 0.49, High: 0.51, Peak: 0.8}})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReportMakesAPageOfEachHistory(t *testing.T) {
	dir := t.TempDir()
	one, two := speedFile(t, dir, 0), speedFile(t, dir, 1)
	out := filepath.Join(dir, "page")
	succeed(t, "report", one, two, "-o", out)
	for name, stepping := range map[string]string{"authenticamd-26-2-0": "0", "authenticamd-26-2-1": "1"} {
		page := string(read(t, filepath.Join(out, name, "index.html")))
		if !strings.Contains(page, "<dt>stepping</dt><dd>"+stepping+"</dd>") {
			t.Errorf("%s is not of stepping %s", name, stepping)
		}
	}
}

func TestReportRefusesHistoriesThatDoNotBelongTogether(t *testing.T) {
	dir := t.TempDir()
	one := speedFile(t, dir, 0)
	again := filepath.Join(dir, "again")
	if err := os.Mkdir(again, 0o755); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "page")
	refuse(t, []string{"report", one, speedFile(t, again, 0), "-o", out}, "the same name")
	refuse(t, []string{"report", recordedStudy, one, "-o", out}, "not a history of speeds")
	refuse(t, []string{"report", one, "--cores", "2=1", "-o", out}, "--cores")
	nothingIn(t, out)
}

package page

import (
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
)

func TestTheTableLinesUp(t *testing.T) {
	s := sampleStudy()
	var b strings.Builder
	if err := (Report{Summary: s}).WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	at := strings.Index(lines[0], "engine")
	for _, engine := range []string{"voxfit-serial", "voxfit", "dipy-ray"} {
		found := false
		for _, line := range lines[1:] {
			found = found || len(line) > at && strings.HasPrefix(line[at:], engine+" ")
		}
		if !found {
			t.Errorf("no row of %s under its heading in:\n%s", engine, b.String())
		}
	}
	if !strings.Contains(b.String(), "note: ") {
		t.Error("the notes are not below the table")
	}
}

func TestTheTableHasTheInflationOfTheKernelsTime(t *testing.T) {
	serial := study.Record{Engine: "serial", Model: "M", NumVox: 10, NumChunks: 1, CPUCount: 1, Time: 4.1, Compute: 4}
	two := study.Record{Engine: "voxfit", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 2, Time: 3, Compute: 5}
	var table strings.Builder
	r := Report{Summary: study.Summarise([]study.Record{serial, two}, study.Options{})}
	if err := r.WriteTable(&table); err != nil || !strings.Contains(table.String(), "1.25") {
		t.Errorf("the table does not say 1.25 (%v):\n%s", err, table.String())
	}
}

// Rows of serial runs that differ in nothing else would all be "serial".
func TestSerialRunsOfSeveralMachinesAreToldApart(t *testing.T) {
	var records []study.Record
	for host, seconds := range map[string]float64{"one": 4, "two": 7} {
		for chunks := 1; chunks <= 4; chunks *= 2 {
			records = append(records, study.Record{Engine: "ray", Model: "M", NumVox: 10, NumChunks: chunks, CPUCount: 2, Time: seconds / 2, Host: host})
		}
		records = append(records, study.Record{Engine: "serial", Model: "M", NumVox: 10, NumChunks: 1, CPUCount: 1, Time: seconds, Host: host})
	}
	var table strings.Builder
	if err := (Report{Summary: study.Summarise(records, study.Options{})}).WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"serial on one ", "serial on two ", "ray on one ", "ray on two "} {
		if strings.Count(table.String(), want) != 1 {
			t.Errorf("not one row of %q:\n%s", want, table.String())
		}
	}
}

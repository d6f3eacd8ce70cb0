package study

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wantOneLine fails on an error of several lines, or one that does not name the file.
func wantOneLine(t *testing.T, path string, err error) {
	t.Helper()
	if strings.ContainsAny(err.Error(), "\n\r") || !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("the error is %q, want one line that names %s", err, path)
	}
}

// Whatever is in the place of a study's CSV, it is gone on with or refused: what was refused is left as it was, and what is
// gone on with keeps every line that was ended, and takes one more row.
func FuzzLogsAreGoneOnWithOrRefused(f *testing.F) {
	path := filepath.Join(f.TempDir(), "runs.csv")
	row, err := encodeRow(fullRecord())
	if err != nil {
		f.Fatal(err)
	}
	whole := headerLine() + "\n" + string(row)
	for _, seed := range []string{"", whole, whole[:len(whole)-4], headerLine(), headerLine()[:9], "a,b\n1,2", "\n", whole + "\"", whole + "x\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		writeText(t, path, text)
		defer os.Remove(path)
		log, err := OpenLog(path)
		if err != nil {
			wantOneLine(t, path, err)
			if after := string(readAll(t, path)); after != text {
				t.Errorf("%q was refused, and became %q", text, after)
			}
			return
		}
		defer log.Close()
		before := len(log.Records())
		added := fullRecord()
		added.Run++ // another run than that of the seeds: copies are refused
		if err := log.Append(added); err != nil {
			t.Fatal(err)
		}
		after := string(readAll(t, path))
		if ended := text[:strings.LastIndexByte(text, '\n')+1]; !strings.HasPrefix(after, ended) {
			t.Errorf("%q became %q", text, after)
		}
		if records, err := ReadRecords(path); err != nil || len(records) != before+1 {
			t.Errorf("after a row was added to %q: %d records, %d before (%v)", text, len(records), before, err)
		}
	})
}

func readAll(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func FuzzHistoriesAreReadOrRefused(f *testing.F) {
	path := filepath.Join(f.TempDir(), "history.csv")
	header := strings.Join(historyHeader, ",") + "\n"
	f.Add("")
	f.Add(header)
	f.Add(header + "AuthenticAMD,25,17,1,avx2,abc,2026-11-29,csd/Factorise,1.5,1.4,1.6,0.4\n")
	f.Add(header + "AuthenticAMD,25,17,1,avx2,abc,2026-11-29,csd/Factorise,1.5,1.4,1.6,\n\"x\ny\",1,1,1,a,b,c,d,1,1,1,nan\n")
	f.Fuzz(func(t *testing.T, text string) {
		writeText(t, path, text)
		h, err := ReadHistory(path)
		if err != nil {
			wantOneLine(t, path, err)
			return
		}
		for _, r := range h.Records {
			if r.Processor != h.Processor || !(r.Us > 0) || r.Low > r.Us || r.Us > r.High {
				t.Errorf("read %+v", r)
			}
		}
	})
}

// The tables of the command line.
func FuzzTablesOfFlagsAreReadOrRefused(f *testing.F) {
	for _, seed := range []string{"8=.34,16=.68", "72=36", "csdm=2.5", "ConstrainedSphericalDeconvModel=100", "=", "8=nan", "8=1,8=2", "1=0x1p-2000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := ParsePrices(text); err == nil {
			if again, err := ParsePrices(p.String()); err != nil || len(again.Table) != len(p.Table) {
				t.Errorf("%q was read as %v, which is refused: %v", text, p, err)
			}
		}
		if cores, err := ParseCores(text); err == nil && len(cores) == 0 {
			t.Errorf("%q was read as no cores", text)
		}
		if times, err := ParseSerial(text); err == nil {
			for _, s := range times {
				if !(s.Seconds > 0) {
					t.Errorf("%q was read as %+v", text, s)
				}
			}
		}
	})
}

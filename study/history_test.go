package study

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var zen5 = Processor{"AuthenticAMD", 26, 2, 1}

// recorded are times of a few steps on two sets at so many commits: each commit a step becomes 3% slower, others do not.
func recorded(p Processor, commits int) []SpeedRecord {
	var all []SpeedRecord
	for c := range commits {
		for _, set := range []string{"avx512", "avx2"} {
			for i, step := range []string{"csd/Factorise", "csd/Below", "csd/Multiply", "csd/single/Factorise", "fit/csdm"} {
				us := float64(i+1) * 0.5
				if step == "csd/Below" {
					us *= 1 + 0.03*float64(c)
				}
				r := SpeedRecord{Processor: p, Set: set, Commit: fmt.Sprintf("%07x", 0xabc000+c), Date: fmt.Sprintf("2026-11-%02d", c+1), Step: step,
					Us: us, Low: 0.995 * us, High: 1.01 * us, Peak: 0.8}
				if step == "fit/csdm" {
					r.Peak = math.NaN()
				}
				all = append(all, r)
			}
		}
	}
	return all
}

func recordedFile(t *testing.T, p Processor, commits int) string {
	t.Helper()
	path, err := AppendHistory(t.TempDir(), recorded(p, commits))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAHistoryIsReadAsItWasWritten(t *testing.T) {
	dir, want := t.TempDir(), recorded(zen5, 3)
	for _, half := range [][]SpeedRecord{want[:10], want[10:]} {
		path, err := AppendHistory(dir, half)
		if err != nil || filepath.Base(path) != "authenticamd-26-2-1.csv" {
			t.Fatal(path, err)
		}
	}
	h, err := ReadHistory(filepath.Join(dir, "authenticamd-26-2-1.csv"))
	if err != nil || h.Processor != zen5 || !slices.EqualFunc(h.Records, want, func(a, b SpeedRecord) bool {
		return strings.Join(a.row(), ",") == strings.Join(b.row(), ",")
	}) {
		t.Errorf("error %v, found %+v", err, h)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder has %v", entries)
	}
}

func TestProcessorsAreNotMixed(t *testing.T) {
	path := recordedFile(t, zen5, 1)
	other := recorded(Processor{"AuthenticAMD", 26, 2, 0}, 1)
	text := readText(t, path) + strings.Join(other[0].row(), ",") + "\n"
	writeText(t, path, text)
	if _, err := ReadHistory(path); err == nil || !strings.Contains(err.Error(), "line 12") || !strings.Contains(err.Error(), "authenticamd-26-2-0") {
		t.Errorf("a row of another stepping: %v", err)
	}
	if _, err := AppendHistory(filepath.Dir(path), recorded(zen5, 1)); err == nil || readText(t, path) != text {
		t.Errorf("appending to a broken file: %v", err)
	}
	if _, err := AppendHistory(t.TempDir(), append(recorded(zen5, 1), other...)); err == nil {
		t.Error("records of two processors went into one file")
	}
}

func TestACommitIsRecordedOnce(t *testing.T) {
	path := recordedFile(t, zen5, 1)
	before := readText(t, path)
	if _, err := AppendHistory(filepath.Dir(path), recorded(zen5, 2)[10:]); err != nil {
		t.Error("another commit:", err)
	}
	_, err := AppendHistory(filepath.Dir(path), recorded(zen5, 1))
	if err == nil || !strings.Contains(err.Error(), "has csd/Factorise with avx512 already") || !strings.HasPrefix(readText(t, path), before) {
		t.Errorf("the same commit: %v", err)
	}
}

func TestABrokenHistoryNamesItsLine(t *testing.T) {
	whole := readText(t, recordedFile(t, zen5, 1))
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
		writeText(t, path, strings.Replace(whole, c.old, c.new, 1))
		if _, err := ReadHistory(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.want, err)
		}
	}
}

func TestThePageOfAHistorySaysWhatBecameSlower(t *testing.T) {
	for _, c := range []struct {
		commits int
		want    string
	}{
		{1, "One commit is recorded, 0abc000, with 10 times."},
		{4, "avx512, 0abc003 after 0abc002, steps whose intervals lie apart (time over time): longer csd/Below 1.028; shorter none."},
	} {
		dir := t.TempDir()
		h := History{zen5, recorded(zen5, c.commits)}
		if err := WriteHistory(dir, HistoryPage{History: h, Repeat: "kbench report"}); err != nil {
			t.Fatal(err)
		}
		page := readText(t, filepath.Join(dir, "index.html"))
		if !strings.Contains(page, c.want) || !strings.Contains(page, "<dt>stepping</dt><dd>1</dd>") {
			t.Errorf("%d commits: the page lacks %q", c.commits, c.want)
		}
		for _, name := range []string{"csd", "csd-single", "fit"} {
			if _, err := os.Stat(filepath.Join(dir, "figures", name+".svg")); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestABrowserDrawsTheCurvesOfAHistory(t *testing.T) {
	browser, dir := findBrowser(t), t.TempDir()
	if err := WriteHistory(dir, HistoryPage{History: History{zen5, recorded(zen5, 30)}, Repeat: "kbench report"}); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, "index.html")
	writeText(t, page, strings.Replace(readText(t, page), "</body>", probeScript+"</body>", 1))
	dom, complaints := browse(t, browser, page)
	m := probeResult.FindStringSubmatch(dom)
	if m == nil || len(complaints) > 0 {
		t.Fatalf("the browser complains: %q", complaints)
	}
	var found probe
	if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Figures) != 3 || found.Sideways {
		t.Errorf("%d figures, sideways %v", len(found.Figures), found.Sideways)
	}
	for _, f := range found.Figures {
		if f.Drawn == 0 || f.Empty > 0 || f.Outside > 0 || f.Over > 0 {
			t.Errorf("figure %s: %+v", f.ID, f)
		}
	}
}

package page

import (
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
)

var zen5 = study.Processor{Vendor: "AuthenticAMD", Family: 26, Model: 2, Stepping: 1}

func TestThePageOfAHistorySaysWhatBecameSlower(t *testing.T) {
	for _, c := range []struct {
		commits int
		want    string
	}{
		{1, "One commit is recorded, 0abc000, with 10 times. Curves over the commits are drawn from the second on."},
		{4, "avx512, 0abc003 after 0abc002, steps whose intervals lie apart (time over time): longer csd/Below 1.028; shorter none."},
	} {
		dir := t.TempDir()
		h := study.History{Processor: zen5, Records: studytest.Speeds(zen5, c.commits)}
		if err := (History{History: h, Repeat: "kbench report"}).Write(dir); err != nil {
			t.Fatal(err)
		}
		page := studytest.Read(t, filepath.Join(dir, "index.html"))
		if !strings.Contains(page, c.want) || !strings.Contains(page, "<dt>stepping</dt><dd>1</dd>") {
			t.Errorf("%d commits: the page lacks %q", c.commits, c.want)
		}
		for _, name := range []string{"csd", "csd-single", "fit"} {
			if _, err := os.Stat(filepath.Join(dir, "figures", name+".svg")); (err == nil) != (c.commits > 1) {
				t.Errorf("%d commits: the figure of %s: %v", c.commits, name, err)
			}
		}
	}
}

func TestABrowserDrawsTheCurvesOfAHistory(t *testing.T) {
	browser, dir := findBrowser(t), t.TempDir()
	h := History{History: study.History{Processor: zen5, Records: studytest.Speeds(zen5, 30)}, Repeat: "kbench report"}
	if err := h.Write(dir); err != nil {
		t.Fatal(err)
	}
	wantDrawn(t, browser, dir, 3)
}

// wantDrawn opens a folder's page in a browser, which must draw so many figures, each inside of its place.
func wantDrawn(t *testing.T, browser, dir string, figures int) {
	t.Helper()
	page := filepath.Join(dir, "index.html")
	studytest.Write(t, page, strings.Replace(studytest.Read(t, page), "</body>", probeScript+"</body>", 1))
	dom, complaints := browse(t, browser, page)
	m := probeResult.FindStringSubmatch(dom)
	if m == nil || len(complaints) > 0 {
		t.Fatalf("the browser complains: %q", complaints)
	}
	var found probe
	if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Figures) != figures || found.Sideways {
		t.Errorf("%d figures, sideways %v", len(found.Figures), found.Sideways)
	}
	for _, f := range found.Figures {
		if f.Drawn == 0 || f.Empty > 0 || f.Outside > 0 || f.Over > 0 {
			t.Errorf("figure %s: %+v", f.ID, f)
		}
	}
}

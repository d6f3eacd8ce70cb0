package page

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"html"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/studytest"
	"github.com/voxfit/voxfit/study/internal/words"
)

// sampleReport has something in every field, and names that would break a page that does not
// escape them.
func sampleReport() Report {
	return Report{
		Title:   `A study of <voxels> & "chunks", Zürich`,
		Command: `kbench run --models csdm fwdtim --data 'a <b> & c.nii.gz'`,
		Version: "v0.1.0", Made: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Machine: []Fact{{"CPU", "16 cores <script>alert(1)</script>"}, {"Memory", "64 GiB"}},
		Data:    []Fact{{"Phantom", "100,000 voxels x 288"}},
		Sources: []string{"runs.csv", "ray_runs.csv"}, Repeat: []string{"kbench run --seed 1 && kbench report runs.csv"},
		Summary: sampleStudy(), Published: samplePublished(),
	}
}

func writeReport(t *testing.T, r Report) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new", "report")
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestThePageStandsAlone(t *testing.T) {
	text := studytest.Read(t, filepath.Join(writeReport(t, sampleReport()), "index.html"))
	for _, bad := range []string{"<script", "http://", "https://", "<link rel=\"stylesheet", "@import", "ZgotmplZ", "<no value>"} {
		allowed := strings.ReplaceAll(text, `xmlns="http://www.w3.org/2000/svg"`, "")
		if strings.Contains(allowed, bad) {
			t.Errorf("the page contains %s", bad)
		}
	}
	links := regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	for _, m := range links.FindAllStringSubmatch(text, -1) {
		if m[1] != "data:," && m[1] != "summary.csv" && !strings.HasPrefix(m[1], "figures/") {
			t.Errorf("the page links to %s", m[1])
		}
	}
}

func TestThePageSaysEverythingItWasGiven(t *testing.T) {
	r := sampleReport()
	text := studytest.Read(t, filepath.Join(writeReport(t, r), "index.html"))
	if flag := `<span class="k">--seed</span> 1`; !strings.Contains(text, flag) {
		t.Errorf("a line may be broken after the dashes of a flag: %q is not on the page", flag)
	}
	text = html.UnescapeString(strings.NewReplacer(`<span class="k">`, "", "</span>", "").Replace(text))
	want := []string{r.Title, r.Command, "voxfit v0.1.0", "2026-01-02 03:04 UTC", r.Machine[0].Value, r.Data[0].Value, r.Repeat[0],
		"ray_runs.csv", "published: Ray", "19,700", "this: voxfit", "How to repeat",
		words.Thousands(r.Summary.Records) + " timed runs"}
	for _, s := range append(want, append(r.Summary.Notes, r.Published.Notes...)...) {
		if !strings.Contains(text, s) {
			t.Errorf("the page does not say %q", s)
		}
	}
	empty := studytest.Read(t, filepath.Join(writeReport(t, Report{}), "index.html"))
	for _, heading := range []string{"The machine", "The command", "How to repeat", "beside this one", "In short"} {
		if strings.Contains(empty, heading) {
			t.Errorf("an empty report has the heading %q", heading)
		}
	}
}

func TestAReportReplacesTheOneBefore(t *testing.T) {
	dir := writeReport(t, sampleReport())
	names := func() string {
		var all []string
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if !d.IsDir() {
				name, _ := filepath.Rel(dir, path)
				all = append(all, filepath.ToSlash(name))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, " ")
	}
	const whole = "figures/account.svg figures/cost.svg figures/efficiency.svg figures/peak.svg figures/speedup.svg figures/time.svg index.html summary.csv"
	if got := names(); got != whole {
		t.Errorf("the report's files are %s", got)
	}
	bare := studytest.Timed(study.Record{Engine: "ray", Model: "M", NumVox: 10, NumChunks: 4, CPUCount: 3}, 1, 2)
	if err := (Report{Summary: study.Summarise(bare, study.Options{})}).Write(dir); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "figures/time.svg index.html summary.csv" {
		t.Errorf("after a report with one figure, the files are %s", got)
	}
}

func TestTheSummaryFileHasEveryPoint(t *testing.T) {
	s := sampleStudy()
	rows, err := csv.NewReader(strings.NewReader(studytest.Read(t, filepath.Join(writeReport(t, Report{Summary: s}), "summary.csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	points := 0
	for _, l := range s.Lines {
		points += len(l.Points)
	}
	if len(rows) != points+1 || len(rows[0]) != len(summaryHeader) {
		t.Errorf("%d rows of %d cells, want %d points and a header of %d", len(rows), len(rows[0]), points, len(summaryHeader))
	}
	for _, row := range rows {
		for i, cell := range row {
			if cell == "NaN" {
				t.Errorf("%s is NaN, want an empty cell", rows[0][i])
			}
		}
	}
}

func TestADirectoryThatCannotBeWrittenIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	studytest.Write(t, file, "")
	err := Report{}.Write(filepath.Join(file, "report"))
	if err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error is %v", err)
	}
}

// probe is what a browser found on the page, by the script that the test adds to a copy of it.
type probe struct {
	Figures []struct {
		ID                          string
		Drawn, Empty, Outside, Over int
	}
	Sideways bool // the page is wider than the window
}

// probeScript counts in every figure: the paths that are drawn with a size, the series without
// any, the texts that stick out of the drawing and the texts that cover each other.
const probeScript = `<script>
const found = {Figures: [], Sideways: document.documentElement.scrollWidth > window.innerWidth};
for (const figure of document.querySelectorAll("figure")) {
  const svg = figure.querySelector("svg"), r = {ID: figure.id, Drawn: 0, Empty: 0, Outside: 0, Over: 0};
  if (svg) {
    const frame = svg.getBoundingClientRect(), size = e => { const b = e.getBoundingClientRect(); return b.width + b.height };
    for (const g of svg.querySelectorAll("g.series")) {
      const drawn = [...g.querySelectorAll("path")].filter(p => size(p) > 0).length;
      r.Drawn += drawn; if (!drawn) r.Empty++;
    }
    const boxes = [...svg.querySelectorAll("text")].filter(e => e.textContent.trim()).map(e => e.getBoundingClientRect());
    boxes.forEach((a, i) => {
      if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 || a.bottom > frame.bottom + 1) r.Outside++;
      for (const b of boxes.slice(0, i)) {
        const w = Math.min(a.right, b.right) - Math.max(a.left, b.left), h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (w > 1.5 && h > 0.4 * Math.min(a.height, b.height)) r.Over++;
      }
    });
  }
  found.Figures.push(r);
}
document.body.insertAdjacentHTML("beforeend", '<pre id="probe"></pre>');
document.getElementById("probe").textContent = JSON.stringify(found);
</script>`

var probeResult = regexp.MustCompile(`<pre id="probe">({[^<]*)</pre>`)

func TestABrowserDrawsEveryFigure(t *testing.T) {
	browser := findBrowser(t)
	dir := writeReport(t, sampleReport())
	page := filepath.Join(dir, "index.html")
	if _, complaints := browse(t, browser, page); len(complaints) > 0 {
		t.Errorf("the browser complains about the page: %q", complaints)
	}
	text := studytest.Read(t, page)
	probed := filepath.Join(dir, "probed.html")
	studytest.Write(t, probed, strings.Replace(text, "</body>", probeScript+"</body>", 1))
	dom, complaints := browse(t, browser, probed)
	m := probeResult.FindStringSubmatch(dom)
	if m == nil {
		t.Fatalf("the probe did not run; complaints: %q", complaints)
	}
	var found probe
	if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Figures) != 6 {
		t.Errorf("%d figures on the page, want 6", len(found.Figures))
	}
	for _, f := range found.Figures {
		if f.Drawn == 0 || f.Empty > 0 || f.Outside > 0 || f.Over > 0 {
			t.Errorf("figure %s: %d paths drawn, %d series empty, %d texts outside, %d texts over each other",
				f.ID, f.Drawn, f.Empty, f.Outside, f.Over)
		}
	}
	if found.Sideways {
		t.Error("the page is wider than a window of 1200")
	}
}

// Without this, a browser that logs nothing would pass for a page without errors.
func TestTheBrowserWouldComplain(t *testing.T) {
	browser := findBrowser(t)
	page := filepath.Join(t.TempDir(), "bad.html")
	studytest.Write(t, page, "<!DOCTYPE html><title>bad</title><script>console.error('wrong'); undefinedName()</script>")
	if _, complaints := browse(t, browser, page); len(complaints) < 2 {
		t.Errorf("of two errors on a page the browser reports %q", complaints)
	}
}

func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium or google-chrome in PATH")
	return ""
}

// browse opens a page and returns its document after loading, and what the console said.
func browse(t *testing.T, browser, page string) (dom string, complaints []string) {
	t.Helper()
	home, err := os.MkdirTemp("", "browser") // t.TempDir fails when the browser still writes at its removal
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	limit, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // one that hangs must not hang the tests
	defer cancel()
	cmd := exec.CommandContext(limit, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+home,
		"--window-size=1200,900", "--enable-logging=stderr", "--v=0", "--dump-dom", "file://"+filepath.ToSlash(page))
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Skipf("%s does not run here: %v: %s", browser, err, lastLine(stderr.String()))
		}
		t.Fatal(err)
	}
	for _, line := range strings.Split(stderr.String(), "\n") {
		if strings.Contains(line, "CONSOLE") {
			complaints = append(complaints, line)
		}
	}
	return stdout.String(), complaints
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

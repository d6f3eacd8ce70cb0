package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

const recordedStudy = "../../study/simulate/testdata/two_cores.csv"

func TestExplainSaysWhatLimitsEachModelAndWritesAPage(t *testing.T) {
	peer.Slow(t)
	dir := filepath.Join(t.TempDir(), "page")
	text := succeed(t, "explain", recordedStudy, "-o", dir)
	for _, word := range []string{"Constrained spherical deconvolution", "Free-water tensor", "serial part", "What limits them most", "Amdahl's law"} {
		if !strings.Contains(text, word) {
			t.Errorf("the output does not show %q:\n%s", word, text)
		}
	}
	page := string(read(t, filepath.Join(dir, "index.html")))
	if !strings.Contains(page, "Overhead of each core, measured") || !strings.Contains(page, "kbench explain") {
		t.Error("the page lacks the measured overhead, or the command")
	}
	for _, file := range []string{"losses", "overhead", "fitted", "leftout", "forecast"} {
		if _, err := os.Stat(filepath.Join(dir, "figures", file+".svg")); err != nil {
			t.Error(err)
		}
	}
	args := []string{"explain", recordedStudy, "--cores", "2=1", "--seed", "3", "-o", dir}
	if text := succeed(t, args...); !strings.Contains(text, "hyperthread ") {
		t.Errorf("two CPUs of one core have no hyperthread:\n%s", text)
	}
	made := strings.NewReplacer(`<span class="k">`, "", "</span>", "").Replace(string(read(t, filepath.Join(dir, "index.html"))))
	if !strings.Contains(made, "<pre>kbench "+strings.Join(args, " ")+"</pre>") {
		t.Error("the page does not say how it is made again")
	}
}

func TestExplainRefusesBrokenFilesInOneLine(t *testing.T) {
	dir := t.TempDir()
	path := func(name, text string) string {
		p := filepath.Join(dir, name)
		write(t, p, []byte(text))
		return p
	}
	whole := string(read(t, recordedStudy))
	lines := strings.SplitAfter(whole, "\n")
	refuse(t, []string{"explain", path("empty.csv", "")}, "empty.csv", "empty")
	refuse(t, []string{"explain", path("header.csv", lines[0])}, "header.csv", "no runs")
	refuse(t, []string{"report", path("header.csv", lines[0]), "-o", filepath.Join(dir, "page")}, "header.csv", "no runs")
	nothingIn(t, filepath.Join(dir, "page"))
	refuse(t, []string{"explain", path("two.csv", strings.Join(lines[:3], ""))}, "two.csv")
	refuse(t, []string{"explain", path("other.csv", "a,b\n1,2\n")}, "other.csv", "num_chunks")
	refuse(t, []string{"explain", path("word.csv", strings.Replace(whole, "ConstrainedSphericalDeconvModel", " ", 1))}, "word.csv", "line 2", "model")
	refuse(t, []string{"explain", path("copied.csv", whole+lines[2])}, "copied.csv", "the same cells as in line 3")
	refuse(t, []string{"report", recordedStudy, path("copy.csv", whole), "-o", filepath.Join(dir, "page")}, "copy.csv", "both have the run of")
	saved := path("saved.csv", "\ufeff"+strings.ReplaceAll(whole, "\n", "\r\n")) // the same runs, as a spreadsheet saves them
	refuse(t, []string{"report", recordedStudy, saved, "-o", filepath.Join(dir, "page")}, "saved.csv", "a copy is no further run")
	refuse(t, []string{"explain", recordedStudy, path("part.csv", strings.Join(lines[:9], ""))}, "part.csv", "a copy is no further run")
	refuse(t, []string{"explain", dir}, dir, "a folder", "name a file in it")
	refuse(t, []string{"simulate", "--machine", "c5.18xlarge", path("copied.csv", whole+lines[2])}, "copied.csv", "the same cells as in line 3")
	refuse(t, []string{"explain", filepath.Join(dir, "none.csv")}, "none.csv", "no such file")
	refuse(t, []string{"explain", recordedStudy, "--cores", "2=3"}, "--cores", "2=3")
}

func TestSimulatePredictsFromARecordedStudy(t *testing.T) {
	dir := t.TempDir()
	text := succeed(t, "simulate", "--machine", "c5.18xlarge", recordedStudy, "--cores", "8,36", "--chunks", "512,8192", "--resamples", "2", "-o", dir)
	if !strings.HasPrefix(text, "PREDICTION, not measurement") || !strings.Contains(text, "c5.18xlarge") {
		t.Errorf("the output is\n%s", text)
	}
	for _, file := range []string{"predictions.csv", "prediction.svg"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
}

func TestSimulateMeasuresWhereNoFileIsGiven(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: measures for several seconds")
	}
	for _, model := range []string{"dti", "msmt"} { // without and with responses of the phantom
		dir := t.TempDir()
		args := []string{"simulate", "--even-if-busy", "--machine", "epyc-9354", "--model", model, "--voxels", "4000", "--chunks", "64", "--cores", "4", "--resamples", "2"}
		measured := succeed(t, append(args, "-o", dir)...)
		again := succeed(t, append(args, filepath.Join(dir, "chunks.csv"))...)
		if !strings.HasPrefix(measured, strings.TrimSpace(again)) {
			t.Errorf("%s from the measured times again\n%s, at first\n%s", model, again, measured)
		}
	}
}

func TestSimulateRefusesInOneLine(t *testing.T) {
	refuse(t, []string{"simulate", recordedStudy}, "--machine")
	refuse(t, []string{"simulate", "--machine", "deep-thought", recordedStudy}, "deep-thought", "c5.18xlarge")
	refuse(t, []string{"simulate", "--machine", "c5.18xlarge", recordedStudy, "--cores", "72"}, "72", "36")
	refuse(t, []string{"simulate", "--machine", "c5.18xlarge", recordedStudy, "--resamples", "-1"}, "-1", "resamples")
	empty, vast := filepath.Join(t.TempDir(), "empty.json"), filepath.Join(t.TempDir(), "vast.json")
	write(t, empty, nil)
	write(t, vast, []byte(`{"nodes": 4096, "nodes_per_socket": 1, "cores_per_node": 4096, "complex_cores": 8, "node_gb_per_s": 50,
		"core_gb_per_s": 12, "near_distance": 10, "far_distance": 21, "all_core_clock": 1}`))
	refuse(t, []string{"simulate", "--machine", empty, recordedStudy}, "empty.json", "JSON")
	refuse(t, []string{"simulate", "--machine", vast, recordedStudy}, "vast.json", "4096 cores", "65536")
	refuse(t, []string{"simulate", "--machine", "c5.18xlarge", recordedStudy, "--model", "dti"}, "two_cores.csv", "TensorModel")
	refuse(t, []string{"simulate", "--machine", "c5.18xlarge", recordedStudy, "--schedule", "chaos"}, "chaos", "numa")
	refuse(t, []string{"simulate", "--machine", "c5.18xlarge", "--model", "nothing", recordedStudy}, "nothing")
}

// A page whose table and whose answer have prices of their own would contradict itself.
func TestTheAnswerAboutRentsHasThePricesGiven(t *testing.T) {
	peer.Slow(t)
	dir := filepath.Join(t.TempDir(), "page")
	const want = "5 machines of 1 CPU cost an hour what one of 2 does, $5.00, "
	text := strings.Join(strings.Fields(succeed(t, "explain", recordedStudy, "--prices", "1=1,2=5")), " ")
	succeed(t, "report", recordedStudy, "--prices", "1=1,2=5", "-o", dir)
	for name, text := range map[string]string{"explain": text, "report": string(read(t, filepath.Join(dir, "index.html")))} {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %q", name, want)
		}
	}
	refuse(t, []string{"explain", recordedStudy, "--prices", "8"}, `"8" is not CPUs=dollars-an-hour`)
}

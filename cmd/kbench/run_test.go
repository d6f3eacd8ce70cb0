package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/study"
)

// rows reads a CSV file whole.
func rows(t *testing.T, path string) [][]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(string(read(t, path)))).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return all
}

func TestTheStudysCommandLineWritesTheStudysRows(t *testing.T) {
	peer.Slow(t)
	dir := t.TempDir()
	text := succeed(t, strings.Fields("run --models csdm fwdtim --min_chunks 1 --max_chunks 15 --num_runs 2 --voxels 64 -o "+dir)...)
	all := rows(t, filepath.Join(dir, "runs.csv"))
	if got, want := len(all)-1, 2*(2+15*2); got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
	studys := strings.Split("engine,vox_per_chunk,num_chunks,time,cpu_count,memory_size,num_vox,avg_mem,mem_useage,model,data_shape", ",")
	if got := all[0][:11]; !slices.Equal(got, studys) {
		t.Errorf("the first columns are\n%v, want the study's\n%v", got, studys)
	}
	for _, file := range []string{"index.html", "summary.csv", "figures"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(text, "index.html") {
		t.Errorf("the path of the page is not in the output:\n%s", text)
	}
}

func TestEveryRunsAccountAddsUpToItsCoreSeconds(t *testing.T) {
	dir := t.TempDir()
	succeed(t, "run", "--models", "dti", "--max-chunks", "6", "--num-runs", "1", "--voxels", "500", "-o", dir)
	records, err := study.ReadRecords(filepath.Join(dir, "runs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		sum := r.Compute + r.Dispatch + r.Steal + r.StartWait + r.FirstTouch + r.TailWait
		want := r.Time * float64(r.CPUCount)
		if sum < 0.99*want || sum > 1.01*want {
			t.Errorf("%s on %d CPUs in %d chunks: the parts add up to %g s, wall x workers is %g s", r.Model, r.CPUCount, r.NumChunks, sum, want)
		}
	}
}

func TestRunFitsTheUsersOwnData(t *testing.T) {
	image, dir := small(t, 64), t.TempDir()
	succeed(t, "run", "--models", "csdm", "--data", image, "--mask", near(image, "mask.nii.gz"), "--response", phantomResponse,
		"--num-cpus", "1", "--max-chunks", "2", "--num-runs", "1", "--min-scale", "1", "--max-scale", "2", "--no-pin", "-o", dir)
	records, err := study.ReadRecords(filepath.Join(dir, "runs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, r := range records {
		rows[fmt.Sprint(r.NumVox, r.DataShape)]++
		if r.Pinned {
			t.Error("--no-pin gave a pinned run")
		}
	}
	if rows["64 [4 4 4 288]"] != 3 || rows["8 [2 2 2 288]"] != 3 || len(rows) != 2 {
		t.Errorf("rows by voxels and shape are %v, want 3 of 64 and, at scale 2, 3 of 8", rows)
	}
	refuse(t, []string{"run", "--data", image, "--mask", near(image, "mask.nii.gz"), "--models", "dti", "--min-scale", "9", "--max-scale", "9",
		"-o", t.TempDir()}, "at scale 9 no voxel of the mask is left")
	refuse(t, []string{"run", "--scale-mask", "corner", "-o", t.TempDir()}, "--scale-mask corner", "aligned or published")
}

func TestRunsRecordHowTheyWereScheduled(t *testing.T) {
	dir := t.TempDir()
	succeed(t, "run", "--models", "dti", "--min-chunks", "5", "--max-chunks", "5", "--num-runs", "1", "--voxels", "500", "--skip-serial",
		"--schedule", "dynamic", "--pin", "none", "--places", "spread", "--smt=false", "--cpus", "1", "-o", dir)
	records, err := study.ReadRecords(filepath.Join(dir, "runs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Schedule != "dynamic" || r.Pin != "none" || r.Pinned || r.Places != "spread" || r.Cores != 1 {
			t.Errorf("recorded schedule %q, pin %q (%v), places %q, %d cores", r.Schedule, r.Pin, r.Pinned, r.Places, r.Cores)
		}
		if r.ChunksRun != 34 || r.ChunksStolen != 0 || r.ChunkMedian <= 0 || r.ChunkP99 < r.ChunkMedian {
			t.Errorf("%d chunks, %d of them stolen, median %g s, 99%% %g s; want 34 (500 voxels by 15), none stolen", r.ChunksRun, r.ChunksStolen, r.ChunkMedian, r.ChunkP99)
		}
	}
	if len(records) != 1 {
		t.Errorf("%d records, want 1", len(records))
	}
	refuse(t, []string{"run", "--schedule", "guided", "-o", t.TempDir()}, "guided", "numa, dynamic or static")
	refuse(t, []string{"run", "--pin=socket", "-o", t.TempDir()}, "socket", "none, core or node")
	refuse(t, []string{"run", "--places", "9999", "-o", t.TempDir()}, "9999")
}

func TestANamedCSVHasItsReportBesideIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "study.csv")
	succeed(t, "run", "--models", "dti", "--max_chunks", "1", "--num_runs", "1", "--voxels", "10", "--skip_serial", "--filename", path)
	if n := len(rows(t, path)) - 1; n != 1 {
		t.Errorf("%d rows, want 1: one chunk count, no serial run", n)
	}
	if _, err := os.Stat(strings.TrimSuffix(path, ".csv") + "-report/index.html"); err != nil {
		t.Error(err)
	}
}

func TestWhatDoesNotFitInMemoryIsRefused(t *testing.T) {
	if availableMemory() == 0 {
		t.Skip("skipped: this system does not say how much memory is free")
	}
	refuse(t, []string{"run", "--voxels", "1000000000000", "-o", t.TempDir()}, "--voxels", "GiB")
	refuse(t, []string{"phantom", "--voxels", "1000000000000", "-o", t.TempDir()}, "--voxels", "GiB")
}

func TestReportReadsThePublishedStudy(t *testing.T) {
	peer.Slow(t)
	path := peer.Data(t, "..", "seed-results", "ray_runs.csv")
	text := succeed(t, "report", path, "-o", t.TempDir())
	for _, word := range []string{"Constrained spherical deconvolution", "Free-water tensor", "72"} {
		if !strings.Contains(text, word) {
			t.Errorf("the table does not show %q:\n%s", word, text)
		}
	}
	some, dir := filepath.Join(t.TempDir(), "some.csv"), t.TempDir()
	write(t, some, bytes.Join(bytes.SplitAfter(read(t, path), []byte("\n"))[:100], nil))
	succeed(t, "run", "--models", "csdm", "--max-chunks", "2", "--num-runs", "1", "--voxels", "20", "-o", dir, "--overlay", some)
	if page := string(read(t, filepath.Join(dir, "index.html"))); !strings.Contains(page, "published") {
		t.Error("the page does not mention the published study that is drawn behind")
	}
}

func TestAStudyOfOtherDataIsNotGoneOnWith(t *testing.T) {
	image, dir := small(t, 64), t.TempDir()
	csv := func(name string) string { return filepath.Join(dir, name) }
	base := []string{"run", "--models", "csdm", "--max-chunks", "1", "--num-runs", "1", "--voxels", "50", "--skip-serial"}
	succeed(t, append(base, "--filename", csv("phantom.csv"))...)
	resume := func(more ...string) []string { return append(append(slices.Clone(base), "--resume"), more...) }
	succeed(t, resume("--filename", csv("phantom.csv"))...)
	for what, c := range map[string]struct{ more, words []string }{
		"seed":     {[]string{"--seed", "2"}, []string{"Phantom.Seed is 1 there, and 2 now"}},
		"SNR":      {[]string{"--snr", "20"}, []string{"Phantom.SNR is 30 there, and 20 now"}},
		"response": {[]string{"--response", "0.0015,0.0003,0.0003,1000"}, []string{"Response"}},
		"data":     {[]string{"--data", image, "--mask", near(image, "mask.nii.gz"), "--response", phantomResponse}, []string{"another study"}},
	} {
		t.Run(what, func(t *testing.T) {
			refuse(t, resume(append(c.more, "--filename", csv("phantom.csv"))...), append(c.words, "another study")...)
		})
	}
	if isa, _ := kernel.ChosenISA(); isa != portableSet {
		refuse(t, resume("--isa", portableSet, "--filename", csv("phantom.csv")), "another study", "InstructionSet", `"generic" now`)
	}
	data := []string{"--data", image, "--mask", near(image, "mask.nii.gz"), "--response", phantomResponse, "--filename", csv("data.csv")}
	succeed(t, append(slices.Clone(base), data...)...)
	succeed(t, resume(data...)...)
	changed := unzip(t, read(t, image))
	changed[len(changed)-100] ^= 1
	write(t, image, gzipped(t, changed))
	refuse(t, resume(data...), "Inputs["+image+"]", "another study")
	edit(t, csv("phantom.study.json"), `"SoftwareVersion": "`, `"SoftwareVersion": "9.`)
	refuse(t, resume("--filename", csv("phantom.csv")), "SoftwareVersion")
	os.Remove(csv("phantom.study.json"))
	refuse(t, resume("--filename", csv("phantom.csv")), "phantom.study.json", "missing")
}

// Two programs of our own for each CPU take most of it: the rows say so, the runs were repeated within bounds, the page
// says so first and claims nothing, and no prediction is made from them.
func TestABusyMachineIsSeen(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: only Linux says what others take")
	}
	for range 2 * runtime.NumCPU() {
		busy := exec.Command("sh", "-c", "while :; do :; done")
		if err := busy.Start(); err != nil {
			t.Skip(err)
		}
		defer func() {
			busy.Process.Kill()
			busy.Wait()
		}()
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "runs.csv")
	text := succeed(t, "run", "--models", "dti", "--voxels", "30000", "--min-chunks", "2", "--max-chunks", "7", "--num-runs", "1", "--retries", "1", "-o", dir)
	records, err := study.ReadRecords(path)
	if err != nil {
		t.Fatal(err)
	}
	disturbed, tries, known, all := 0, 0, 0.0, 0.0
	for _, r := range records {
		ready := r.Dispatch + r.Steal + r.Compute
		if sum := r.CPUTime + r.Taken; sum > 1.02*ready+1e-3 {
			t.Errorf("had %g s and was taken %g s, of %g s in which it computed", r.CPUTime, r.Taken, ready)
		}
		known, all = known+r.CPUTime+r.Taken, all+ready
		if waited := r.StartWait + r.FirstTouch + r.TailWait; r.Late > waited+1e-9 {
			t.Errorf("waited %g s because others had the CPU, of %g s in all", r.Late, waited)
		}
		if r.Disturbed() {
			disturbed++
		}
		tries += r.Tries
	}
	if known < all/2 { // the rest: workers wait for each other where they touch memory first
		t.Errorf("runs had and were taken %g s, of %g s in which they computed", known, all)
	}
	if 2*disturbed < len(records) {
		t.Errorf("%d of %d runs are marked as disturbed", disturbed, len(records))
	}
	if most := len(records) + (len(records)+3)/4; tries > most {
		t.Errorf("%d tries, want at most %d", tries, most)
	}
	page := string(read(t, filepath.Join(dir, "index.html")))
	if !strings.Contains(text, "Other programs took the CPU") || !strings.Contains(page, "The machine was busy: other programs disturbed") {
		t.Errorf("neither the table nor the page says that the machine was busy:\n%s", text)
	}
	for _, claim := range []string{"put to use", "Fastest:", "limits them", "What does a core cost?"} {
		if strings.Contains(page, claim) {
			t.Errorf("the page of a busy machine says %q", claim)
		}
	}
	if disturbed == len(records) {
		refuse(t, []string{"simulate", "--machine", "c5.18xlarge", "--model", "dti", path}, "runs.csv", "--even-if-busy")
	}
}

package studytest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
)

// Costs are the coefficients of the overhead model from which runs are made, in seconds; Thread is a share of a core.
type Costs struct {
	Work, Chunk, Serial, Core, Contention, Thread float64
}

// Known are costs each of which is large enough to show in some setting.
var Known = Costs{Work: 120, Chunk: 0.9e-3, Serial: 4, Core: 0.05, Contention: 0.4, Thread: 0.3}

const voxels = 400000

// Runs are made on 8, 16, 36 and 72 CPUs of two hyperthreads a core, the largest in two sockets,
// with normal noise of relative size noise, made by the formula and not by the code under test.
func Runs(k Costs, noise float64, seed uint64) []study.Record {
	random := rand.New(rand.NewPCG(seed, 7))
	var all []study.Record
	for _, cpus := range []int{8, 16, 36, 72} {
		sockets := 1.
		if cpus == 72 {
			sockets = 2
		}
		for i := range 16 {
			chunks := 1 << i
			per := voxels / chunks
			count := math.Ceil(voxels / float64(per))
			busy := min(voxels/float64(per), float64(cpus))
			cores := min(busy, float64(cpus)/2)
			power := cores + k.Thread*(busy-cores)
			seconds := k.Serial + k.Work/power + k.Chunk*count + k.Core*cores + k.Contention*max(0, busy/sockets-1)/power
			for run := range 3 {
				all = append(all, study.Record{Engine: "ray", Model: name.All[0].Class, Campaign: "x", NumVox: voxels,
					CPUCount: cpus, NumChunks: chunks, VoxPerChunk: per, Run: run + 1, Time: seconds * (1 + noise*random.NormFloat64())})
			}
		}
	}
	return all
}

// Timed makes one record per time.
func Timed(r study.Record, times ...float64) []study.Record {
	var out []study.Record
	for i, x := range times {
		r.Run, r.Time = i+1, x
		out = append(out, r)
	}
	return out
}

// Speeds are times of a few steps on two sets at so many commits. With each commit one step becomes 3% slower; the
// others stay as they are.
func Speeds(p study.Processor, commits int) []study.SpeedRecord {
	var all []study.SpeedRecord
	for c := range commits {
		for _, set := range []string{"avx512", "avx2"} {
			for i, step := range []string{"csd/Factorise", "csd/Below", "csd/Multiply", "csd/single/Factorise", "fit/csdm"} {
				us := float64(i+1) * 0.5
				if step == "csd/Below" {
					us *= 1 + 0.03*float64(c)
				}
				r := study.SpeedRecord{Processor: p, Set: set, Commit: fmt.Sprintf("%07x", 0xabc000+c), Date: fmt.Sprintf("2026-11-%02d", c+1), Step: step,
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

// PublishedMedians reads the median times of the published study's settings, of which the project has a copy in
// study/testdata. folder is the path of package study from the test's own folder.
func PublishedMedians(t *testing.T, folder string) []study.Record {
	t.Helper()
	records, err := study.ReadRecords(filepath.Join(folder, "testdata", "published_medians.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// Published reads the published study's runs, which are not part of the project: where they are not here, the test is skipped.
func Published(t *testing.T) []study.Record {
	t.Helper()
	path := peer.Data(t, "..", "seed-results", "ray_runs.csv")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the published study's file is not here: %v", err)
	}
	records, err := study.ReadRecords(path)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

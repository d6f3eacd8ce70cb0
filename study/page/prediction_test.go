package page

import (
	"bytes"
	"encoding/csv"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study/internal/studytest"
	"github.com/voxfit/voxfit/study/simulate"
)

// prediction is of a machine of eight nodes whose memory and clock cost nothing, for 10,000 voxels in some numbers of chunks.
func prediction(t *testing.T, chunks []int) Prediction {
	t.Helper()
	times := simulate.ChunkTimes{Model: "TensorModel", BytesPerVoxel: 1000, Dispatch: 1e-7, Start: 1e-4, Spawn: 1e-5}
	times.Add(100, 1e-4)
	plan := simulate.Plan{Times: times, Voxels: 10000, Chunks: chunks, Resamples: 2, Machine: simulate.Machine{Name: "eight nodes", Nodes: 8,
		NodesPerSocket: 4, CoresPerNode: 8, ComplexCores: 4, NodeGBs: 1e5, CoreGBs: 1e5, NearDistance: 12, FarDistance: 32, AllCoreClock: 1}}
	predictions, err := plan.Predict()
	if err != nil {
		t.Fatal(err)
	}
	return Prediction{plan, predictions}
}

func TestEveryNumberSaysThatItIsPredicted(t *testing.T) {
	x := prediction(t, []int{100})
	var table bytes.Buffer
	if err := x.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	if text := table.String(); !strings.HasPrefix(text, "PREDICTION, not measurement") || !strings.Contains(text, "predicted speed-up") {
		t.Errorf("the table does not say what it is:\n%s", text)
	}
	dir := filepath.Join(t.TempDir(), "new")
	if err := x.Write(dir); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(studytest.Read(t, filepath.Join(dir, "predictions.csv")))).ReadAll()
	if err != nil || len(rows) != len(x.Predictions)+1 {
		t.Fatalf("%d rows (%v), want %d and a header", len(rows), err, len(x.Predictions))
	}
	for _, name := range rows[0][8:] {
		if !strings.HasPrefix(name, "predicted_") {
			t.Errorf("the column %s does not say that it is predicted", name)
		}
	}
	svg := studytest.Read(t, filepath.Join(dir, "prediction.svg"))
	if !strings.Contains(svg, "Prediction, not measurement") {
		t.Error("the figure does not say what it is")
	}
	f, err := x.figure()
	if err != nil {
		t.Fatal(err)
	}
	if d := readSVG(t, "prediction", f.SVG); d.series["series"] != 8 { // 1, 2, 4 and 8 nodes, in two panels
		t.Errorf("the figure has %v", d.series)
	}
}

// Times that a busy core gave are called so wherever the prediction is kept.
func TestAPredictionKeepsTheNoteOfItsTimes(t *testing.T) {
	x := prediction(t, []int{100})
	x.Plan.Times.Note = "other programs took 59% of the core"
	dir := t.TempDir()
	if err := x.Write(dir); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(studytest.Read(t, filepath.Join(dir, "predictions.csv")))).ReadAll()
	if err != nil || rows[0][7] != "note" || rows[1][7] != x.Plan.Times.Note {
		t.Errorf("rows %q (%v)", rows[:2], err)
	}
	if svg := studytest.Read(t, filepath.Join(dir, "prediction.svg")); !strings.Contains(svg, "predictions.csv has a note") {
		t.Error("the figure does not say that there is a note")
	}
}

func TestTheBestNumberOfChunksIsShown(t *testing.T) {
	x := prediction(t, []int{50, 200})
	if best := x.best(); len(best) != len(x.Predictions)/2 {
		t.Errorf("%d best of %d predictions with two numbers of chunks", len(best), len(x.Predictions))
	}
}

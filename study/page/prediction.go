package page

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/voxfit/voxfit/disk"
	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study/internal/cells"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
	"github.com/voxfit/voxfit/study/simulate"
)

// A Prediction shows what a simulation predicts: as a table, a file and a figure.
type Prediction struct {
	Plan        simulate.Plan
	Predictions []simulate.Prediction // of the plan
}

// Write writes predictions.csv and prediction.svg into a folder, which is made when it is
// not there.
func (x Prediction) Write(dir string) error {
	f, err := x.figure()
	if err != nil {
		return err
	}
	var table bytes.Buffer
	if err := x.writeCSV(&table); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := disk.Replace(filepath.Join(dir, "predictions.csv"), table.Bytes()); err != nil {
		return err
	}
	return writeFigure(dir, f)
}

// figure draws the predicted speed-up against the cores, a line for each number of nodes that
// the cores are spread over.
func (x Prediction) figure() (figure, error) {
	plan := x.Plan
	f := figure{Name: "prediction", Title: fmt.Sprintf("Prediction: speed-up on %s", plan.Machine.Name),
		Caption: "Predicted by simulation, not measured: the scheduler's own queues in virtual time, driven by chunk times measured on " +
			"one core. Error bars are 95% intervals over these times. The grey line is a speed-up equal to the cores."}
	best := x.best()
	byNodes := map[int][]simulate.Prediction{}
	xs, ys := drawing.EmptyRange(), drawing.EmptyRange()
	var counts, nodes []int
	for _, p := range best {
		byNodes[p.Nodes] = append(byNodes[p.Nodes], p)
		counts, nodes = append(counts, p.Cores), append(nodes, p.Nodes)
		xs.Add(float64(p.Cores))
		ys.Add(float64(p.Cores))
		ys.Add(p.SpeedUp.Value)
	}
	slices.Sort(counts)
	slices.Sort(nodes)
	counts, nodes = slices.Compact(counts), slices.Compact(nodes)
	curves := []drawing.Curve{{Class: "behind", Label: "as many times as cores", Colour: drawing.Behind, Width: vg.Points(1),
		Points: []drawing.Point{{X: xs.Low, Y: xs.Low}, {X: xs.High, Y: xs.High}}}}
	var entries []drawing.LegendEntry
	for i, n := range nodes {
		k := drawing.Curve{Class: "series", Label: "predicted, " + words.Count(n, "node"), Colour: drawing.Colour(i), Dashes: drawing.Dash(i), Mark: drawing.Mark(i),
			Width: vg.Points(1.5)}
		for _, p := range byNodes[n] {
			k.Points = append(k.Points, drawing.Point{X: float64(p.Cores), Y: p.SpeedUp.Value, Low: p.SpeedUp.Low, High: p.SpeedUp.High})
		}
		curves = append(curves, k)
		entries = append(entries, drawing.LegendEntry{Words: "predicted, " + words.Count(n, "node"), Colour: drawing.Colour(i), Dashes: drawing.Dash(i), Mark: drawing.Mark(i)})
	}
	shares := slices.Clone(curves[1:])
	for i := range shares {
		shares[i].Points = slices.Clone(shares[i].Points)
		for j, q := range shares[i].Points {
			shares[i].Points[j] = drawing.Point{X: q.X, Y: q.Y / q.X, Low: q.Low / q.X, High: q.High / q.X}
		}
	}
	sh := drawing.Sheet{Title: f.Title, Legend: [][]drawing.LegendEntry{entries}}
	across := xs.LogAxis(1.3, drawing.CountTicks(counts))
	sh.AddCurves(drawing.Words{Title: fmt.Sprintf("Prediction, not measurement: %s\n%s, %s", plan.Machine.Name,
		words.Shorten(modelname.WordsOf(plan.Times.Model), 44), words.Voxels(plan.Voxels)), X: "cores", Y: "predicted speed-up"},
		across, ys.LogAxis(1.3, drawing.PowerTicks{Label: words.Plain}), curves)
	remark := ""
	if plan.Times.Note != "" {
		remark = " (predictions.csv has a note)"
	}
	sh.AddCurves(drawing.Words{Title: "Prediction, not measurement\nspeed-up for each core" + remark, X: "cores", Y: "predicted efficiency"},
		across, drawing.Range{Low: 0.5, High: 1}.ValueAxis(drawing.Value{Linear: true, Level: 1, Top: 1, Label: words.Plain}), shares)
	return drawInto(f, &sh)
}

// best keeps the number of chunks with the least predicted time, for each number of cores and nodes.
func (x Prediction) best() []simulate.Prediction {
	var best []simulate.Prediction
	for _, p := range x.Predictions {
		i := slices.IndexFunc(best, func(q simulate.Prediction) bool { return q.Cores == p.Cores && q.Nodes == p.Nodes })
		switch {
		case i < 0:
			best = append(best, p)
		case p.Time.Value < best[i].Time.Value:
			best[i] = p
		}
	}
	return best
}

// WriteTable writes the best predictions as a table for a terminal.
func (x Prediction) WriteTable(w io.Writer) error {
	var b strings.Builder
	plan, m := x.Plan, x.Plan.Machine
	fmt.Fprintf(&b, "PREDICTION, not measurement: %s on %s voxels, schedule %s\n", modelname.WordsOf(plan.Times.Model), words.Thousands(plan.Voxels), plan.Policy)
	fmt.Fprintf(&b, "%s: %s of %s, %s GB/s each", m.Name, words.Count(m.Nodes, "node"), words.Count(m.CoresPerNode, "core"), words.Significant(m.NodeGBs, 3))
	if m.Source != "" {
		b.WriteString("; " + m.Source)
	}
	b.WriteString("\n\n")
	rows := [][]string{{"cores", "nodes", "chunks", "predicted s", "predicted speed-up", "95% interval", "efficiency", "lost to"}}
	for _, p := range x.best() {
		rows = append(rows, []string{strconv.Itoa(p.Cores), strconv.Itoa(p.Nodes), strconv.Itoa(p.Chunks), words.Significant(p.Time.Value, 3),
			words.Significant(p.SpeedUp.Value, 4), words.Significant(p.SpeedUp.Low, 4) + " to " + words.Significant(p.SpeedUp.High, 4),
			strconv.FormatFloat(p.Efficiency, 'f', 3, 64), lostTo(p)})
	}
	writeColumns(&b, rows, func(i int) bool { return i == 7 })
	b.WriteString("\n")
	writeWrapped(&b, "note: ", "Driven by chunk times measured on one core, which every core of the predicted machine is taken to match. The "+
		"intervals know the scatter of these times and no error of the machine's description.")
	if plan.Times.Note != "" {
		writeWrapped(&b, "note: ", "Here "+plan.Times.Note+".")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lostTo names the largest losses of a prediction.
func lostTo(p simulate.Prediction) string {
	type part struct {
		name  string
		share float64
	}
	parts := []part{{"memory", p.Memory}, {"clock", p.Clock}, {"short calls", p.Calls}, {"tail", p.Tail}, {"start", p.Start}, {"dispatch", p.Dispatch}, {"steal", p.Steal}}
	slices.SortStableFunc(parts, func(a, b part) int {
		if a.share > b.share {
			return -1
		}
		return 1
	})
	var named []string
	for _, q := range parts {
		if q.share >= 0.001 && len(named) < 3 {
			named = append(named, q.name+" "+words.Percent(q.share))
		}
	}
	return strings.Join(named, ", ")
}

// predictionsHeader names the columns of the predictions' file. note says what is wrong with the times of chunks, and is
// nearly always empty. Every number behind it is predicted.
var predictionsHeader = []string{"machine", "model", "num_vox", "schedule", "cores", "nodes", "num_chunks", "note", "predicted_time", "predicted_time_low",
	"predicted_time_high", "predicted_speed_up", "predicted_speed_up_low", "predicted_speed_up_high", "predicted_efficiency",
	"predicted_memory_share", "predicted_clock_share", "predicted_short_calls_share", "predicted_dispatch_share", "predicted_steal_share", "predicted_start_share", "predicted_tail_share"}

// writeCSV writes every prediction as a row.
func (x Prediction) writeCSV(w io.Writer) error {
	plan := x.Plan
	out := csv.NewWriter(w)
	out.Write(predictionsHeader)
	for _, p := range x.Predictions {
		row := []string{plan.Machine.Name, plan.Times.Model, strconv.Itoa(plan.Voxels), plan.Policy.String(), strconv.Itoa(p.Cores), strconv.Itoa(p.Nodes),
			strconv.Itoa(p.Chunks), plan.Times.Note}
		for _, x := range []float64{p.Time.Value, p.Time.Low, p.Time.High, p.SpeedUp.Value, p.SpeedUp.Low, p.SpeedUp.High, p.Efficiency,
			p.Memory, p.Clock, p.Calls, p.Dispatch, p.Steal, p.Start, p.Tail} {
			row = append(row, cells.Float(math.Round(x*1e9)/1e9))
		}
		out.Write(row)
	}
	out.Flush()
	return out.Error()
}

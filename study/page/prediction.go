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

	"github.com/voxfit/voxfit/disk"
	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study/internal/cells"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/simulate"
	"gonum.org/v1/plot/vg"
)

// A Prediction is what a simulation predicts, as a table, a file and a figure.
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

// predictionFigure draws the predicted speed-up against the cores, a line for each number of nodes that
// the cores are spread over.
func (x Prediction) figure() (figure, error) {
	plan := x.Plan
	f := figure{Name: "prediction", Title: fmt.Sprintf("Prediction: speed-up on %s", plan.Machine.Name),
		Caption: "Predicted by simulation, not measured: the scheduler's own queues in virtual time, driven by chunk times measured on " +
			"one core. Error bars are 95% intervals over these times. The grey line is a speed-up equal to the cores."}
	sh := sheet{title: f.Title, names: &seriesNames{}}
	best := x.best()
	byNodes := map[int][]simulate.Prediction{}
	xs, ys := emptyRange(), emptyRange()
	var counts, nodes []int
	for _, p := range best {
		byNodes[p.Nodes] = append(byNodes[p.Nodes], p)
		counts, nodes = append(counts, p.Cores), append(nodes, p.Nodes)
		xs.add(float64(p.Cores))
		ys.add(float64(p.Cores))
		ys.add(p.SpeedUp.Value)
	}
	slices.Sort(counts)
	slices.Sort(nodes)
	counts, nodes = slices.Compact(counts), slices.Compact(nodes)
	curves := []curve{{class: "behind", label: "as many times as cores", colour: publicInk, width: vg.Points(1), names: sh.names,
		points: []curvePoint{{x: xs.low, y: xs.low}, {x: xs.high, y: xs.high}}}}
	var entries []legendEntry
	for i, n := range nodes {
		k := curve{class: "series", label: "predicted, " + words.Count(n, "node"), colour: lineColour(i), dashes: lineDash(i), mark: lineMark(i),
			width: vg.Points(1.5), names: sh.names}
		for _, p := range byNodes[n] {
			k.points = append(k.points, curvePoint{float64(p.Cores), p.SpeedUp.Value, (p.SpeedUp.High - p.SpeedUp.Low) / 2})
		}
		curves = append(curves, k)
		entries = append(entries, legendEntry{words: "predicted, " + words.Count(n, "node"), colour: lineColour(i), dashes: lineDash(i), mark: lineMark(i)})
	}
	p := newPlot(fmt.Sprintf("Prediction, not measurement: %s\n%s, %s", plan.Machine.Name, words.Shorten(modelname.WordsOf(plan.Times.Model), 44),
		words.Voxels(plan.Voxels)), "cores", "predicted speed-up")
	sx := xs.logAcross(&p.X, 1.3, countTicks(counts))
	sy := ys.logAcross(&p.Y, 1.3, powerTicks{words.Plain})
	quantity{}.fill(p, curves, sx, sy)

	each := newPlot("Prediction, not measurement\nspeed-up for each core", "cores", "predicted efficiency")
	share := quantity{linear: true, level: 1, top: 1, label: words.Plain}
	shares := slices.Clone(curves[1:])
	for i := range shares {
		shares[i].points = slices.Clone(shares[i].points)
		for j, q := range shares[i].points {
			shares[i].points[j] = curvePoint{q.x, q.y / q.x, q.half / q.x}
		}
	}
	share.fill(each, shares, xs.logAcross(&each.X, 1.3, countTicks(counts)), axisRange{0.5, 1}.valueAxis(&each.Y, share))
	sh.panels, sh.legend = append(sh.panels, p, each), [][]legendEntry{entries}
	return sh.drawInto(f)
}

// best keeps, for each number of cores and nodes, the number of chunks with the least
// predicted time.
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
	fmt.Fprintf(&b, "%s: %s of %s, %s GB/s each; %s\n\n", m.Name, words.Count(m.Nodes, "node"), words.Count(m.CoresPerNode, "core"),
		words.Significant(m.NodeGBs, 3), m.Source)
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

// lostTo names the largest losses.
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

// predictionsHeader names the columns of the predictions' file: every number in it is predicted.
var predictionsHeader = []string{"machine", "model", "num_vox", "schedule", "cores", "nodes", "num_chunks", "predicted_time", "predicted_time_low",
	"predicted_time_high", "predicted_speed_up", "predicted_speed_up_low", "predicted_speed_up_high", "predicted_efficiency",
	"predicted_memory_share", "predicted_clock_share", "predicted_short_calls_share", "predicted_dispatch_share", "predicted_steal_share", "predicted_start_share", "predicted_tail_share"}

// writeCSV writes every prediction as a row.
func (x Prediction) writeCSV(w io.Writer) error {
	plan := x.Plan
	out := csv.NewWriter(w)
	out.Write(predictionsHeader)
	for _, p := range x.Predictions {
		row := []string{plan.Machine.Name, plan.Times.Model, strconv.Itoa(plan.Voxels), plan.Policy.String(), strconv.Itoa(p.Cores), strconv.Itoa(p.Nodes),
			strconv.Itoa(p.Chunks)}
		for _, x := range []float64{p.Time.Value, p.Time.Low, p.Time.High, p.SpeedUp.Value, p.SpeedUp.Low, p.SpeedUp.High, p.Efficiency,
			p.Memory, p.Clock, p.Calls, p.Dispatch, p.Steal, p.Start, p.Tail} {
			row = append(row, cells.Float(math.Round(x*1e9)/1e9))
		}
		out.Write(row)
	}
	out.Flush()
	return out.Error()
}

package study

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/voxfit/voxfit/disk"
	modelname "github.com/voxfit/voxfit/model/name"
)

// predictionFigure draws the predicted speed-up against the cores, a line for each number of nodes that
// the cores are spread over.
func predictionFigure(s Simulation, all []Prediction) (Figure, error) {
	f := Figure{Name: "prediction", Title: fmt.Sprintf("Prediction: speed-up on %s", s.Machine.Name),
		Caption: "Predicted by simulation, not measured: the scheduler's own queues in virtual time, driven by chunk times measured on " +
			"one core. Error bars are 95% intervals over these times. The grey line is a speed-up equal to the cores."}
	sh := sheet{title: f.Title, names: &seriesNames{}}
	best := bestPredictions(all)
	byNodes := map[int][]Prediction{}
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
		k := curve{class: "series", label: "predicted, " + countOf(n, "node"), colour: lineColour(i), dashes: lineDash(i), mark: lineMark(i),
			width: vg.Points(1.5), names: sh.names}
		for _, p := range byNodes[n] {
			k.points = append(k.points, curvePoint{float64(p.Cores), p.SpeedUp.Value, (p.SpeedUp.High - p.SpeedUp.Low) / 2})
		}
		curves = append(curves, k)
		entries = append(entries, legendEntry{words: "predicted, " + countOf(n, "node"), colour: lineColour(i), dashes: lineDash(i), mark: lineMark(i)})
	}
	p := newPlot(fmt.Sprintf("Prediction, not measurement: %s\n%s, %s", s.Machine.Name, shorten(modelname.WordsOf(s.Times.Model), 44),
		countOfVoxels(s.Voxels)), "cores", "predicted speed-up")
	sx := xs.logAcross(&p.X, 1.3, countTicks(counts))
	sy := ys.logAcross(&p.Y, 1.3, powerTicks{plainLabel})
	quantity{}.fill(p, curves, sx, sy)

	each := newPlot("Prediction, not measurement\nspeed-up for each core", "cores", "predicted efficiency")
	share := quantity{linear: true, level: 1, top: 1, label: plainLabel}
	shares := slices.Clone(curves[1:])
	for i := range shares {
		shares[i].points = slices.Clone(shares[i].points)
		for j, q := range shares[i].points {
			shares[i].points[j] = curvePoint{q.x, q.y / q.x, q.half / q.x}
		}
	}
	share.fill(each, shares, xs.logAcross(&each.X, 1.3, countTicks(counts)), axisRange{0.5, 1}.valueAxis(&each.Y, share))
	sh.panels, sh.legend = append(sh.panels, p, each), [][]legendEntry{entries}
	svg, err := sh.draw()
	f.SVG = svg
	return f, err
}

// WritePrediction writes predictions.csv and prediction.svg into a folder, which is made when it is
// not there.
func WritePrediction(dir string, s Simulation, all []Prediction) error {
	f, err := predictionFigure(s, all)
	if err != nil {
		return err
	}
	var table bytes.Buffer
	if err := writePredictionsCSV(&table, s, all); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := disk.Replace(filepath.Join(dir, "predictions.csv"), table.Bytes()); err != nil {
		return err
	}
	return writeFigure(filepath.Join(dir, f.Name+".svg"), f)
}

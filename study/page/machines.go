package page

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/kit"
	"github.com/voxfit/voxfit/study/metg"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// Machines is a page that shows the studies of one or more machines beside each other.
type Machines struct {
	Version string    // of the program
	Made    time.Time // when the page was made
	Repeat  string    // the command that makes this page again
	Studies []kit.Study
}

// Write writes index.html, one file that needs no other, and beside it figures/*.svg.
func (x Machines) Write(dir string) error {
	machines := x.shown()
	f, err := speedUpFigure(machines)
	if err != nil {
		return err
	}
	figures := []figure{f}
	var parts []machinePart
	for i, m := range machines {
		handing, err := efficiencyFigure(m.METG, fmt.Sprintf("efficiency-%d", i+1))
		if err != nil {
			return err
		}
		figures = append(figures, handing)
		parts = append(parts, machinePart{
			Name: m.name, Facts: factsOf(m.Study), Bandwidth: bandwidthTable(m.Bandwidth), Busy: m.busy, Disturbed: m.Bandwidth.Disturbed,
			METG: newTable(metgHeader, metgRows(m.METG), metgIsText), Missing: missingOf(m.METG), Fits: newTable(fitsHeader, m.fitRows(), fitIsText),
		})
	}
	drawn, title := pageFigures(figures), "Machines beside each other"
	if len(x.Studies) == 1 {
		title = "One machine, measured"
	}
	for i := range parts {
		parts[i].Figure = drawn[i+1]
	}
	return writePage(dir, "machines.html.tmpl", struct {
		Machines
		Title   string
		MadeOn  string
		InShort []string
		SpeedUp pageFigure
		Parts   []machinePart
	}{x, title, dayAndTime(x.Made), inShort(machines), drawn[0], parts}, figures)
}

// A machinePart is one machine's part of the page.
type machinePart struct {
	Name      string
	Facts     []Fact
	Bandwidth table
	Busy      string // says that other programs took the CPUs; empty where they did not
	Disturbed bool   // other programs took CPUs while the bandwidth was measured
	Figure    pageFigure
	METG      table
	Missing   []Fact
	Fits      table
}

// name returns the name of a machine. Two machines of one name get numbers.
func (x Machines) name(i int) string {
	host := x.Studies[i].Plan.Host
	for k, s := range x.Studies {
		if k != i && s.Plan.Host == host {
			return fmt.Sprintf("%s (%d)", host, i+1)
		}
	}
	return host
}

func factsOf(s kit.Study) []Fact {
	var facts []Fact
	for _, f := range s.Facts {
		facts = append(facts, Fact(f))
	}
	p := s.Plan
	return append(facts, Fact{"measured", dayAndTime(p.Made)}, Fact{"voxfit", p.Version}, Fact{"budget", p.Budget},
		Fact{"fits", fmt.Sprintf("%s of the HCP phantom in %s, %s of each setting", words.Voxels(p.Voxels), words.Chunks(p.Chunks), words.Count(p.Runs, "run"))},
		Fact{"predictions", fmt.Sprintf("SHA-256 %s, registered before the fits (%s). %s", s.Hash, dayAndTime(s.Predictions.Made), s.Predictions.How)})
}

// bandwidthTable has a row for each node whose CPUs read.
func bandwidthTable(b kit.Bandwidth) table {
	header := []string{"CPUs of"}
	for _, n := range b.Nodes {
		header = append(header, fmt.Sprintf("memory of node %d", n))
	}
	var rows [][]string
	for i, n := range b.Nodes {
		row := []string{fmt.Sprintf("node %d", n)}
		for _, rate := range b.Read[i] {
			cell := "-"
			if rate > 0 {
				cell = words.Significant(rate, 3)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	alone := append([]string{"one CPU alone, its own node", words.Significant(b.OneCore, 3)}, make([]string, max(0, len(b.Nodes)-1))...)
	return newTable(header, append(rows, alone), isName)
}

var fitsHeader = []string{"model", "sweep", "CPUs", "cores", "time, s", "lowest to highest", "speed-up", "predicted, s", "measured / predicted"}

func fitIsText(i int) bool { return i < 2 }

// A fitted is the result of one setting's runs.
type fitted struct {
	model, sweep string
	cpus, cores  int
	time         metg.Spread
	speedUp      float64
	predicted    float64 // NaN: none
}

// A shownStudy is one machine's study, and what the page concludes from it.
type shownStudy struct {
	kit.Study
	name string
	busy string   // says in a sentence that other programs took the CPUs; empty where they did not
	fits []fitted // the settings in the order of the plan; those of a busy machine have no speed-up
}

func (x Machines) shown() []shownStudy {
	var all []shownStudy
	for i, s := range x.Studies {
		m := shownStudy{Study: s, name: x.name(i), busy: x.busy(i), fits: fitsOf(s)}
		if m.busy != "" {
			for k := range m.fits {
				m.fits[k].speedUp = math.NaN()
			}
		}
		all = append(all, m)
	}
	return all
}

// busy says in a sentence that other programs took a machine's CPUs; it is empty where they did not.
func (x Machines) busy(i int) string {
	s := x.Studies[i]
	best, disturbed := s.METG.Disturbed()
	var records []study.Record
	for _, sweep := range s.Plan.Sweeps {
		records = append(records, s.Records[sweep.Name]...)
	}
	fits := study.Summarise(records, study.Options{})
	var how string
	switch {
	case disturbed:
		how = fmt.Sprintf("even the longest tasks had an efficiency of no more than %.2f", best)
	case fits.Busy():
		how = fmt.Sprintf("they disturbed %d of %s in every repetition", fits.Disturbed, words.Count(fits.Settings, "setting"))
	default:
		return ""
	}
	return fmt.Sprintf("%s: other programs took the CPUs: %s. Its times are those of a busy machine, and nothing is concluded from them. "+
		"Measure again when it is idle.", x.name(i), how)
}

func fitsOf(s kit.Study) []fitted {
	var all []fitted
	var everySweep []study.Record // serial fits are the same in all of them
	for _, sweep := range s.Plan.Sweeps {
		everySweep = append(everySweep, s.Records[sweep.Name]...)
	}
	for _, sweep := range s.Plan.Sweeps {
		records := s.Records[sweep.Name]
		for _, model := range modelsIn(records) {
			serial := timesOf(everySweep, func(r study.Record) bool { return r.Model == model && study.IsSerial(r.Engine) })
			for i, n := range sweep.CPUs {
				times := timesOf(records, func(r study.Record) bool { return r.Model == model && !study.IsSerial(r.Engine) && r.CPUCount == n })
				if len(times) == 0 {
					continue
				}
				f := fitted{model: model, sweep: sweep.Name, cpus: n, cores: sweep.Cores[i], time: metg.SpreadOf(times), speedUp: math.NaN(), predicted: math.NaN()}
				if len(serial) > 0 {
					if up := study.Median(serial) / f.time.Median; up <= study.MostEfficiency*float64(n) {
						f.speedUp = min(up, float64(n))
					}
				}
				if p, found := s.Predictions.Found(model, sweep.Name, n); found {
					f.predicted = p.Value
				}
				all = append(all, f)
			}
		}
	}
	return all
}

func modelsIn(records []study.Record) []string {
	var models []string
	for _, r := range records {
		if !slices.Contains(models, r.Model) {
			models = append(models, r.Model)
		}
	}
	return models
}

// timesOf returns the seconds of some runs. Where undisturbed runs are among them, it returns only those.
func timesOf(records []study.Record, of func(study.Record) bool) []float64 {
	var calm, all []float64
	for _, r := range records {
		if !of(r) {
			continue
		}
		all = append(all, r.Time)
		if !r.Disturbed() {
			calm = append(calm, r.Time)
		}
	}
	if len(calm) > 0 {
		return calm
	}
	return all
}

func (m shownStudy) fitRows() [][]string {
	var rows [][]string
	for _, f := range m.fits {
		predicted, ratio := "-", "-"
		if !math.IsNaN(f.predicted) {
			predicted = words.Significant(f.predicted, 3)
		}
		if !math.IsNaN(f.predicted) && m.busy == "" {
			ratio = fmt.Sprintf("%.2f", f.time.Median/f.predicted)
		}
		speedUp := "-"
		if !math.IsNaN(f.speedUp) {
			speedUp = words.Significant(f.speedUp, 3)
		}
		rows = append(rows, []string{modelname.WordsOf(f.model), f.sweep, fmt.Sprint(f.cpus), fmt.Sprint(f.cores), words.Significant(f.time.Median, 3),
			words.Significant(f.time.Low, 3) + " to " + words.Significant(f.time.High, 3), speedUp, predicted, ratio})
	}
	return rows
}

// inShort says for each machine that was not busy what speed-up its largest number of CPUs gave, and how far off the
// predictions were.
func inShort(machines []shownStudy) []string {
	var sentences []string
	for _, m := range machines {
		if m.busy != "" {
			continue
		}
		var most []fitted
		var errors []float64
		for _, f := range m.fits {
			if !math.IsNaN(f.predicted) {
				errors = append(errors, math.Abs(f.time.Median/f.predicted-1))
			}
			k := slices.IndexFunc(most, func(g fitted) bool { return g.model == f.model })
			switch {
			case k < 0:
				most = append(most, f)
			case f.time.Median < most[k].time.Median:
				most[k] = f
			}
		}
		for _, f := range most {
			said := fmt.Sprintf("%s: %s took %s s at best, on %s (%s; %s)", m.name, modelname.WordsOf(f.model), words.Significant(f.time.Median, 3),
				words.Count(f.cpus, "CPU"), words.Count(f.cores, "core"), f.sweep)
			if math.IsNaN(f.speedUp) {
				said += ", faster than the CPUs allow against the serial fits, which were disturbed: no speed-up is given."
			} else {
				said += fmt.Sprintf(", %s times as fast as the serial fit.", words.Significant(f.speedUp, 3))
			}
			sentences = append(sentences, said)
		}
		if m.Predictions.Disturbed() {
			sentences = append(sentences, fmt.Sprintf("%s: other programs took %s of the core while the chunks were timed from which the predictions were "+
				"made, so how far off they were says nothing of the simulation.", m.name, words.Percent(m.Predictions.Taken)))
		} else if len(errors) > 0 {
			sentences = append(sentences, fmt.Sprintf("%s: the predictions, made before the fits, were off by %s in the median, by %s at most.", m.name,
				words.Percent(study.Median(errors)), words.Percent(slices.Max(errors))))
		}
	}
	return sentences
}

// WriteTable writes the sentences and the tables of fits for a terminal.
func (x Machines) WriteTable(w io.Writer) error {
	var b strings.Builder
	machines := x.shown()
	for _, m := range machines {
		fmt.Fprintf(&b, "%s\n", m.name)
		writeColumns(&b, append([][]string{fitsHeader}, m.fitRows()...), fitIsText)
		b.WriteString("\n")
	}
	for _, m := range machines {
		if m.busy != "" {
			writeWrapped(&b, "", m.busy)
		}
	}
	for _, sentence := range inShort(machines) {
		writeWrapped(&b, "", sentence)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// speedUpFigure draws the speed-up of each machine and sweep over the CPUs, a panel for each model.
func speedUpFigure(machines []shownStudy) (figure, error) {
	f := figure{Name: "speed-up", Title: "Speed-up over the CPUs",
		Caption: "How many times as fast as the serial fit on the same machine, by the number of CPUs (hardware threads). The grey line is as " +
			"many times as CPUs. Points are medians."}
	sh := drawing.Sheet{Title: f.Title}
	var entries []drawing.LegendEntry
	panels := map[string][]drawing.Curve{}
	var models []string
	xs, ys, places := drawing.EmptyRange(), drawing.EmptyRange(), 0
	for i, m := range machines {
		for _, sweep := range m.Plan.Sweeps {
			name, drawn := m.name+", "+sweep.Name, false
			for _, point := range m.fits {
				if point.sweep != sweep.Name || math.IsNaN(point.speedUp) {
					continue
				}
				if !slices.Contains(models, point.model) {
					models = append(models, point.model)
				}
				curves := panels[point.model]
				if n := len(curves); n == 0 || curves[n-1].Label != name {
					curves = append(curves, drawing.Curve{Class: "series", Label: name, Colour: drawing.Colour(places), Dashes: drawing.Dash(i), Mark: drawing.Mark(places), Width: vg.Points(1.4)})
				}
				k := &curves[len(curves)-1]
				k.Points = append(k.Points, drawing.Point{X: float64(point.cpus), Y: point.speedUp})
				panels[point.model] = curves
				xs.Add(float64(point.cpus))
				ys.Add(point.speedUp)
				drawn = true
			}
			if drawn {
				entries = append(entries, drawing.LegendEntry{Words: name, Colour: drawing.Colour(places), Dashes: drawing.Dash(i), Mark: drawing.Mark(places)})
				places++
			}
		}
	}
	if len(models) == 0 {
		f.Missing = "No fit has a speed-up."
		return f, nil
	}
	ys.Add(xs.High)
	for _, model := range models {
		ideal := drawing.Curve{Class: "behind", Label: "as many times as CPUs", Colour: drawing.Behind, Width: vg.Points(1),
			Points: []drawing.Point{{X: xs.Low, Y: xs.Low}, {X: xs.High, Y: xs.High}}}
		sh.AddCurves(drawing.Words{Title: words.Shorten(modelname.WordsOf(model), 44), X: "CPUs", Y: "speed-up"},
			xs.LogAxis(1.3, drawing.PowerTicks{Label: words.Plain}), ys.LogAxis(1.3, drawing.PowerTicks{Label: words.Plain}),
			append([]drawing.Curve{ideal}, panels[model]...))
	}
	sh.Tidy(false)
	sh.Legend = [][]drawing.LegendEntry{entries}
	return drawInto(f, &sh)
}

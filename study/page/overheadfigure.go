package page

import (
	"fmt"
	"strconv"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/overhead"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// overheadFigure draws the measured overhead of each core, from the accounts of the workers' time.
func overheadFigure(e overhead.Explanation) (figure, error) {
	f := figure{Name: "overhead", Title: "Overhead of each core, measured",
		Caption: "What a core's time went to instead of the work, at the best number of chunks on each number of CPUs: taking chunks " +
			"(dispatch), taking them from other workers (steal), waiting for the first (start wait), standing idle while the last ones " +
			"end (tail wait). Slower work is the time that the kernels took more than in the serial run, or without one than on the " +
			"smallest number of CPUs, for the same voxels: cores that share memory, clock or hyperthreads slow each other. What other " +
			"programs and the host of a virtual machine took is no cost of the program. Measured by the workers themselves, not fitted."}
	parts := make([]drawing.Part, len(overheadParts))
	for i, part := range overheadParts {
		parts[i] = part.Part
	}
	shown := make([]bool, len(parts))
	sh := drawing.Sheet{Title: f.Title}
	measured := resultsOf(e.Summary)
	for _, k := range measured.panels() {
		for _, v := range measured.variants.All {
			places, stack := measured.overheadStack(k, v, shown)
			if places == nil {
				continue
			}
			title := fmt.Sprintf("%s\n%s, %s", words.Shorten(modelname.WordsOf(k.model), 44), words.Voxels(k.voxels),
				words.Shorten(measured.variants.Name(v), 40))
			panel := drawing.Words{Title: title, X: "CPUs", Y: "share of each core's time (%)"}
			sh.AddStack(panel, drawing.PlacesAxis(places), stack, parts, 0)
		}
	}
	if sh.Empty() {
		f.Missing = "None of the engines says where its workers' time went (voxfit's own runs do)."
		return f, nil
	}
	sh.Tidy(true)
	sh.Legend = [][]drawing.LegendEntry{drawing.FilledEntries(parts, shown)}
	return drawInto(f, &sh)
}

// overheadParts are the parts of the overhead in the order in which they are stacked. work is the
// compute time of the same voxels in the serial run, or on the smallest number of CPUs.
var overheadParts = []struct {
	drawing.Part
	of func(s study.Split, work float64) float64
}{
	{drawing.Part{Label: "slower work", Colour: drawing.Colour(0)}, func(s study.Split, work float64) float64 { return max(0, s.Compute-work) }},
	{drawing.Part{Label: "dispatch", Colour: drawing.Colour(1)}, func(s study.Split, _ float64) float64 { return s.Dispatch }},
	{drawing.Part{Label: "steal", Colour: drawing.Colour(5)}, func(s study.Split, _ float64) float64 { return s.Steal }},
	{drawing.Part{Label: "start wait", Colour: drawing.Colour(4)}, func(s study.Split, _ float64) float64 { return s.StartWait }},
	{drawing.Part{Label: "tail wait", Colour: drawing.Colour(3)}, func(s study.Split, _ float64) float64 { return s.TailWait }},
	{drawing.Part{Label: "other programs", Colour: othersColour}, func(s study.Split, _ float64) float64 { return s.Others }},
	{drawing.Part{Label: "the host of the virtual machine", Colour: drawing.Colour(2)}, func(s study.Split, _ float64) float64 { return s.Host }},
	{drawing.Part{Label: "outside the schedule", Colour: grey}, func(s study.Split, _ float64) float64 { return s.Unaccounted }},
}

// overheadStack returns a bar for the serial run, and one for each CPU count on which a variant's best run has an
// account of its time.
func (r results) overheadStack(k panelKey, v study.Variant, shown []bool) (places []string, stack drawing.Stack) {
	work := 0.0
	add := func(place string, split study.Split) {
		var shares []float64
		for i, part := range overheadParts {
			x := part.of(split, work)
			shares = append(shares, 100*x/split.Sum())
			shown[i] = shown[i] || x > split.Sum()/1e4
		}
		places = append(places, place)
		stack.Add(shares)
	}
	for _, l := range r.linesOf(k) { // ascending CPU counts
		p := l.Best()
		if r.variants.Of(l.Condition) != v || !p.HasSplit {
			continue
		}
		if serial, ok := l.Baseline.Account(); ok && work == 0 {
			work = serial.Compute
			add("serial", serial)
		}
		if work == 0 {
			work = p.Split.Compute
		}
		add(strconv.Itoa(l.CPUs), p.Split)
	}
	return places, stack
}

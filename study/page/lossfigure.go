package page

import (
	"fmt"
	"image/color"
	"slices"
	"strconv"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/overhead"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

var (
	grey         = color.NRGBA{0xA0, 0xA0, 0xA0, 0xFF}
	othersColour = color.NRGBA{0x70, 0x60, 0x50, 0xFF} // time that is not the program's own
)

// lossColours are those of the work and of the losses, in the order of overhead.ShortestRun.
var lossColours = []color.Color{drawing.Colour(0), drawing.Colour(3), grey, drawing.Colour(1), drawing.Colour(2), drawing.Colour(5), drawing.Colour(4)}

// lossFigure draws, for the shortest run on each CPU count, which share of the CPUs' time was work by the model, and
// how the rest was lost.
func lossFigure(e overhead.Explanation) (figure, error) {
	f := figure{Name: "losses", Title: "What the time of the CPUs goes to, by the fitted model",
		Caption: "Each bar is the shortest run on one number of CPUs; its height is the time of all its CPUs. Blue is the work that one " +
			"core would need for everything, shared out: if every CPU were a whole core and nothing else cost time, the bar would be all " +
			"blue. The rest is lost, and the colours say by what: a CPU that is the second hyperthread of a core adds less than a core; " +
			"in the serial part all CPUs but one wait; so they do while chunks are handed out one by one."}
	if slices.ContainsFunc(e.Overheads, func(h overhead.Overhead) bool { return h.ThreadUntold }) {
		f.Caption += " Where runs cannot tell what a second hyperthread adds, a core counts with its hyperthreads."
	}
	parts := []drawing.Part{{Label: "work", Colour: lossColours[0]}}
	for i, l := range e.Overheads[0].Shortest[0].Losses {
		parts = append(parts, drawing.Part{Label: l.Name, Colour: lossColours[i+1]})
	}
	shown := make([]bool, len(parts))
	shown[0] = true
	sh := drawing.Sheet{Title: f.Title}
	for _, h := range e.Overheads {
		var stack drawing.Stack
		for _, run := range h.Shortest {
			shares := []float64{100 * run.Ideal / run.Time}
			for i, l := range run.Losses {
				shares = append(shares, 100*l.Seconds/run.Time)
				shown[i+1] = shown[i+1] || l.Seconds > run.Time/200
			}
			stack.Add(shares)
		}
		panel := drawing.Words{Title: overheadPanelTitle(h), X: "CPUs", Y: "share of the CPUs' time (%)"}
		sh.AddStack(panel, drawing.PlacesAxis(placesOf(h.CPUCounts)), stack, parts, 100)
	}
	sh.Tidy(true)
	sh.Legend = [][]drawing.LegendEntry{drawing.FilledEntries(parts, shown)}
	return drawInto(f, &sh)
}

func placesOf(counts []int) []string {
	places := make([]string, len(counts))
	for i, n := range counts {
		places[i] = strconv.Itoa(n)
	}
	return places
}

// overheadPanelTitle is two lines: the model, and its voxels with the engine.
func overheadPanelTitle(h overhead.Overhead) string {
	return fmt.Sprintf("%s\n%s, %s", words.Shorten(modelname.WordsOf(h.Model), 44), words.Voxels(h.Voxels), words.Shorten(h.Name, 30))
}

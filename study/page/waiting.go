package page

import (
	"slices"

	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// A WaitingLine says how long users wait for the same maps from several programs.
type WaitingLine struct {
	Title    string // of the panel: what is made, from what
	Programs []string
	Seconds  []float64
}

// WaitingFigure draws a panel of bars for each line, side by side, as an SVG file, dark on white. A program has the
// same colour in all panels. Each panel has its own scale, which begins at zero.
func WaitingFigure(title string, lines []WaitingLine) ([]byte, error) {
	sh := drawing.Sheet{Title: title}
	var parts []drawing.Part
	for _, l := range lines {
		for _, program := range l.Programs {
			if !slices.ContainsFunc(parts, func(p drawing.Part) bool { return p.Label == program }) {
				parts = append(parts, drawing.Part{Label: program, Colour: drawing.Colour(len(parts))})
			}
		}
	}
	for _, l := range lines {
		var stack drawing.Stack
		var places []string
		for i, program := range l.Programs {
			bar := make([]float64, len(parts))
			for k, part := range parts {
				if part.Label == program {
					bar[k] = l.Seconds[i]
				}
			}
			stack.Add(bar)
			places = append(places, program+"\n"+words.Significant(l.Seconds[i], 2)+" s")
		}
		sh.AddStack(drawing.Words{Title: l.Title, Y: "seconds"}, drawing.PlacesAxis(places), stack, parts, 0)
	}
	drawn, err := sh.Draw()
	if err != nil {
		return nil, err
	}
	return drawing.StandaloneSVG(drawn.SVG), nil
}

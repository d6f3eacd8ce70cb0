package drawing_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

// A figure of one panel with one curve. Browsers show the curve's label under the mouse.
func Example() {
	curve := drawing.Curve{Class: "series", Label: "voxfit, 8 CPUs", Colour: drawing.Colour(0), Mark: drawing.Mark(0), Width: 1.5,
		Points: []drawing.Point{{X: 1, Y: 8}, drawing.Around(8, 1.1, 0.1), {X: 64, Y: 1}}}
	xs, ys := drawing.EmptyRange(), drawing.EmptyRange()
	curve.Extend(&xs, &ys)

	sheet := drawing.Sheet{Title: "Time"}
	x := xs.LogAxis(1.3, drawing.PowerTicks{Label: drawing.PowerLabel})
	y := ys.ValueAxis(drawing.Value{Label: func(x float64) string { return fmt.Sprint(x) }})
	sheet.AddCurves(drawing.Words{Title: "Diffusion tensor", X: "number of chunks", Y: "time (s)"}, x, y, []drawing.Curve{curve})
	drawn, err := sheet.Draw()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(string(drawn.SVG), "<title>voxfit, 8 CPUs</title>"))
	// Output: true
}

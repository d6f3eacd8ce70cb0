package drawing

import (
	"strings"
	"testing"
)

// An interval is seldom as long above a median as below it.
func TestAPointSaysItsIntervalAsItIs(t *testing.T) {
	curve := Curve{Class: "series", Label: "avx2", Colour: Colour(0), Mark: Mark(0), Width: 1, Points: []Point{
		{X: 1, Y: 1, Low: 0.97, High: 1.16, Place: "d5ba5c7"}, Around(2, 4, 0.25), {X: 3, Y: 2}}}
	xs, ys := EmptyRange(), EmptyRange()
	curve.Extend(&xs, &ys)
	if ys.Low != 0.97 || ys.High != 4.25 {
		t.Errorf("the axis goes from %g to %g, want 0.97 to 4.25", ys.Low, ys.High)
	}
	var sheet Sheet
	sheet.AddCurves(Words{X: "commit", Y: "time"}, xs.LogAxis(1.3, PlaceTicks{}), ys.ValueAxis(Value{Label: PowerLabel}), []Curve{curve})
	drawn, err := sheet.Draw()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"avx2; commit d5ba5c7; time 1 (0.970 to 1.16)<", "avx2; commit 2; time 4 ± 0.250<", "avx2; commit 3; time 2<"} {
		if !strings.Contains(string(drawn.SVG), want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

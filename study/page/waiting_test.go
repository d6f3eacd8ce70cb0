package page_test

import (
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study/page"
)

func TestAFigureOfWaitingHasABarForEachProgramWithItsSeconds(t *testing.T) {
	svg, err := page.WaitingFigure("From a file to maps", []page.WaitingLine{
		{"diffusion tensor", []string{"voxfit", "MRtrix3"}, []float64{1.42, 5.1}},
		{"CSD", []string{"voxfit", "MRtrix3", "DIPY"}, []float64{3.4, 61, 240}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"From a file to maps", "diffusion tensor", "1.4 s", "5.1 s", "3.4 s", "61 s", "240 s", "<title>DIPY</title>"} {
		if !strings.Contains(string(svg), words) {
			t.Errorf("the figure has no %q", words)
		}
	}
}

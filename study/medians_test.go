package study_test

import (
	"testing"

	"github.com/voxfit/voxfit/study"
)

func TestAFileOfMediansIsToldFromRuns(t *testing.T) {
	var runs, medians, others []study.Record
	for chunks := 1; chunks <= 32; chunks *= 2 {
		for _, scatter := range []float64{0.9, 1, 1.2} {
			r := study.Record{Engine: "ray", Model: "M", NumVox: 100, CPUCount: 8, NumChunks: chunks, Time: scatter * float64(chunks)}
			runs = append(runs, r)
			if scatter == 1 {
				medians = append(medians, r)
				r.Time *= 1.01
				others = append(others, r)
			}
		}
	}
	if !study.HasMediansOf(medians, runs) {
		t.Error("medians are not told from runs")
	}
	for name, pair := range map[string][2][]study.Record{
		"runs beside the medians": {runs, medians}, "other runs": {others, runs}, "four settings": {medians[:4], runs}, "medians twice": {medians, medians},
	} {
		if study.HasMediansOf(pair[0], pair[1]) {
			t.Errorf("%s are taken for medians", name)
		}
	}
}

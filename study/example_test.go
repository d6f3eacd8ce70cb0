package study_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/study"
)

// A study writes a row as each run ends, skips the runs that are already there when it is taken up
// again, and summarises them all at the end.
func Example() {
	dir, err := os.MkdirTemp("", "study")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	runs, err := study.OpenLog(filepath.Join(dir, "runs.csv"))
	if err != nil {
		log.Fatal(err)
	}
	seconds := map[string][]float64{"voxfit-serial": {8.0, 8.2, 7.8}, "voxfit": {2.1, 2.0, 2.2}}
	for _, engine := range []string{"voxfit-serial", "voxfit"} {
		for i, time := range seconds[engine] {
			run := study.Record{Engine: engine, Model: "TensorModel", NumVox: 100000, NumChunks: 16, CPUCount: 4, Run: i + 1}
			if engine == "voxfit-serial" {
				run.NumChunks, run.CPUCount = 1, 1
			}
			if runs.Done(run.Key()) {
				continue
			}
			run.Time = time // here the run is made and timed
			if err := runs.Append(run); err != nil {
				log.Fatal(err)
			}
		}
	}
	if err := runs.Close(); err != nil {
		log.Fatal(err)
	}

	records, err := study.ReadRecords(filepath.Join(dir, "runs.csv"))
	if err != nil {
		log.Fatal(err)
	}
	summary := study.Summarise(records, study.Options{})
	best := summary.Lines[0].Best()
	fmt.Printf("%.1f s, speed-up %.2f, efficiency %.2f\n", best.Time.Median, best.SpeedUp.Median, best.Efficiency.Median)
	// Output: 2.1 s, speed-up 3.81, efficiency 0.95
}

// The published study's report implies its serial times.
func ExamplePublishedSerial() {
	for _, s := range study.PublishedSerial() {
		fmt.Printf("%s %.0f s\n", s.Model, s.Seconds)
	}
	// Output:
	// ConstrainedSphericalDeconvModel 119 s
	// FreeWaterTensorModel 798 s
}

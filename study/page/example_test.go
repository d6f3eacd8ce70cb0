package page_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/page"
)

// The runs of a study become a table for the terminal, and a folder with one page to read.
func ExampleReport() {
	var records []study.Record
	for i, time := range []float64{2.0, 2.1, 1.9} {
		records = append(records,
			study.Record{Engine: "voxfit", Model: "TensorModel", NumVox: 100000, NumChunks: 16, CPUCount: 8, Run: i + 1, Time: time},
			study.Record{Engine: "voxfit-serial", Model: "TensorModel", NumVox: 100000, NumChunks: 1, CPUCount: 1, Run: i + 1, Time: 7 * time})
	}
	report := page.Report{Title: "A small study", Summary: study.Summarise(records, study.Options{})}
	if err := report.WriteTable(os.Stdout); err != nil {
		log.Fatal(err)
	}

	dir, err := os.MkdirTemp("", "page")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := report.Write(dir); err != nil {
		log.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range files {
		fmt.Println(filepath.Base(file))
	}
	// Output:
	// model              voxels  engine         CPUs  serial s  best s  ± 95%  chunks  speed-up  efficiency  inflation  others took  $ a run
	// Diffusion tensor  100,000  voxfit-serial     1      14.0    14.0    1.8       -         -           -          -            -        -
	// Diffusion tensor  100,000  voxfit            8      14.0    2.00   0.26      16      7.00        0.88          -            -  0.00019
	// index.html
	// summary.csv
}

package acq_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/acq"
)

// Reading the gradient files of a small acquisition, and seeing what is in them.
func Example() {
	directory, err := os.MkdirTemp("", "acq")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)
	bvals, bvecs := filepath.Join(directory, "dwi.bval"), filepath.Join(directory, "dwi.bvec")
	os.WriteFile(bvals, []byte("0 1000 1005 2000 5\n"), 0o644)
	os.WriteFile(bvecs, []byte("nan 1 0 0.6 0\nnan 0 1 0 0\nnan 0 0 0.8 1\n"), 0o644)

	g, warnings, err := acq.ReadGradients(bvals, bvecs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Len(), "volumes, warnings:", warnings)
	for _, s := range g.DIPYShells(acq.DIPYShellTolerance) {
		fmt.Println("b", s.Bval, "in volumes", s.Volumes)
	}
	fmt.Println("an image of 6 volumes does not fit:", g.CheckVolumes(6) != nil)
	// Output:
	// 5 volumes, warnings: []
	// b 2.5 in volumes [0 4]
	// b 1002.5 in volumes [1 2]
	// b 2000 in volumes [3]
	// an image of 6 volumes does not fit: true
}

func ExampleParseResponse() {
	r, err := acq.ParseResponse("0.0017,0.0003,0.0003,1000")
	fmt.Println(r.Evals, r.S0, err)

	_, err = acq.ParseResponse("1.7,0.3,0.3,1000") // in um2/ms
	fmt.Println(err)
	// Output:
	// [0.0017 0.0003 0.0003] 1000 <nil>
	// response "1.7,0.3,0.3,1000": found e1 = 1.7, expected a diffusivity in mm2/s, as 0.0017 (numbers in um2/ms are 1000 times as large)
}

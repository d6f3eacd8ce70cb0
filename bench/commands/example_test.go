package commands_test

import (
	"fmt"
	"os"

	"github.com/voxfit/voxfit/bench/commands"
)

// A report of one line, as Run returns it: the same maps by two programs.
func ExampleReport_WriteTable() {
	report := &commands.Report{
		CPUs: []int{0, 1}, Pinned: true, Rounds: 3,
		Lines: []commands.Line{{Model: "dti iwls", Voxels: 303328, Times: []commands.Times{
			{Engine: "voxfit", Commands: []string{"kbench fit dti dwi.nii.gz --method iwls"}, Wall: []float64{2, 1.8, 1.9}, CPU: []float64{3.5, 3.6, 3.4}, Peak: 1 << 29},
			{Engine: "MRtrix3", Commands: []string{"dwi2tensor dwi.nii.gz dt.nii"}, Wall: []float64{8, 7.2, 7.6}, CPU: []float64{14, 14, 14}, Peak: 1 << 30, Slower: 4},
		}}},
	}
	if err := report.WriteTable(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// From file to maps: medians of 3 interleaved rounds (lowest - highest), on CPUs 0 1, the image in memory before each run
	//
	// model      voxels   program   wall s          CPU s   peak memory   wall / voxfit
	// dti iwls   303328   voxfit    1.9 (1.8 - 2)   3.5     0.50 GiB      -
	// dti iwls   303328   MRtrix3   7.6 (7.2 - 8)   14      1.00 GiB      4 x
	//
	// timed      of        command
	// dti iwls   voxfit    kbench fit dti dwi.nii.gz --method iwls
	// dti iwls   MRtrix3   dwi2tensor dwi.nii.gz dt.nii
}

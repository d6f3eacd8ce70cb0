package compare_test

import (
	"fmt"

	"github.com/voxfit/voxfit/bench/compare"
)

// What can be compared, and how much of it at most.
func Example() {
	fmt.Println(compare.Models())
	fmt.Print(compare.Limits())
	// Output:
	// [csdm fwdtim msmt dti sfm]
	//   4096  csdm, csdm mixed, csdm mrtrix, dti wls, dti iwls, dti iwls -iter 0
	//   1024  fwdtim nls, fwdtim wls, msmt
	//    512  sfm nnls, sfm scipy
	//    128  sfm elasticnet
	//     24  msmt few
}

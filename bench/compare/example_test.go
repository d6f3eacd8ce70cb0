package compare_test

import (
	"fmt"

	"github.com/voxfit/voxfit/bench/compare"
)

// What can be compared, and how much of it at most.
func Example() {
	fmt.Println(compare.Models())
	fmt.Println(compare.Limits())
	// Output:
	// [csdm fwdtim msmt dti sfm]
	// csdm 4096, csdm mixed 4096, csdm mrtrix 4096, fwdtim nls 1024, fwdtim wls 1024, msmt 1024, msmt few 24, dti wls 4096, dti iwls 4096, dti iwls -iter 0 4096, sfm nnls 512, sfm scipy 512, sfm elasticnet 128
}

package words_test

import (
	"fmt"

	"github.com/voxfit/voxfit/study/internal/words"
)

func Example() {
	fmt.Println("The work on", words.Voxels(435686), "took", words.Significant(138.535, 3), "s on", words.CPUs([]int{8}), "in", words.Chunks(1))
	fmt.Println("A fit to", words.CPUs([]int{8, 16, 36}), "is off by", words.Percent(0.0487), "in", words.Count(3, "setting"))
	// Output:
	// The work on 435,686 voxels took 139 s on 8 CPUs in 1 chunk
	// A fit to 8, 16 and 36 CPUs is off by 4.9% in 3 settings
}

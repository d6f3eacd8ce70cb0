package kit_test

import (
	"fmt"

	"github.com/voxfit/voxfit/study/kit"
)

// The folder of the sweep's rows is named by the predictions that were written before.
func Example() {
	predictions := []byte(`{"predictions": []}`)
	fmt.Println(kit.SweepFolder(predictions))
	fmt.Println(kit.IsArchive("here.tar.gz"), kit.IsArchive("runs.csv"))
	// Output:
	// sweep-9bca0c4898f1
	// true false
}

package name_test

import (
	"fmt"

	"github.com/voxfit/voxfit/model/name"
)

// A model by its name on the command line, as it stands in a study's CSV, and as people read it.
func Example() {
	class := name.ClassOf("DTI")
	fmt.Println(class)
	fmt.Println(name.WordsOf(class))
	fmt.Println(name.WordsOf("a model of somebody else's"))
	// Output:
	// TensorModel
	// Diffusion tensor
	// a model of somebody else's
}

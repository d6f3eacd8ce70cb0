package name_test

import (
	"fmt"

	"github.com/voxfit/voxfit/model/name"
)

// A model has a name on the command line, a name in a study's CSV, and two for people.
func Example() {
	class := name.ClassOf("DTI")
	fmt.Println(class)
	fmt.Println(name.WordsOf(class) + ", " + name.ShortOf(class))
	fmt.Println(name.WordsOf("a model of somebody else's"))
	// Output:
	// TensorModel
	// Diffusion tensor, DTI
	// a model of somebody else's
}

// Package long says how much a test does: few of the sizes, voxels and draws over which it asserts the same in `make test`,
// all of them in `make test-long`. Nothing outside of tests imports it.
package long

import "os"

// Asked says whether all is to be done: whether $VOXFIT_LONG is set, as `make test-long` sets it.
func Asked() bool { return os.Getenv("VOXFIT_LONG") != "" }

// Of is all in long tests, and few in others.
func Of(all, few int) int {
	if Asked() {
		return all
	}
	return few
}

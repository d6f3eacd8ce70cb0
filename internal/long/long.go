// Package long says how much a test does: a few of its sizes, voxels and draws in `make test`, and all of them in `make
// test-long`. Nothing outside of tests imports it.
package long

import "os"

// Asked says whether tests run in full: whether $VOXFIT_LONG is set, as `make test-long` sets it.
func Asked() bool { return os.Getenv("VOXFIT_LONG") != "" }

// Of returns all in long tests, and few in others.
func Of(all, few int) int {
	if Asked() {
		return all
	}
	return few
}

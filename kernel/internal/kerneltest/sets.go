// Package kerneltest is what tests of micro-kernels share: memory between pages that may not be
// touched, and a walk over the instruction sets of this processor.
package kerneltest

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// ForEachSet runs a test once for each instruction set that there is code for, as a subtest of the
// set's name. One that is not among those available is skipped, or fails when the environment variable
// VOXFIT_REQUIRE names it, in a list with commas.
func ForEachSet(t *testing.T, available []string, test func(t *testing.T, name string)) {
	t.Helper()
	required := strings.Split(os.Getenv("VOXFIT_REQUIRE"), ",")
	for _, name := range []string{"avx512", "avx2"} {
		t.Run(name, func(t *testing.T) {
			switch {
			case slices.Contains(available, name):
				test(t, name)
			case slices.Contains(required, name):
				t.Fatalf("VOXFIT_REQUIRE names %s, which this build or processor has not", name)
			default:
				t.Skipf("this build or processor has no %s", name)
			}
		})
	}
}

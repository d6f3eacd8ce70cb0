package kerneltest

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// ForEachISA runs a test once for each instruction set that has assembly, as a subtest of the set's name. A set that
// this build or this processor lacks is skipped. If the environment variable VOXFIT_REQUIRE names it, in a list with
// commas, the test fails instead. Sets of other architectures are tried only if VOXFIT_REQUIRE names them.
func ForEachISA(t *testing.T, test func(t *testing.T, isa string)) {
	t.Helper()
	required := strings.Split(os.Getenv("VOXFIT_REQUIRE"), ",")
	for architecture, names := range sets.Known {
		for _, name := range names {
			if architecture != runtime.GOARCH && !slices.Contains(required, name) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				switch {
				case sets.Find(name) != nil:
					test(t, name)
				case slices.Contains(required, name):
					t.Fatalf("VOXFIT_REQUIRE names %s, which this build or processor has not", name)
				default:
					t.Skipf("this build or processor has no %s", name)
				}
			})
		}
	}
}

// AtLeastTwoSets skips a test that compares instruction sets with each other.
func AtLeastTwoSets(t *testing.T) {
	if n := len(sets.Native()); n < 2 {
		t.Skipf("compares instruction sets, and there are %d beside the portable code", n)
	}
}

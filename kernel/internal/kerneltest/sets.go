package kerneltest

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// architectures are those that the instruction sets are of.
var architectures = map[string]string{"avx512": "amd64", "avx2": "amd64", "neon": "arm64"}

// ForEachSet runs a test once for each instruction set that there is code for, as a subtest of the
// set's name. One that is not among those available is skipped, or fails when the environment variable
// VOXFIT_REQUIRE names it, in a list with commas. Those of other architectures are only looked for when
// named there.
func ForEachSet(t *testing.T, available []string, test func(t *testing.T, name string)) {
	t.Helper()
	required := strings.Split(os.Getenv("VOXFIT_REQUIRE"), ",")
	for _, name := range []string{"avx512", "avx2", "neon"} {
		if architectures[name] != runtime.GOARCH && !slices.Contains(required, name) {
			continue
		}
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

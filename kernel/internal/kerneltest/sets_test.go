package kerneltest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/amd64"
	"github.com/voxfit/voxfit/kernel/arm64"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// sets are the instruction sets of this processor.
func sets() []*ops.Set { return append(amd64.Sets(), arm64.Sets()...) }

var peaks = map[string]kernel.Throughput{}

// peakOf is the ceiling of this core with an instruction set, measured once in the process, for benchmarks to set their
// rates against.
func peakOf(b *testing.B, set *ops.Set) kernel.Throughput {
	b.Helper()
	if _, known := peaks[set.Name]; !known {
		peak, err := kernel.MeasureThroughput(set.Name, 50*time.Millisecond)
		if err != nil {
			b.Fatal(err)
		}
		peaks[set.Name] = peak
	}
	return peaks[set.Name]
}

// forEachTable runs a test with the table of one model in each set. A set that has none, so that the model runs on
// other code, is skipped.
func forEachTable[T any](t *testing.T, table func(*ops.Set) *T, test func(t *testing.T, k *T)) {
	t.Helper()
	var names []string
	for _, set := range sets() {
		names = append(names, set.Name)
	}
	kerneltest.ForEachSet(t, names, func(t *testing.T, name string) {
		k := table(sets()[slices.Index(names, name)])
		if k == nil {
			t.Skipf("%s has no kernels for this", name)
		}
		test(t, k)
	})
}

package kerneltest_test

import (
	"testing"
	"time"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

var ceilings = map[string]kernel.Throughput{}

// peakOf returns the peak of this core with an instruction set, measured once in the process. Benchmarks compare their
// rates with it.
func peakOf(b *testing.B, set *ops.Set) kernel.Throughput {
	b.Helper()
	if _, known := ceilings[set.Name]; !known {
		peak, err := kernel.MeasureThroughput(set.Name, 50*time.Millisecond)
		if err != nil {
			b.Fatal(err)
		}
		ceilings[set.Name] = peak
	}
	return ceilings[set.Name]
}

// forEachTable runs a test with the table of one model in each set. It skips a set that has no such table, because the
// model then runs on the portable code.
func forEachTable[T any](t *testing.T, table func(*ops.Set) *T, test func(t *testing.T, k *T)) {
	t.Helper()
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		k := table(sets.Find(isa))
		if k == nil {
			t.Skipf("%s has no kernels for this", isa)
		}
		test(t, k)
	})
}

// A driver that knows the lanes of one table relies on these relations for the others. Package ops documents them.
func TestTablesAgreeOnLanes(t *testing.T) {
	kerneltest.ForEachISA(t, func(t *testing.T, isa string) {
		set := sets.Find(isa)
		equal := func(what string, got, want int) {
			t.Helper()
			if got != want {
				t.Errorf("%s %d, want %d", what, got, want)
			}
		}
		if s := set.CSD; s != nil {
			equal("numbers of a stripe that lanes exceed", max(s.Lanes-s.Stripe, 0), 0)
			if s.Single != nil {
				equal("lanes of CSD in single precision", s.Single.Lanes, 2*s.Lanes)
				equal("numbers of a stripe in single precision that lanes exceed", max(s.Single.Lanes-s.Single.Stripe, 0), 0)
			}
		}
		if s := set.Peaks; s != nil {
			equal("lanes of peaks in double precision", s.Double.Lanes, set.CSD.Lanes)
			equal("lanes of peaks in single precision", s.Single.Lanes, 2*set.CSD.Lanes)
		}
		if s := set.NNLS; s != nil {
			equal("numbers of NNLS in single precision", s.Singles, 2*s.Lanes)
			equal("numbers of a vector of NNLS beside fours", s.Lanes%4, 0)
			equal("numbers that do not fill a vector of NNLS", ops.Chunk%s.Singles, 0)
			equal("bits that do not fill a byte of a tile of NNLS", s.Tile*s.Singles%8, 0)
		}
		if s := set.Tensor; s != nil {
			equal("voxels of a batch that do not fill a vector", ops.TensorBatch%s.Lanes, 0)
		}
		if s := set.TensorSingle; s != nil {
			equal("lanes of the tensor in single precision", s.Lanes, 2*set.Tensor.Lanes)
		}
		if s := set.GridSingle; s != nil {
			equal("lanes of the grid in single precision", s.Lanes, set.TensorSingle.Lanes)
		}
	})
}

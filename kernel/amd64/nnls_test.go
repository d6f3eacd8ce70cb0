package amd64_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/kernel/amd64"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// nnlsBench is csdBench for the steps of non-negative least squares.
type nnlsBench struct {
	csdBench
	steps *ops.NNLS
}

func forEachNNLSSet(t *testing.T, test func(b nnlsBench)) {
	sets := map[string]*ops.Set{}
	var names []string
	for _, set := range amd64.Sets() {
		if set.NNLS != nil {
			sets[set.Name] = set
			names = append(names, set.Name)
		}
	}
	kerneltest.ForEachSet(t, names, func(t *testing.T, name string) {
		for _, edge := range []kerneltest.Edge{kerneltest.Begin, kerneltest.End} {
			test(nnlsBench{csdBench{t, sets[name].CSD, rand.New(rand.NewPCG(3, 4)), edge}, sets[name].NNLS})
		}
	})
}

// misplaced are n zeros that begin eight bytes behind an aligned place.
func (b nnlsBench) misplaced(n int) []float64 { return b.zeros(n + 1)[1:] }

func TestPriceSubtractsRowsAndFindsTheLargest(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		for rows := range 131 {
			for _, tiles := range []int{1, 2, 4}[:1+rows%3] {
				n := tiles * b.steps.Tile * b.Lanes
				gram, x, bs := b.numbers((rows+1)*n), b.numbers(rows+1), b.numbers(n)
				offsets := kerneltest.Guarded[int](b.T, rows+1, b.edge)
				for i := range rows {
					offsets[i] = b.IntN(rows+1) * n * 8
				}
				shift := b.NormFloat64()
				want, largest := make([]float64, n), 0
				for j := range want {
					want[j] = bs[j] - shift
					for i := range rows {
						want[j] = math.FMA(-x[i], gram[offsets[i]/8+j], want[j])
					}
					if want[j] > want[largest] {
						largest = j
					}
				}
				w := b.misplaced(n)
				place := b.steps.Price(&w[0], &bs[0], &gram[0], &x[0], &offsets[0], rows, b.Lanes*8, shift, tiles)
				b.equalBits("prices", w, want)
				if place != largest {
					b.Fatalf("%d rows, %d tiles: the largest is %d, want %d", rows, tiles, place, largest)
				}
			}
		}
	})
}

func TestPriceTakesVectorsAtAnyStep(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		const apart = 3
		vectors := 2 * b.steps.Tile
		bs := b.numbers(((vectors-1)*apart + 1) * b.Lanes)
		w := b.zeros(vectors * b.Lanes)
		b.steps.Price(&w[0], &bs[0], nil, nil, nil, 0, apart*b.Lanes*8, 0, 2)
		for i := range vectors {
			b.equalBits("vector", w[i*b.Lanes:][:b.Lanes], bs[i*apart*b.Lanes:][:b.Lanes])
		}
	})
}

func TestPriceFindsTheFirstOfEqualsAndBearsNaN(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		n := b.steps.Tile * b.Lanes
		price := func(bs []float64) int {
			w := b.zeros(n)
			return b.steps.Price(&w[0], &bs[0], nil, nil, nil, 0, b.Lanes*8, 0, 1)
		}
		for first := range n {
			bs := b.zeros(n)
			for j := first; j < n; j++ {
				bs[j] = 1
			}
			if got := price(bs); got != first {
				b.Fatalf("of equals from %d on, %d was found", first, got)
			}
			bs[first] = math.NaN()
			if got := price(bs); got < 0 || got >= n {
				b.Fatalf("with NaN at %d the place is %d", first, got)
			}
		}
	})
}

func TestSumsAreThoseOfTheListedVectors(t *testing.T) {
	forEachNNLSSet(t, func(b nnlsBench) {
		for n := range 131 {
			x := b.vectors(n + 3)
			places := make([]int, n)
			for i := range places {
				places[i] = b.IntN(n + 3)
			}
			offsets := append(b.offsets(places), 0)
			sums := b.misplaced(3 * b.Lanes)
			b.steps.Sums(&sums[0], &x[0], &offsets[0], n)
			for lane := range b.Lanes {
				var all, positive, squares float64
				for _, p := range places {
					v := x[p*b.Lanes+lane]
					all += v
					positive += max(v, 0)
					squares = math.FMA(v, v, squares)
				}
				if lane == 1 && n > 0 { // all NaN: what max makes of it is open
					positive = sums[b.Lanes+lane]
				}
				b.equalBits("sums", []float64{sums[lane], sums[b.Lanes+lane], sums[2*b.Lanes+lane]}, []float64{all, positive, squares})
			}
		}
	})
}

// BenchmarkNNLSSteps times the steps with the sizes of the published study: 181 unknowns and six in use.
func BenchmarkNNLSSteps(b *testing.B) {
	const unknowns, inUse, measurements = 181, 6, 270
	for _, set := range amd64.Sets() {
		if set.NNLS == nil {
			continue
		}
		s, lanes := set.NNLS, set.CSD.Lanes
		report := func(b *testing.B, voxels int, operations float64) {
			ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N*voxels)
			b.ReportMetric(ns, "ns/voxel")
			b.ReportMetric(operations/ns, "GFLOP/s")
			b.ReportMetric(0, "ns/op")
		}
		b.Run(set.Name+"/Price", func(b *testing.B) {
			tile := s.Tile * lanes
			tiles := (unknowns + tile - 1) / tile
			n := tiles * tile
			gram, w, x := make([]float64, unknowns*n), make([]float64, n), make([]float64, inUse)
			offsets := make([]int, inUse)
			for i := range offsets {
				offsets[i] = i * 29 * n * 8
			}
			for b.Loop() {
				s.Price(&w[0], &gram[0], &gram[0], &x[0], &offsets[0], inUse, lanes*8, 0, tiles)
			}
			report(b, 1, 2*unknowns*inUse)
		})
		b.Run(set.Name+"/Sums", func(b *testing.B) {
			x, sums, offsets := make([]float64, measurements*lanes), make([]float64, 3*lanes), make([]int32, measurements)
			for i := range offsets {
				offsets[i] = int32(i * lanes * 8)
			}
			for b.Loop() {
				s.Sums(&sums[0], &x[0], &offsets[0], measurements)
			}
			report(b, lanes, 4*measurements)
		})
	}
}

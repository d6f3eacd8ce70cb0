package kerneltest_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
	"github.com/voxfit/voxfit/kernel/nnls"
	"github.com/voxfit/voxfit/kernel/peaks"
	"github.com/voxfit/voxfit/kernel/qp"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// plainSet is an instruction set in Go. Its vectors have any number of lanes, and its blocks have sizes that the
// registers of no processor would suggest. used counts the batches that drivers measure.
func plainSet(lanes int, used *int) *ops.Set {
	double, single := plainIteration[float64, float64](lanes), plainIteration[float32, int32](2*lanes)
	set := &ops.Set{Name: "plain", QP: plainQP(lanes), NNLS: plainNNLS(max(lanes, 4)), Peaks: plainPeaks(lanes), CSD: &ops.CSD{
		CSDIteration: *double.CSDIteration,
		PackFloat32: func(dst *float64, rows *float32, columns, stride int) {
			plainTranspose(lanes, dst, rows, columns, stride)
		},
		PackFloat64: double.Transpose,
		Inspect: func(seen, x *float64, offsets *int32, n int) {
			*used++
			double.inspect(seen, x, offsets, n)
		},
		Multiply: double.multiply,
		Below: func(sets *uint64, _ *byte, panels, x, thresholds *float64, count, columns, skip, words int) {
			double.below(sets, nil, panels, x, thresholds, count, columns, skip, words)
		},
		Single: &ops.CSDSingle{
			CSDIteration: *single.CSDIteration,
			Condition:    single.condition,
			Below: func(sets *uint64, nearest *float32, _ *byte, panels, x, thresholds *float32, count, columns, skip, words int) {
				single.below(sets, nearest, panels, x, thresholds, count, columns, skip, words)
			},
		},
	}}
	set.QP.Forward = double.forward
	spread, survey := set.Peaks.Spread, set.NNLS.SurveyFloat64
	set.Peaks.Spread = func(sums, values *float64, n int) {
		*used++
		spread(sums, values, n)
	}
	set.NNLS.SurveyFloat64 = func(sums, wide *float64, single *float32, row, weighted, weak *float64, n int) {
		*used++
		survey(sums, wide, single, row, weighted, weak, n)
	}
	return set
}

// at returns the numbers at a byte offset from a pointer.
func at[T any](pointer *T, bytes, n int) []T {
	return unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(pointer), bytes)), n)
}

// In double precision no set has as few lanes as two, or as many as sixteen.
func TestDriversTakeVectorsOfAnyWidth(t *testing.T) {
	kerneltest.Portable(t)
	g := kerneltest.ShellTable(t, 60)
	deconvolution, crossings := kerneltest.CSDDesign(t, g, 8), kerneltest.Crossings(g, 20, 3)
	sfm, err := model.NewSFM(g, model.SFMOptions{})
	if err != nil {
		t.Fatal(err)
	}
	inequalities, random := halfSpaces(), rand.New(rand.NewPCG(3, 4))
	noise := make([]float64, 20*inequalities.Measurements)
	for i := range noise {
		noise[i] = random.NormFloat64()
	}
	for _, precision := range []kernel.Precision{kernel.Double, kernel.Mixed} {
		fascicles := sfm.Design()
		deconvolution.Precision, fascicles.Precision = precision, precision
		takesAnyWidth(t, crossings, func(on kernel.Option) (kernel.Fitter, error) { return csd.New(deconvolution, on) })
		takesAnyWidth(t, crossings, func(on kernel.Option) (kernel.Fitter, error) { return nnls.NewSFM(fascicles, on) })
	}
	takesAnyWidth(t, noise, func(on kernel.Option) (kernel.Fitter, error) { return qp.New(inequalities, on) })
}

func takesAnyWidth(t *testing.T, signal []float64, newFitter func(on kernel.Option) (kernel.Fitter, error)) {
	t.Helper()
	fit := func(on kernel.Option) (n int, params []float64, status []kernel.Status) {
		f, err := newFitter(on)
		if err != nil {
			t.Fatal(err)
		}
		params, status = kerneltest.FitAll(f, signal)
		return f.Parameters(), params, status
	}
	n, want, wantStatus := fit(kernel.WithISA("generic"))
	for _, lanes := range []int{2, 16} {
		used := 0
		_, got, status := fit(func(r *sets.Request) { r.Set = plainSet(lanes, &used) })
		if used == 0 {
			t.Errorf("%d lanes: the set was not used", lanes)
		}
		for v, s := range status {
			// The last parameter may be what rounding leaves of a condition.
			if e := kerneltest.Relative(got[v*n:][:n-1], want[v*n:][:n-1]); s.Code != wantStatus[v].Code || !(e <= 1e-8) {
				t.Errorf("%d lanes, voxel %d: %v, the portable code says %v; parameters differ by %.2g", lanes, v, s.Code, wantStatus[v].Code, e)
			}
		}
	}
}

// Sets of lanes have 16 bits. Therefore eight lanes, and sixteen in single precision, are the most.
func TestPeaksTakeVectorsOfAnyWidth(t *testing.T) {
	kerneltest.Portable(t)
	sphere, random := sh.DefaultHemisphere(), rand.New(rand.NewPCG(5, 6))
	design := peaks.Design{
		Directions: sphere.Vertices, Edges: sphere.Edges, Coefficients: sh.Count(8), B: sh.Descoteaux07.Evaluate(8, sphere.Vertices),
		RelativeThreshold: 0.2, MinSeparation: 25, Max: 5, Refine: true,
	}
	values := design
	values.B, values.Coefficients, values.Refine = nil, len(sphere.Vertices), false
	for _, d := range []peaks.Design{design, values} {
		functions := make([]float64, 20*d.Coefficients)
		for i := range functions {
			functions[i] = random.NormFloat64()
		}
		want, wantGFA := peaksOf(t, d, functions, kernel.WithISA("generic"))
		for _, lanes := range []int{1, 2, 8} {
			used := 0
			got, gfa := peaksOf(t, d, functions, func(r *sets.Request) { r.Set = plainSet(lanes, &used) })
			if used == 0 {
				t.Errorf("%d lanes: the set was not used", lanes)
			}
			if !reflect.DeepEqual(got, want) || !slices.Equal(gfa, wantGFA) {
				t.Errorf("%d lanes: peaks or GFA are not those of the portable code", lanes)
			}
		}
	}
}

func peaksOf(t *testing.T, d peaks.Design, functions []float64, on kernel.Option) (all [][]peaks.Peak, gfa []float32) {
	t.Helper()
	finder, err := peaks.NewFinder(d, on)
	if err != nil {
		t.Fatal(err)
	}
	w := finder.NewWorker()
	for ; len(functions) > 0; functions = functions[min(w.Block()*d.Coefficients, len(functions)):] {
		n := min(w.Block(), len(functions)/d.Coefficients)
		w.Load(functions, d.Coefficients, n)
		for _, list := range w.Peaks()[:n] {
			all = append(all, slices.Clone(list))
		}
		gfa = append(gfa, w.GFA()[:n]...)
	}
	return all, gfa
}

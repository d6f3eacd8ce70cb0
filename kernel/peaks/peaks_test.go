package peaks_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/peaks"
	"github.com/voxfit/voxfit/sh"
	"pgregory.net/rapid"
)

// onVertices is a design whose coefficients are the values on its vertices: a ring of six, and a pole that is a
// neighbour of all of them.
func onVertices() peaks.Design {
	d := peaks.Design{Coefficients: 7, RelativeThreshold: 0.5, MinSeparation: 25, Max: 5, B: make([]float64, 49)}
	for i := range 6 {
		phi := float64(i) * math.Pi / 6 // half a ring: the antipodes are the other half
		d.Directions = append(d.Directions, [3]float64{math.Cos(phi), math.Sin(phi), 0})
		d.Edges = append(d.Edges, [2]int{i, (i + 1) % 6}, [2]int{i, 6})
	}
	d.Directions = append(d.Directions, [3]float64{0, 0, 1})
	for i := range 7 {
		d.B[i*7+i] = 1
	}
	return d
}

func newPeakWorker(t testing.TB, d peaks.Design) *peaks.Worker {
	t.Helper()
	f, err := peaks.NewFinder(d)
	if err != nil {
		t.Fatal(err)
	}
	return f.NewWorker()
}

// The expected indices are what dipy.reconst.recspeed.local_maxima and
// dipy.direction.peaks.peak_directions (DIPY 1.12) return for these values.
func TestPeaksFollowDIPYsRulesInEveryCornerCase(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float64
		change func(*peaks.Design)
		want   []int
	}{
		{"two maxima, the highest first", []float64{3, 1, 0, 4, 0, 1, 0}, nil, []int{3, 0}},
		{"equal maxima keep the order of vertices", []float64{4, 1, 0, 4, 0, 1, 0}, nil, []int{0, 3}},
		{"below half of the highest", []float64{1.9, 1, 0, 4, 0, 1, 0}, nil, []int{3}},
		{"exactly half of the highest", []float64{2, 1, 0, 4, 0, 1, 0}, nil, []int{3, 0}},
		{"the floor is taken off first", []float64{4, 2, 2, 6, 2, 2, 2}, nil, []int{3, 0}},
		{"below half above the floor", []float64{3.9, 2, 2, 6, 2, 2, 2}, nil, []int{3}},
		{"a negative floor counts as zero", []float64{1.9, -9, -9, 4, -9, -9, -9}, nil, []int{3}},
		{"both ends of a plateau, if far enough apart", []float64{4, 4, 0, 0, 0, 0, 0}, nil, []int{0, 1}},
		{"a plateau within the separation", []float64{4, 4, 0, 0, 0, 0, 0}, func(d *peaks.Design) { d.MinSeparation = 35 }, []int{0}},
		{"nearness to the antipode counts", []float64{4, 0, 0, 0, 0, 4, 0}, func(d *peaks.Design) { d.MinSeparation = 35 }, []int{0}},
		{"a constant", []float64{1, 1, 1, 1, 1, 1, 1}, nil, nil},
		{"zero", make([]float64, 7), nil, nil},
		{"nothing positive (DIPY: vertex 0)", []float64{-2, -2, -2, -1, -2, -2, -2}, nil, nil},
		{"nothing above zero (DIPY: vertex 0)", []float64{-2, -2, -2, 0, -2, -2, -2}, nil, nil},
		{"one positive maximum beside negative ones", []float64{-1, -2, -3, 1, -3, -2, -3}, nil, []int{3}},
		{"NaN", []float64{1, math.NaN(), 0, 0, 0, 0, 0}, nil, nil},
		{"at most Max", []float64{4, 0, 4, 0, 4, 0, 0}, func(d *peaks.Design) { d.Max = 2 }, []int{0, 2}},
	} {
		d := onVertices()
		if c.change != nil {
			c.change(&d)
		}
		var got []int
		for _, p := range newPeakWorker(t, d).Find(c.values) {
			got = append(got, p.Index)
			if p.Value != c.values[p.Index] || p.Direction != d.Directions[p.Index] {
				t.Errorf("%s: peak %+v does not have its vertex's value and direction", c.name, p)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: peaks at %v, want %v", c.name, got, c.want)
		}
	}
}

func hemisphereDesign(s *sh.Sphere, lmax int) peaks.Design {
	return peaks.Design{
		Directions: s.Vertices, Edges: s.Edges,
		Coefficients: sh.Count(lmax), B: sh.Descoteaux07.Evaluate(lmax, s.Vertices),
		RelativeThreshold: 0.5, MinSeparation: 25, Max: 5,
	}
}

// randomFunctions returns coefficients that fall off with the degree. Some functions are negative everywhere or nearly
// constant.
func randomFunctions(n, lmax int, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 2))
	var all []float64
	for i := range n {
		for _, term := range sh.Terms(lmax) {
			c := rng.NormFloat64() / float64(1+term.L)
			switch {
			case term.L == 0 && i%10 == 3:
				c = -3
			case term.L == 0:
				c = rng.Float64() * 2
			case i%10 == 4:
				c *= 1e-3
			}
			all = append(all, c)
		}
	}
	return all
}

func TestPeaksOfRandomFunctionsAreDIPYs(t *testing.T) {
	peer.Slow(t)
	for _, c := range []struct {
		sphere *sh.Sphere
		lmax   int
	}{{sh.Symmetric362Hemisphere(), 8}, {sh.DefaultHemisphere(), 8}, {sh.Symmetric362Hemisphere(), 12}, {sh.Symmetric362Hemisphere(), 4}} {
		n, count := 500, sh.Count(c.lmax)
		coefficients := randomFunctions(n, c.lmax, uint64(c.lmax))
		dipy := peer.DIPY(t, "peaks", peer.Arrays{
			"coefficients": peer.Matrix(coefficients, count),
			"vertices":     peer.Vectors(c.sphere.Vertices),
		}, map[string]any{"lmax": c.lmax})
		w := newPeakWorker(t, hemisphereDesign(c.sphere, c.lmax))
		different, worst, found := 0, 0.0, 0
		for i := range n {
			peaks := w.Find(coefficients[i*count:][:count])
			if dipy["count"].Data[i] == 1 && dipy["values"].Data[i*5] == 0 {
				dipy["count"].Data[i] = 0 // what DIPY gives for functions that are nowhere positive
			}
			found += len(peaks)
			same := float64(len(peaks)) == dipy["count"].Data[i]
			for k := 0; same && k < len(peaks); k++ {
				direction := dipy["directions"].Data[(i*5+k)*3:][:3]
				same = kerneltest.Relative(peaks[k].Direction[:], direction) < 1e-12 // the same vertex
				if same {
					worst = max(worst, math.Abs(peaks[k].Value-dipy["values"].Data[i*5+k]))
				}
			}
			if !same {
				different++
				t.Errorf("%s, lmax %d, function %d: peaks %v, DIPY has %v with values %v", c.sphere.Name, c.lmax, i, peaks,
					dipy["count"].Data[i], dipy["values"].Data[i*5:][:5])
			}
		}
		if !(worst <= 1e-12) {
			t.Errorf("%s, lmax %d: peak values differ by %.2g", c.sphere.Name, c.lmax, worst)
		}
		t.Logf("parity: %s, lmax %d: %d peaks of %d functions at DIPY's vertices but for %d, values within %.2g", c.sphere.Name, c.lmax, found, n, different, worst)
	}
}

func TestRefinedPeaksAreMaximaOfTheFunction(t *testing.T) {
	lmax, s := 8, sh.Symmetric362Hemisphere()
	coarse := newPeakWorker(t, hemisphereDesign(s, lmax))
	d := hemisphereDesign(s, lmax)
	d.Refine = true
	fine := newPeakWorker(t, d)
	rapid.Check(t, func(t *rapid.T) {
		f := randomFunctions(1, lmax, rapid.Uint64().Draw(t, "seed"))
		vertices := slices.Clone(coarse.Find(f))
		peaks := fine.Find(f)
		if len(vertices) > 0 && (len(peaks) == 0 || peaks[0].Value < vertices[0].Value) {
			t.Fatalf("refined peaks %v are lower than the vertices %v", peaks, vertices)
		}
		at := func(v [3]float64) float64 {
			sum := 0.0
			for i, y := range sh.Descoteaux07.Evaluate(lmax, [][3]float64{v}) {
				sum += y * f[i]
			}
			return sum
		}
		for i, p := range peaks {
			value := at(p.Direction)
			if math.Abs(value-p.Value) > 1e-10 {
				t.Fatalf("peak %d has value %v, the function %v", i, p.Value, value)
			}
			if i > 0 && p.Value > peaks[i-1].Value {
				t.Fatalf("peaks are not in order: %v", peaks)
			}
			for axis := range 3 {
				for _, sign := range []float64{-1e-4, 1e-4} {
					beside := p.Direction
					beside[axis] += sign
					if at(beside) > value+1e-12 {
						t.Fatalf("peak %d is not a maximum: %v there, %v beside it", i, value, at(beside))
					}
				}
			}
		}
	})
}

func TestRefinedPeakOfASharpFunctionIsItsAxis(t *testing.T) {
	lmax, s := 8, sh.Symmetric362Hemisphere()
	d := hemisphereDesign(s, lmax)
	d.Refine = true
	w := newPeakWorker(t, d)
	rng := rand.New(rand.NewPCG(8, 8))
	for range 100 {
		axis := kerneltest.RandomAxis(rng)
		peaks := w.Find(sh.Descoteaux07.Evaluate(lmax, [][3]float64{axis})) // a delta cut at lmax
		cosine := 0.0
		for k, x := range peaks[0].Direction {
			cosine += x * axis[k]
		}
		if sine := math.Sqrt(max(0, 1-cosine*cosine)); sine > 1e-7 {
			t.Errorf("peak of a delta along %v is %v, %.2g rad away", axis, peaks[0].Direction, sine)
		}
	}
}

func TestFindingPeaksDoesNotAllocate(t *testing.T) {
	d := hemisphereDesign(sh.Symmetric362Hemisphere(), 8)
	f := randomFunctions(1, 8, 1)
	for _, d.Refine = range []bool{false, true} {
		w := newPeakWorker(t, d)
		if n := testing.AllocsPerRun(10, func() { w.Find(f) }); n != 0 {
			t.Errorf("refine %v: %v allocations", d.Refine, n)
		}
	}
}

func TestPeakDesignErrorsNameTheField(t *testing.T) {
	for _, c := range []struct {
		want  string
		spoil func(d *peaks.Design)
	}{
		{"0 Directions", func(d *peaks.Design) { d.Directions = nil }},
		{"B has 48 values", func(d *peaks.Design) { d.B = d.B[1:] }},
		{"B[3] is NaN", func(d *peaks.Design) { d.B[3] = math.NaN() }},
		{"RelativeThreshold is 2", func(d *peaks.Design) { d.RelativeThreshold = 2 }},
		{"MinSeparation is NaN", func(d *peaks.Design) { d.MinSeparation = math.NaN() }},
		{"Max is 0", func(d *peaks.Design) { d.Max = 0 }},
		{"Directions[1] is", func(d *peaks.Design) { d.Directions[1][0] = 3 }},
		{"Edges[2] is [7 1]", func(d *peaks.Design) { d.Edges[2] = [2]int{7, 1} }},
		{"7 coefficients are not all even harmonics", func(d *peaks.Design) { d.Refine = true }},
	} {
		d := onVertices()
		c.spoil(&d)
		if _, err := peaks.NewFinder(d); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want one with %q", err, c.want)
		}
	}
	d := hemisphereDesign(sh.Symmetric362Hemisphere(), 8)
	d.Refine = true
	d.B[5*45+40] += 1
	if _, err := peaks.NewFinder(d); err == nil || !strings.Contains(err.Error(), "not made of the even harmonics") {
		t.Errorf("error is %v, want one about B", err)
	}
}

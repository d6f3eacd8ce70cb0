package peaks

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/ref"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// Design says on which directions, and by which rules, peaks are found. It is for functions on the sphere that have the
// same value in opposite directions.
type Design struct {
	// Directions are the vertices of a hemisphere, as unit vectors. Edges are the pairs of them that are neighbours,
	// including those across the rim.
	Directions [][3]float64
	Edges      [][2]int
	// Coefficients is the number of coefficients of a function, for example of spherical harmonics. B gives the values
	// in Directions: it is len(Directions) x Coefficients, row-major. Where B is nil, a function is given by its
	// values, and Coefficients is their number.
	Coefficients int
	B            []float64
	// RelativeThreshold is the least height of a peak, relative to that of the highest peak. Heights are above a floor,
	// which is the smallest value of the function but at least zero. DIPY's default is 0.5.
	RelativeThreshold float64
	// MinSeparation is an angle in degrees. Of two peaks that are closer, only the higher is kept. DIPY's default is
	// 25.
	MinSeparation float64
	// Max is the largest number of peaks of a function. DIPY's default is 5.
	Max int
	// Refine moves each peak from its vertex to the maximum of the function nearby, as MRtrix3's sh2peaks does. DIPY
	// does not do this.
	Refine bool
}

// A Finder finds the peaks of functions. It never changes, and all workers share it.
type Finder struct {
	design    Design
	edges     [][2]int32
	values    *ref.Panels // nil where functions are given by their values
	minCosine float64
	degree    int         // of the polynomials in which peaks climb; -1 without Refine
	monomials *ref.Panels // from SH coefficients to the weights of monomials
	lanes     *laneDesign // nil where only the portable code serves
}

// NewFinder checks the design and prepares its matrices. opts choose the instruction set. Refine needs at least as many
// Directions as Coefficients, and a B that has all even harmonics up to some degree. The error names the field that is
// wrong.
func NewFinder(d Design, opts ...kernel.Option) (*Finder, error) {
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("kernel: peak design: %w", err)
	}
	set, err := sets.Choose(opts)
	if err != nil {
		return nil, err
	}
	f := &Finder{
		design: d, edges: make([][2]int32, len(d.Edges)), degree: -1,
		minCosine: math.Cos(math.Pi / 180 * d.MinSeparation),
	}
	if d.B != nil {
		f.values = ref.NewPanels(d.B, len(d.Directions), d.Coefficients)
	}
	for i, e := range d.Edges {
		f.edges[i] = [2]int32{int32(e[0]), int32(e[1])}
	}
	if d.Refine {
		if err := f.prepareRefinement(); err != nil {
			return nil, fmt.Errorf("kernel: peak design: %w", err)
		}
	}
	if set.Peaks != nil && set.CSD != nil {
		f.lanes = newLaneDesign(&f.design, set.Peaks, set.CSD)
	}
	return f, nil
}

func (d *Design) check() error {
	n := len(d.Directions)
	switch {
	case n == 0 || d.Coefficients < 1:
		return fmt.Errorf("%d Directions and %d Coefficients, must be at least 1 each", n, d.Coefficients)
	case d.B == nil && d.Coefficients != n:
		return fmt.Errorf("%d Coefficients, must be the %d values in Directions where there is no B", d.Coefficients, n)
	case d.B == nil && d.Refine:
		return fmt.Errorf("field Refine: there is no B, must be the harmonics that are refined between Directions")
	case d.B != nil && len(d.B) != n*d.Coefficients:
		return fmt.Errorf("field B has %d values, expected %d (Directions) x %d (Coefficients)", len(d.B), n, d.Coefficients)
	case !(d.RelativeThreshold >= 0 && d.RelativeThreshold <= 1):
		return fmt.Errorf("RelativeThreshold is %v, must be from 0 to 1", d.RelativeThreshold)
	case !(d.MinSeparation >= 0 && d.MinSeparation <= 90):
		return fmt.Errorf("MinSeparation is %v, must be from 0 to 90 degrees", d.MinSeparation)
	case d.Max < 1:
		return fmt.Errorf("field Max is %d, must be at least 1", d.Max)
	}
	for i, v := range d.Directions {
		if length := v[0]*v[0] + v[1]*v[1] + v[2]*v[2]; !(math.Abs(length-1) < 1e-6) {
			return fmt.Errorf("field Directions[%d] is %v, must be a unit vector", i, v)
		}
	}
	for i, e := range d.Edges {
		if e[0] < 0 || e[1] < 0 || e[0] >= n || e[1] >= n {
			return fmt.Errorf("field Edges[%d] is %v, must name two of %d directions", i, e, n)
		}
	}
	for i, v := range d.B {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("field B[%d] is %v, must be finite", i, v)
		}
	}
	return nil
}

// A Peak is a local maximum of a function.
type Peak struct {
	Direction [3]float64 // a unit vector
	// Value is the function's value there, in the unit of the function.
	Value float64
	Index int // of the vertex at which the peak was found
}

// portableBlock is how many functions a worker of the portable code takes at a time.
const portableBlock = 16

// A Worker finds peaks in the scratch that it owns. It is not safe for use by two goroutines at a time. It does not
// allocate.
//
// Load takes up to Block functions. Peaks and GFA then return what they find of each. On every instruction set, the
// results are those of the portable code to the last bit.
type Worker struct {
	finder     *Finder
	values     []float64
	scratch    *ref.Peaks
	found      []Peak
	climbs     []climb
	polynomial *ref.Polynomial
	weights    []float64

	functions []float64 // loaded
	stride, n int
	peaks     [][]Peak  // of each loaded function
	gfa       []float32 // of each loaded function
	lanes     *laneWorker
}

// NewWorker allocates the scratch of one worker.
func (f *Finder) NewWorker() *Worker {
	n := len(f.design.Directions)
	w := &Worker{finder: f, scratch: ref.NewPeaks(n)}
	if f.values != nil {
		w.values = make([]float64, f.values.PaddedRows())
	}
	if f.design.Refine {
		w.found = make([]Peak, 0, n)
		w.polynomial = ref.NewPolynomial(f.degree)
		w.weights = make([]float64, f.monomials.PaddedRows())
	}
	block := portableBlock
	if f.lanes != nil {
		w.lanes = newLaneWorker(f.lanes)
		block = f.lanes.block()
		if f.design.Refine {
			w.lanes.climbers = newClimbers(f.degree, f.design.Coefficients, f.lanes.steps.Double.Lanes)
		}
	}
	if f.design.Refine {
		w.climbs = make([]climb, 0, block*n)
	}
	w.gfa, w.peaks = make([]float32, block), make([][]Peak, block)
	most := min(f.design.Max, n)
	all := make([]Peak, block*most)
	for i := range w.peaks {
		w.peaks[i] = all[i*most:][:0:most]
	}
	return w
}

// Block returns how many functions Load takes at most.
func (w *Worker) Block() int { return len(w.gfa) }

// Load takes n functions, at most Block. They are the first Coefficients numbers of n rows, which are stride numbers
// apart. The worker reads them until the next Load. Load panics where there are fewer numbers.
func (w *Worker) Load(functions []float64, stride, n int) {
	c := w.finder.design.Coefficients
	if n < 1 || n > w.Block() || stride < c || len(functions) < (n-1)*stride+c {
		panic(fmt.Sprintf("kernel: %d functions with stride %d in %d numbers, of %d coefficients, at most %d",
			n, stride, len(functions), c, w.Block()))
	}
	w.functions, w.stride, w.n = functions, stride, n
	if w.lanes != nil {
		w.lanes.load(functions, stride, n)
	}
}

func (w *Worker) function(i int) []float64 {
	return w.functions[i*w.stride:][:w.finder.design.Coefficients]
}

// Peaks returns the peaks of each loaded function, the highest first, at most Max. They are valid until the next call.
//
// The rules are those of DIPY's peak_directions:
//
//   - A vertex is a local maximum when it is higher than at least one neighbour and lower than none. A plateau
//     therefore has several maxima, and a constant has none.
//   - Equal maxima keep the order of the vertices.
//   - A single maximum is a peak. Of several, those that pass RelativeThreshold and MinSeparation are peaks.
//
// Only positive maxima count. A function that is nowhere positive has no peaks, and neither has one with a NaN. (DIPY
// 1.12 gives a function that is nowhere positive one peak, vertex 0 with value 0. This is an accident of its sorting.)
//
// With Refine, each of these peaks then climbs to the maximum near it, and the peaks are ordered again. Where two are
// now closer than MinSeparation, only the higher is kept.
func (w *Worker) Peaks() [][]Peak {
	w.climbs = w.climbs[:0]
	if w.lanes != nil {
		w.findInLanes()
	} else {
		for i := range w.n {
			w.findPortably(i)
		}
	}
	if w.finder.design.Refine {
		w.refineAll()
	}
	return w.peaks[:w.n]
}

// GFA returns the generalised fractional anisotropy of each loaded function, as DIPY's gfa computes it from the n
// values x in Directions: sqrt(n sum (x - mean)^2 / ((n-1) sum x^2)). Sums are added up in order, and the result is
// rounded to single precision, which maps have. It is 0 where every square is zero. The slice is valid until the next
// call.
func (w *Worker) GFA() []float32 {
	if w.lanes != nil {
		w.spreadInLanes()
		return w.gfa[:w.n]
	}
	for i := range w.n {
		w.gfa[i] = w.portableGFA(i)
	}
	return w.gfa[:w.n]
}

// sample returns the values of a function at the vertices.
func (w *Worker) sample(i int) []float64 {
	f := w.finder
	if f.values == nil {
		return w.function(i)
	}
	f.values.Multiply(w.values, w.function(i))
	return w.values[:len(f.design.Directions)]
}

func (w *Worker) portableGFA(i int) float32 { return float32(ref.GFA(w.sample(i))) }

func (w *Worker) findPortably(i int) {
	f := w.finder
	w.scratch.Find(w.sample(i), f.design.Directions, f.edges, f.design.RelativeThreshold, f.minCosine)
	w.keep(i, w.scratch)
}

// keep takes what was found at vertices as the peaks of a function. With Refine it lists them for refinement instead.
func (w *Worker) keep(i int, p *ref.Peaks) {
	d := &w.finder.design
	if d.Refine {
		for k, v := range p.Index {
			w.climbs = append(w.climbs, climb{i, Peak{Direction: d.Directions[v], Value: p.Value[k], Index: v}})
		}
		return
	}
	w.peaks[i] = w.peaks[i][:min(len(p.Index), d.Max)]
	for k := range w.peaks[i] {
		peak, v := &w.peaks[i][k], p.Index[k]
		peak.Direction, peak.Value, peak.Index = d.Directions[v], p.Value[k], v
	}
}

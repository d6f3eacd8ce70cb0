package kernel

import (
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// csdLanes is a CSD made ready for kernels that fit one voxel in each lane of a vector: all matrices
// and tables in the layouts of ops.CSD. Directions are in an order of their own, see groupDirections.
type csdLanes struct {
	*csd
	steps             *ops.CSD
	zeroth, tau       float64
	maxIterations     int
	startCoefficients int

	volumes    []int32 // offsets of the volumes in the packed signal
	unknowns   []int32 // offsets of consecutive vectors, one for each coefficient
	transposed panels  // X^T
	start      panels  // first rows of the inverse of P
	amplitudes panels  // B

	directions int
	words      int // of a set of directions

	harmonics int       // in use of a voxel's moments, the cosines and the sines
	moments   int       // numbers of a voxel's moments, padded to whole stripes
	table     []float64 // sums of the moments of groups of directions
	complete  []float64 // the moments of all directions

	tiles   int // in a row or column of the normal matrix
	weights []float64
	twins   []int32
	pairs   []int32
}

const (
	twinFields = 12
	pairFields = 4
)

func newCSDLanes(d CSDDesign, portable *csd, steps *ops.CSD) *csdLanes {
	n := d.Coefficients
	l := &csdLanes{
		csd: portable, steps: steps, startCoefficients: d.StartCoefficients,
		zeroth: d.B[0], tau: d.Tau, maxIterations: d.MaxIterations,
		directions: d.directions(), words: (d.directions() + 63) / 64,
		harmonics: 2 * d.Gram.Moments, moments: roundUp(2*d.Gram.Moments, steps.Stripe),
		tiles: roundUp(n, steps.Tile) / steps.Tile,
	}
	for _, v := range d.Volumes {
		l.volumes = append(l.volumes, l.vectors(v))
	}
	for i := range n {
		l.unknowns = append(l.unknowns, l.vectors(i))
	}
	m := len(d.Volumes)
	l.transposed = newPanels(n, m, steps.Panel, func(r, c int) float64 { return d.X[c*n+r] })
	inverse := portable.ref.InverseRows(d.StartCoefficients)
	l.start = newPanels(d.StartCoefficients, n, steps.Panel, func(r, c int) float64 { return inverse[r*n+c] })
	order := groupDirections(&d)
	l.amplitudes = newPanels(len(order), n, steps.Panel, func(r, c int) float64 { return d.B[order[r]*n+c] })
	l.table = groupTable(&d, order, l.moments)
	l.complete = alignedFloats(l.moments)
	for m := range d.Gram.Moments {
		l.complete[2*m], l.complete[2*m+1] = portable.ref.Complete()[m], portable.ref.Complete()[d.Gram.Moments+m]
	}
	l.layRecords(&d.Gram)
	return l
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// vectors is the size in bytes of n vectors.
func (l *csdLanes) vectors(n int) int32 { return int32(n * l.steps.Lanes * 8) }

// entry is the offset of an entry of the normal matrix that is named by its place in a packed lower
// triangle by rows.
func (l *csdLanes) entry(packed int32) int32 {
	row := 0
	for ref.Triangle(row+1) <= int(packed) {
		row++
	}
	return l.vectors(l.place(row, int(packed)-ref.Triangle(row)))
}

// place is the number of the vector of an entry in the triangle of tiles.
func (l *csdLanes) place(row, column int) int {
	t := l.steps.Tile
	return (ref.Triangle(row/t)+column/t)*t*t + column%t*t + row%t
}

// triangle is the number of vectors of the normal matrix, and of one more that takes the results that
// nobody needs.
func (l *csdLanes) triangle() (vectors, spare int) {
	vectors = ref.Triangle(l.tiles) * l.steps.Tile * l.steps.Tile
	return vectors + 1, vectors
}

// panels is a matrix in the layout that ops.CSD names.
type panels struct {
	data           []float64
	count, columns int
	rows           int // those that fill up the last panel included
}

func newPanels(rows, columns, size int, at func(r, c int) float64) panels {
	count := roundUp(rows, size) / size
	p := panels{data: alignedFloats(count * size * columns), count: count, columns: columns, rows: count * size}
	for r := range rows {
		for c := range columns {
			p.data[(r/size*columns+c)*size+r%size] = at(r, c)
		}
	}
	return p
}

// cacheLine is the alignment of vectors and of what a core fetches at once, in bytes.
const cacheLine = 64

// alignedFloats allocates numbers from the beginning of a cache line on.
func alignedFloats(n int) []float64 {
	const spare = cacheLine/8 - 1
	values := make([]float64, n+spare)
	misplaced := uintptr(unsafe.Pointer(unsafe.SliceData(values))) / 8 % (spare + 1)
	first := (spare + 1 - int(misplaced)) % (spare + 1)
	return values[first:][:n:n]
}

package qp

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

const (
	// exactRounds is how many sets are tried for a voxel. Each corrects what was wrong with the one before.
	exactRounds = 8
	// exactTolerance bounds how far a solution may violate a constraint that is not in its set, and how far it may miss
	// the equations.
	exactTolerance = 1e-10
)

// exact solves for sets of constraints that hold with equality, one voxel in each lane. With D = 1/e for the
// constraints of the set, and 0 for the others, the equations are
//
//	(M + A^T D A) dx = z - M x + A^T (l - D (A x + e l)),   dl = -D (A dx + A x + e l)
//
// from any x and l. They are solved twice with one factorisation; the second time refines the first solution. Then A x
// outside of the set, and l within, say whether the set was right.
type exact struct {
	matrix
	voxels []voxel
	done   []bool
	count  int // lanes in use
	left   int // lanes that are not done

	records   []float64
	target, x []float64 // z and x
	product   []float64 // M x
	sums      []float64
	equation  []float64 // largest |M x - z - A^T l| over the largest |z|
	residuals []float64 // |H x - s|^2
	energies  []float64 // |s|^2
}

func newExact(l *laneFitter) exact {
	width := l.csd.Lanes
	return exact{
		matrix: newMatrix(l), voxels: make([]voxel, width), done: make([]bool, width),
		records: lanes.Aligned[float64](l.constraints * ops.QPRecord * width),
		target:  lanes.Aligned[float64](l.unknowns * width), x: lanes.Aligned[float64](l.unknowns * width),
		product: lanes.Aligned[float64](l.normal.Rows * width), sums: lanes.Aligned[float64](judgements * width), equation: make([]float64, width),
		residuals: make([]float64, width), energies: make([]float64, width),
	}
}

// These are the vectors that ops.QP.Judge writes.
const (
	leastConstraint = iota
	largestProduct
	leastMultiplier
	largestMultiplier
	changedSet
	judgements
)

// add gives a lane to a voxel. row is its row, and held has the marks of its set; nil is the empty set.
func (f *exact) add(v voxel, row, held []float64) {
	lane, lanes, n := f.count, f.csd.Lanes, f.unknowns
	f.count++
	f.left = f.count
	f.voxels[lane], f.done[lane], f.energies[lane] = v, false, row[len(row)-1]
	for i := range n {
		f.target[i*lanes+lane], f.x[i*lanes+lane] = row[i], row[n+i]
	}
	for i, c := range row[2*n:][:f.constraints] {
		record := f.records[i*ops.QPRecord*lanes+lane:]
		record[ops.QPSlack*lanes], record[ops.QPMultiplier*lanes], record[ops.QPHeld*lanes] = c, 0, 0
		if held != nil {
			record[ops.QPHeld*lanes] = held[i]
		}
	}
}

// solve solves for the present sets, measures the solutions, and corrects the sets.
func (f *exact) solve() {
	steps, m := f.steps, f.constraints
	steps.Hold(&f.records[0], &f.d[0], 1/f.epsilon, m)
	f.assemble()
	for pass := range 2 {
		steps.Press(&f.records[0], &f.d[0], &f.r[0], f.epsilon, m)
		f.gather(f.z, f.r, f.consecutive)
		f.multiplyNormal()
		for i, z := range f.target {
			f.z[i] += z - f.product[i]
		}
		if pass == 0 {
			f.matrix.solve()
		} else {
			f.solveAgain()
		}
		f.spread(f.adx, f.y)
		steps.Shift(&f.records[0], &f.d[0], &f.adx[0], f.epsilon, m)
		for i := range f.x {
			f.x[i] += f.y[i]
		}
	}
	f.measureEquation()
	steps.Judge(&f.sums[0], &f.records[0], exactTolerance, f.epsilon, m)
}

// multiplyNormal writes M x to product.
func (f *exact) multiplyNormal() {
	f.csd.Multiply(&f.product[0], &f.normal.Data[0], &f.x[0], &f.consecutive[0], f.normal.Count, f.unknowns)
}

// measureEquation finds in each lane how far the solution misses the equations, and what is left of the signal: |H x -
// s|^2 = |s|^2 + x (H^T H x - 2 z).
func (f *exact) measureEquation() {
	lanes := f.csd.Lanes
	f.gather(f.z, f.records, f.multipliers)
	f.multiplyNormal()
	for lane := range f.equation {
		most, largest, residual := 0.0, 0.0, f.energies[lane]
		for i := lane; i < len(f.target); i += lanes {
			most = math.Max(most, math.Abs(f.product[i]-f.target[i]-f.z[i]))
			largest = math.Max(largest, math.Abs(f.target[i]))
			residual += float64(f.x[i] * (f.product[i] - float64(f.ref.Shift()*f.x[i]) - float64(2*f.target[i])))
		}
		f.equation[lane] = most / largest
		f.residuals[lane] = math.Max(0, residual)
	}
}

func (f *exact) sum(kind, lane int) float64 { return f.sums[kind*f.csd.Lanes+lane] }

// sound says whether the set of a lane was right and its solution is exact.
func (f *exact) sound(lane int) bool {
	return !f.unsolved(lane) && f.sum(changedSet, lane) == 0 && f.equation[lane] <= exactTolerance &&
		f.sum(leastConstraint, lane) >= -exactTolerance
}

// write writes the parameters of a voxel.
func (f *exact) write(params []float64, lane int) {
	lanes, n, scale := f.csd.Lanes, f.unknowns, f.voxels[lane].scale
	for i := range n {
		params[i] = f.x[i*lanes+lane] * scale
	}
	most := f.sum(largestMultiplier, lane)
	params[n] = f.residuals[lane] * scale * scale
	params[n+1] = math.Max(f.equation[lane], share(-f.sum(leastMultiplier, lane), most))
	params[n+2] = 0 - f.sum(leastConstraint, lane)
	params[n+3] = share(f.sum(largestProduct, lane), most)
}

// share returns part/whole, and 0 where part is 0.
func share(part, whole float64) float64 {
	if part == 0 {
		return 0
	}
	return part / whole
}

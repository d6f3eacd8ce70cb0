package kerneltest_test

import (
	"math/rand/v2"
	"unsafe"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/qp"
)

// halfSpaces is a problem with more constraints than unknowns, for testEpsilon.
func halfSpaces() qp.Design {
	const measurements, unknowns, constraints = 30, 8, 21
	random := rand.New(rand.NewPCG(1, 8))
	numbers := func(n int) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = random.NormFloat64()
		}
		return values
	}
	d := qp.Design{Measurements: measurements, Unknowns: unknowns, H: numbers(measurements * unknowns), ConstraintNorm: testEpsilon}
	for i := range measurements {
		d.Volumes = append(d.Volumes, i)
	}
	d.Constraints = []qp.Constraints{{Columns: unknowns, A: numbers(constraints * unknowns)}}
	return d
}

// plainQP is the steps of qp except Forward, for any number of lanes and for testEpsilon.
func plainQP(lanes int) *ops.QP {
	return &ops.QP{
		Advance: func(sums, records, d, r, steps *float64, e float64, n int) {
			plainProblem(lanes, n, e, 1, sums, records, d, r, nil, steps).each(lanes, nil, advanced)
		},
		Predict: func(sums, records, d, adx *float64, e float64, n int) {
			p := plainProblem(lanes, n, e, 6, sums, records, d, nil, adx, nil)
			p.each(lanes, []float64{1: 1}, predicted)
			for lane := range lanes {
				p.sums[lanes+lane]--
			}
		},
		Centre: func(records, r, targets *float64, n int) {
			plainProblem(lanes, n, testEpsilon, 0, nil, records, nil, r, nil, targets).each(lanes, nil, centred)
		},
		Correct: func(sums, records, adx *float64, e float64, n int) {
			plainProblem(lanes, n, e, 2, sums, records, nil, nil, adx, nil).each(lanes, nil, corrected)
		},
		Hold: func(records, d *float64, weight float64, n int) {
			plainProblem(lanes, n, 1/weight, 0, nil, records, d, nil, nil, nil).each(lanes, nil, held)
		},
		Press: func(records, d, r *float64, e float64, n int) {
			plainProblem(lanes, n, e, 0, nil, records, d, r, nil, nil).each(lanes, nil, pressed)
		},
		Shift: func(records, d, adx *float64, e float64, n int) {
			plainProblem(lanes, n, e, 0, nil, records, d, nil, adx, nil).each(lanes, nil, shifted)
		},
		Judge: func(sums, records *float64, tolerance, e float64, n int) {
			plainProblem(lanes, n, e, 5, sums, records, nil, nil, nil, nil).each(lanes, nil, func(c *constraint, _ float64, sums []float64) {
				judgedWithin(tolerance, c, sums)
			})
		},
	}
}

// plainProblem is the memory with which a step is called. It is empty where a step has no such argument.
func plainProblem(lanes, n int, e float64, sums int, s, records, d, r, adx, v *float64) problem {
	if e != testEpsilon {
		panic("the steps are for another e")
	}
	vectors := func(p *float64, n int) []float64 {
		if p == nil {
			return make([]float64, n*lanes)
		}
		return unsafe.Slice(p, n*lanes)
	}
	return problem{n, vectors(s, sums), vectors(records, n*ops.QPRecord), vectors(d, n), vectors(r, n), vectors(adx, n), vectors(v, 1)}
}

// each takes every constraint of every lane through a step. It writes the totals of the step, which begin with the
// given sums, or with 0.
func (p problem) each(lanes int, start []float64, step func(c *constraint, v float64, sums []float64)) {
	for lane := range lanes {
		sums := make([]float64, len(p.sums)/lanes)
		copy(sums, start)
		for i := range p.n {
			c := p.constraint(i, lane, lanes)
			step(&c, p.v[lane], sums)
			for k, value := range c.f {
				p.records[(i*ops.QPRecord+k)*lanes+lane] = value
			}
			p.d[i*lanes+lane], p.r[i*lanes+lane] = c.d, c.r
		}
		for k, sum := range sums {
			p.sums[k*lanes+lane] = sum
		}
	}
}

// forward solves L y = y.
func (p plain[T, S]) forward(y, q, inverse *T, tiles int) {
	n := tiles * p.Tile
	for lane := range p.Lanes {
		factor, solution := p.lane(p.triangle(q, tiles), lane), p.lane(unsafe.Slice(y, n*p.Lanes), lane)
		for i := range n {
			for k := range i {
				solution[i] = fma(-factor[p.place(i, k)], solution[k], solution[i])
			}
			solution[i] *= unsafe.Slice(inverse, n*p.Lanes)[i*p.Lanes+lane]
			unsafe.Slice(y, n*p.Lanes)[i*p.Lanes+lane] = solution[i]
		}
	}
}

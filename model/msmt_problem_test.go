package model_test

import (
	"cmp"
	"math"
	"testing"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/peer"
	"github.com/voxfit/voxfit/kernel/qp"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
	"gonum.org/v1/gonum/mat"
)

// msmtProblem is the problem of msmt, computed from the definition in qp.Design: M = L L^T, and the rows a of A,
// divided by norms so that a^T M^-1 a = 1.
type msmtProblem struct {
	qp.Design
	shift    float64 // what is added to the diagonal of H^T H
	norms    []float64
	factor   mat.TriDense // L
	whitened *mat.Dense   // A L^-T, constraints x unknowns, with rows of length 1
}

func newMSMTProblem(t *testing.T, d qp.Design) *msmtProblem {
	t.Helper()
	d.SolutionNorm, d.ConstraintNorm = cmp.Or(d.SolutionNorm, 1e-10), cmp.Or(d.ConstraintNorm, 1e-10)
	p, n, normal := &msmtProblem{Design: d}, d.Unknowns, mat.NewSymDense(d.Unknowns, nil)
	normal.SymOuterK(1, mat.NewDense(len(d.Volumes), n, d.H).T())
	for i := range n {
		p.shift = max(p.shift, d.SolutionNorm*normal.At(i, i))
	}
	for i := range n {
		normal.SetSym(i, i, normal.At(i, i)+p.shift)
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(normal) {
		t.Fatal("M is not positive definite")
	}
	cholesky.LTo(&p.factor)
	var rows []float64
	for _, c := range d.Constraints {
		for first := 0; first < len(c.A); first += c.Columns {
			row := mat.NewVecDense(n, nil)
			for j, v := range c.A[first:][:c.Columns] {
				row.SetVec(c.First+j, v)
			}
			if err := row.SolveVec(&p.factor, row); err != nil {
				t.Fatal(err)
			}
			norm := mat.Norm(row, 2)
			row.ScaleVec(1/norm, row)
			p.norms, rows = append(p.norms, norm), append(rows, row.RawVector().Data...)
		}
	}
	p.whitened = mat.NewDense(len(p.norms), n, rows)
	return p
}

// objective returns the function that MRtrix3's solver minimises, computed from the definition in qp.Design.
func (p *msmtProblem) objective(x, signal []float32) float64 {
	sum := 0.0
	for i := range signal {
		r := -float64(signal[i])
		for j := range p.Unknowns {
			r += p.H[i*p.Unknowns+j] * float64(x[j])
		}
		sum += r * r / 2
	}
	for _, v := range x {
		sum += p.shift * float64(v) * float64(v) / 2
	}
	number := 0
	for _, c := range p.Constraints {
		for row := 0; row < len(c.A); row += c.Columns {
			v := 0.0
			for j, a := range c.A[row:][:c.Columns] {
				v += a * float64(x[c.First+j]) / p.norms[number]
			}
			v = min(v, 0)
			sum += v * v / 2 / p.ConstraintNorm
			number++
		}
	}
	return sum
}

// solve lets scipy solve the dual problem of each signal, and returns the solutions. With f = L^-1 H^T s and B the
// whitened rows, the multipliers l minimise |B^T l + f|^2 + e |l|^2 among those that are not negative, and L^T x = f +
// B^T l.
func (p *msmtProblem) solve(t *testing.T, signals []float32) (solutions [][]float64) {
	t.Helper()
	measurements, n, constraints := len(p.Volumes), p.Unknowns, len(p.norms)
	a := mat.NewDense(n+constraints, constraints, nil)
	a.Slice(0, n, 0, constraints).(*mat.Dense).Copy(p.whitened.T())
	for i := range constraints {
		a.Set(n+i, i, math.Sqrt(p.ConstraintNorm))
	}
	h := mat.NewDense(measurements, n, p.H)
	var y []float64
	var free []*mat.VecDense
	for v := range len(signals) / measurements {
		s, f := mat.NewVecDense(measurements, nil), mat.NewVecDense(n, nil)
		for i, x := range signals[v*measurements:][:measurements] {
			s.SetVec(i, float64(x))
		}
		f.MulVec(h.T(), s)
		if err := f.SolveVec(&p.factor, f); err != nil {
			t.Fatal(err)
		}
		row := make([]float64, n+constraints)
		for i := range n {
			row[i] = -f.AtVec(i)
		}
		y, free = append(y, row...), append(free, f)
	}
	multipliers := peer.DIPY(t, "nnls", peer.Arrays{"a": peer.Matrix(a.RawMatrix().Data, constraints), "y": peer.Matrix(y, n+constraints)}, nil)["x"]
	for v, x := range free {
		var pull mat.VecDense
		pull.MulVec(p.whitened.T(), mat.NewVecDense(constraints, multipliers.Row(v)))
		x.AddVec(x, &pull)
		if err := x.SolveVec(p.factor.T(), x); err != nil {
			t.Fatal(err)
		}
		solutions = append(solutions, x.RawVector().Data)
	}
	return solutions
}

// This shows that the problem is solved, without voxfit's own measures and without MRtrix3's stopping rule.
func TestMSMTIsScipysSolutionOfTheDualProblem(t *testing.T) {
	peer.Slow(t)
	const voxels = 64
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: voxels, SNR: 30})
	if err != nil {
		t.Fatal(err)
	}
	wm, gm, csf := phantom.Tissues()
	for _, norm := range []float64{0, 1e-5} {
		m, err := model.NewMSMT(p.Gradients, model.NameTissues([]acq.Response{wm, gm, csf}), model.MSMTOptions{NegLambda: norm})
		if err != nil {
			t.Fatal(err)
		}
		ours, all := fit(m, acquisition{p.Gradients, p.Signal}), &tally{}
		for v, want := range newMSMTProblem(t, m.Design()).solve(t, p.Signal) {
			difference, length := 0.0, 0.0
			for j, x := range want {
				difference += math.Pow(ours.row(v)[j]-x, 2)
				length += x * x
			}
			relative := math.Sqrt(difference / length)
			all.note(relative <= 1e-8, relative, "voxel %d (%v): differs by %.3g", v, ours.status[v].Code, relative)
		}
		all.want(t, 1, "coefficients within 1e-8 of the voxel's norm")
	}
}

package freewater

import (
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A newtonSlot is a lane and the voxel that is fitted in it.
type newtonSlot struct {
	busy  bool
	state slotState
	nlsVoxel

	descent   lanes.Descent[waterPoint]
	floor     float64 // the least value that p[6] may have
	reduction float64 // the relative reduction that the last exact and undamped step promised
	steps     int     // since the start
	turned    bool    // the trial point is not evaluated in this pass
}

type slotState uint8

const (
	slotRunning  slotState = iota
	slotNoisy              // needs a start from WLS
	slotDoubtful           // needs the second start
	slotDone
	slotHandedOver
)

// slotLimit is the number of steps after which a voxel leaves its lane.
const slotLimit = 60

// lastReduction is the predicted relative reduction of the sum of squares below which a step is the last. The portable
// code, whose limit is 1e-10, takes another step in some cases. That step gains less than 1e-13, because steps converge
// quadratically.
const lastReduction = 1e-9

// begin gives a lane to a voxel.
func (w *nlsWorker) begin(l int, v *nlsVoxel) {
	s := &w.slots[l]
	*s = newtonSlot{
		busy: true, nlsVoxel: *v, floor: math.Log2(reftensor.RoughTissue * v.s0),
		descent: lanes.Descent[waterPoint]{At: v.before, Squares: v.beforeSquares, Trial: v.start, Damping: lanes.Damping{Exact: v.exact}},
		steps:   v.taken,
	}
	if v.turn == dipyTurn {
		var tensor [6]float64
		for k := range tensor {
			tensor[k] = math.Ln2 * v.start.p[k]
		}
		w.dipy[l].Begin(&tensor, v.s0, v.start.c/v.s0)
		s.descent.Trial = binary(w.dipy[l].Trial())
	}
}

// binary returns the point whose p are given in units of natural logarithms.
func binary(p [7]float64, c float64) (at waterPoint) {
	for k, v := range p {
		at.p[k] = math.Log2E * v
	}
	at.c = c
	return at
}

// pass evaluates the model at every lane's trial point, and moves each lane on by a step.
func (w *nlsWorker) pass() {
	w.evaluate()
	for l := range w.slots {
		s := &w.slots[l]
		switch {
		case s.busy && s.turn == dipyTurn:
			w.follow(l)
		case s.busy:
			if s.descent.Judge(w.point.Squares[l]); s.descent.Lost {
				s.state = slotHandedOver
			}
		}
		if s.busy {
			w.system.Damping[l], w.system.Bound[l] = s.descent.Damping.Raise, s.descent.At.c
		}
	}
	w.lanes.Step(w.system)
	for l := range w.slots {
		if s := &w.slots[l]; s.busy && s.state == slotRunning && !s.descent.Damping.Again && s.turn != dipyTurn && !s.turned {
			s.step(w.lanes.model, w.system, l)
		}
	}
}

// follow moves a lane on in DIPY's way. At the end of that, Newton steps go on from the best point.
func (w *nlsWorker) follow(l int) {
	s, fit, squares := &w.slots[l], &w.dipy[l], w.point.Squares[l]
	var linear reftensor.Linearised
	switch {
	case squares < math.MaxFloat64:
		var gradient [8]float64
		var matrix [36]float64
		for k := range gradient {
			gradient[k] = w.system.Right[k][l]
		}
		for k := range matrix {
			matrix[k] = w.system.Matrix[k][l]
		}
		if !fit.FromNormal(&linear, &gradient, &matrix) {
			row := w.scratch.Signal()
			for i := range row {
				row[i] = w.signal[i][l]
			}
			linear = *w.scratch.Linearise(fit)
		}
	case fit.Overflows(w.lanes.model.Design):
		squares = math.NaN()
	}
	if !fit.Tell(squares, &linear) {
		s.descent.Trial = binary(fit.Trial())
		return
	}
	s.turn, s.turned, s.steps = lastTurn, true, fit.Evaluations()
	s.descent = lanes.Descent[waterPoint]{At: s.descent.At, Trial: binary(fit.Best()), Squares: math.Inf(1)}
	if !(s.descent.Trial.p[6] > s.floor) {
		s.state = slotHandedOver
	}
}

// evaluate computes the system of the Newton step at every lane's trial point.
func (w *nlsWorker) evaluate() {
	f, point, system := w.lanes, w.point, w.system
	for l := range w.slots {
		s := &w.slots[l]
		s.turned = false
		for k, v := range s.descent.Trial.p {
			point.P[k][l] = v
		}
		point.C[l], point.Mix[l] = s.descent.Trial.c, 0
		if s.descent.Damping.Exact {
			point.Mix[l] = 1
		}
		system.Matrix[35][l] = f.square
	}
	point.Squares, point.Gradient = ops.Lanes{}, ops.Lanes{}
	clear(w.sums[:])
	clear(system.Right[:])
	clear(system.Matrix[28:35])
	for i := 0; i < f.N; i += lanes.Block {
		m := min(lanes.Block, f.N-i)
		f.Model(&w.u[0], &w.v[0], &w.x[0], &w.signal[i], &f.Rows[ops.DesignFields*i], m, point)
		f.Project(&system.Right[0], &w.u[0], i, m)
		f.Project(&system.Matrix[28], &w.x[0], i, m)
		f.NormalSums(w.sums, &w.v[0], i, m)
	}
	f.NormalMatrix(system, w.sums)
	system.Right[7] = point.Gradient
}

// step takes the step that was solved for.
func (s *newtonSlot) step(model *reftensor.FreeWater, system *ops.System, l int) {
	d := &s.descent
	if !(system.Least[l] > 1e-12) {
		if d.GoBack(!d.Damping.Exact); d.Lost {
			s.state = slotHandedOver
		}
		return
	}
	d.Trial = d.At
	for k := range d.Trial.p {
		d.Trial.p[k] += math.Log2E * system.Solution[k][l]
	}
	d.Trial.c = max(0, d.At.c+system.Solution[7][l])
	s.steps++
	last := d.Damping.Raise < 1e-4 && system.Predicted[l] <= lastReduction*d.Squares+reftensor.NewtonFloor*s.energy || s.nextIsNothing(system.Predicted[l]/d.Squares)
	switch {
	case s.steps >= s.limit() || !(d.Trial.p[6] > s.floor):
		s.state = slotHandedOver
	case last:
		d.At = d.Trial
		d.Squares -= system.Predicted[l]
		s.state = s.settle(model, &d.At, d.Squares, s.steps)
	default:
		d.Damping.StepOn()
	}
}

// nextIsNothing says that the step after the given one would gain next to nothing. The relative reductions of Newton
// steps are a, C a^2, C (C a^2)^2 and so on, so that two of them predict the third. Where fits from two starts are to
// be compared, it makes no prediction and returns false.
func (s *newtonSlot) nextIsNothing(reduction float64) bool {
	before := s.reduction
	s.reduction = 0
	if !s.descent.Damping.Exact || s.descent.Damping.Raise != 0 {
		return false
	}
	s.reduction = reduction
	return reduction < 1e-5 && reduction*reduction*reduction <= nothing*before*before &&
		s.turn == firstTurn && s.descent.Trial.fraction() < reftensor.DoubtfulFraction
}

// nothing is a relative reduction of the sum of squares that is not worth a step.
const nothing = 1e-16

// limit is the number of steps after which the portable code takes over.
func (s *newtonSlot) limit() int {
	if s.turn == lastTurn {
		return reftensor.LevenbergLimit + slotLimit
	}
	return slotLimit
}

// settle ends a fit from one start, at a point and its sum of squares, and returns what comes next.
func (v *nlsVoxel) settle(model *reftensor.FreeWater, at *waterPoint, squares float64, steps int) slotState {
	v.total += steps
	if v.turn == firstTurn || squares < v.best.squares*(1-1e-9) {
		v.best.at, v.best.squares, v.best.turn = *at, squares, v.turn
	}
	switch {
	case v.turn == firstTurn && squares > reftensor.DoubtfulResidual*v.energy*(1-1e-5):
		v.turn, v.noisy = linearTurn, true
		return slotNoisy
	case v.turn == linearTurn, v.turn == firstTurn && (steps >= reftensor.DoubtfulIterations || at.fraction() >= reftensor.DoubtfulFraction):
		v.turn = secondTurn
		return slotDoubtful
	case v.turn != lastTurn && v.strange(model):
		v.turn = dipyTurn
		return slotNoisy
	}
	return slotDone
}

// strange says that the best end may be one of many minima, by the rule of package reftensor.
func (v *nlsVoxel) strange(model *reftensor.FreeWater) bool {
	if v.best.turn == firstTurn {
		if d := v.best.at.tensor(); reftensor.Ordinary(&d, model.Diso) {
			return false
		}
	}
	return v.noisy || model.FastMisfit(v.energy, &v.fast) < reftensor.StrangeMisfit*v.best.squares
}

// tensor returns the tissue's tensor.
func (a *waterPoint) tensor() (d [6]float64) {
	for k := range d {
		d[k] = math.Ln2 * a.p[k]
	}
	return d
}

// write writes the best of the voxel's fits.
func (v *nlsVoxel) write(params []float64) kernel.Status {
	status := kernel.Status{Code: kernel.OK, Iterations: uint16(v.total)}
	at := &v.best.at
	tensor := at.tensor()
	switch {
	case !reftensor.NotNegative(&tensor):
		status.Code = kernel.NegativeEigenvalue
	case v.best.turn != firstTurn:
		status.Code = kernel.Refit
	case v.negative:
		status.Code = kernel.NegativeSignal
	}
	copy(params, tensor[:])
	params[6] = math.Exp2(at.p[6]) + at.c
	params[7] = at.fraction()
	return status
}

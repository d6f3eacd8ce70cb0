package reftensor

import (
	"errors"
	"math"
	"slices"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// TensorMethod is how a tensor is fitted to a signal.
type TensorMethod uint8

// These are the methods, as kernel.Method documents them.
const (
	WLS TensorMethod = iota
	OLS
	IWLS
	NLS
)

// TensorSetup is what NewTensor needs.
type TensorSetup struct {
	Design     *LogLinear
	Method     TensorMethod
	MinSignal  float64 // the smallest value whose logarithm is taken
	Iterations int     // with IWLS, the number of fits after the first
	Uniform    bool    // with IWLS, the first fit has equal weights
}

// A Tensor fits diffusion tensors for one design. All workers share it.
type Tensor struct {
	TensorSetup
	ordinary []float64 // n x 7, from logarithms to the ordinary least-squares solution
	all      []int     // 0 .. n-1
}

// NewTensor prepares the model. The error says that the design does not determine the tensor and S0.
func NewTensor(s TensorSetup) (*Tensor, error) {
	t := &Tensor{TensorSetup: s}
	ones := make([]float64, s.Design.n)
	t.all = make([]int, s.Design.n)
	for i := range ones {
		ones[i], t.all[i] = 1, i
	}
	var ok bool
	if t.ordinary, ok = s.Design.pseudoInverse(ones); !ok {
		return nil, ErrUndetermined
	}
	return t, nil
}

// ErrUndetermined is the error of a design matrix that does not determine the model.
var ErrUndetermined = errors.New("the b-tensors do not determine six tensor elements and S0: there are too few directions, or no second b-value")

// TensorScratch is the memory of one worker.
type TensorScratch struct {
	tensor             *Tensor
	signal, logarithms []float64
	weights            []float64
	weighted           *weighted
	newton             *newton
}

// NewScratch allocates the memory of one worker.
func (t *Tensor) NewScratch() *TensorScratch {
	n := t.Design.n
	s := &TensorScratch{
		tensor: t, signal: make([]float64, n), logarithms: make([]float64, n), weights: make([]float64, n),
		weighted: newWeighted(t.Design),
	}
	if t.Method == NLS {
		s.newton = newNewton(t.Design, nil)
	}
	return s
}

// LoadTensor reads one voxel's signal, and says what it saw.
func LoadTensor[T float32 | float64](s *TensorScratch, signal []T) ref.Signal {
	return ref.Gather(s.signal, signal, s.tensor.all)
}

// Fit fits the loaded signal. params are the six tensor elements and S0. They are zero where the weights, or the values
// that are not zero, do not determine the tensor.
func (s *TensorScratch) Fit(params *[7]float64) (iterations int, outcome ref.Outcome) {
	if slices.Contains(s.signal, 0) && !Determines(s.tensor.Design, s.signal) {
		*params = [7]float64{}
		return 0, ref.NotPositiveDefinite
	}
	floor := s.tensor.MinSignal
	if s.tensor.Method == IWLS {
		floor = 1e-6 * largest(s.signal) // as MRtrix3's dwi2tensor does
		if !(floor > 0) {
			*params = [7]float64{}
			return 0, NothingToFit
		}
	}
	for i, v := range s.signal {
		s.signal[i] = max(v, floor)
	}
	logInto(s.logarithms, s.signal)
	var p [logLinearSize]float64
	ok := true
	switch s.tensor.Method {
	case OLS:
		project7(&p, s.tensor.ordinary, s.logarithms)
	case WLS:
		project7(&p, s.tensor.ordinary, s.logarithms)
		ok = s.reweighted(&p)
	case IWLS:
		s.weighted.delicate = false
		iterations, ok = s.tensor.Iterations, s.iterated(&p)
		if s.weighted.delicate {
			outcome = SecondStart // MRtrix3 only solves normal equations
		}
	case NLS:
		iterations, outcome = s.nonlinear(&p)
	}
	if !ok {
		*params = [7]float64{}
		return 0, ref.NotPositiveDefinite
	}
	copy(params[:], p[:])
	params[6] = exp1(p[6])
	if !ref.Finite(params[:]) {
		*params = [7]float64{}
		return 0, ref.OutOfRange
	}
	return iterations, outcome
}

// reweighted replaces p by a fit with weights from p: the squares of the signal that p predicts.
func (s *TensorScratch) reweighted(p *[logLinearSize]float64) (ok bool) {
	s.tensor.Design.predict(s.weights, p)
	highest := largest(s.weights)
	for i, z := range s.weights {
		s.weights[i] = 2 * (z - highest) // weights count relative to one another, so that none need overflow
	}
	expInto(s.weights, s.weights)
	return s.weighted.fit(p, s.weights, s.logarithms)
}

// iterated makes iteratively reweighted least-squares fits, as MRtrix3's dwi2tensor does.
func (s *TensorScratch) iterated(p *[logLinearSize]float64) (ok bool) {
	if s.tensor.Uniform {
		project7(p, s.tensor.ordinary, s.logarithms)
	} else {
		scale := 1 / largest(s.signal)
		for i, v := range s.signal {
			s.weights[i] = float64(v*scale) * float64(v*scale)
		}
		if !s.weighted.fit(p, s.weights, s.logarithms) {
			return false
		}
	}
	for range s.tensor.Iterations {
		if !s.reweighted(p) {
			return false
		}
	}
	return true
}

// nonlinear minimises the sum of the squared differences of signal and prediction. Like DIPY it starts from the
// ordinary least-squares solution.
func (s *TensorScratch) nonlinear(p *[logLinearSize]float64) (iterations int, outcome ref.Outcome) {
	var start [logLinearSize]float64
	project7(&start, s.tensor.ordinary, s.logarithms)
	s.newton.begin(s.signal, &start, 0)
	outcome = s.newton.minimise()
	*p = s.newton.at.p
	return s.newton.iterations, outcome
}

func largest(x []float64) float64 {
	most := math.Inf(-1)
	for _, v := range x {
		most = max(most, v)
	}
	return most
}

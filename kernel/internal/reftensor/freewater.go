package reftensor

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ref"
)

// FreeWaterSetup is what NewFreeWater needs.
type FreeWaterSetup struct {
	Design    *LogLinear
	B0        []int     // the measurements whose mean is S0
	Bvals     []float64 // s/mm2
	Diso      float64   // of free water, mm2/s
	MDReg     float64   // a plain tensor with this mean diffusivity or more is water alone, mm2/s
	MinSignal float64   // the smallest value whose logarithm is taken
	Nonlinear bool
}

// A FreeWater fits a tensor and a fraction of free water for one design. All workers share it.
type FreeWater struct {
	FreeWaterSetup
	water []float64 // the signal of free water over its S0, for each measurement
	all   []int
	guess *freeWaterGuess
	fast  *fastDecay
}

// NewFreeWater prepares the model. The error says that the design does not determine the tensor and S0.
func NewFreeWater(s FreeWaterSetup) (*FreeWater, error) {
	n := s.Design.n
	m := &FreeWater{FreeWaterSetup: s, water: make([]float64, n), all: make([]int, n)}
	for i := range m.all {
		m.all[i] = i
	}
	s.Design.predict(m.water, &[logLinearSize]float64{0: s.Diso, 2: s.Diso, 5: s.Diso})
	expInto(m.water, m.water)
	var ok bool
	if m.guess, ok = newFreeWaterGuess(m); !ok {
		return nil, ErrUndetermined
	}
	if s.Nonlinear {
		m.fast = newFastDecay(m)
	}
	return m, nil
}

// FreeWaterScratch is the memory of one worker.
type FreeWaterScratch struct {
	model  *FreeWater
	signal []float64
	s0     float64 // the mean b0 signal
	scan   *gridScan
	newton *newton
	linear *linearisation
	best   waterEnd
	// squares is the sum of squares of the nonlinear fit that was written.
	squares float64
}

// NewScratch allocates the memory of one worker.
func (m *FreeWater) NewScratch() *FreeWaterScratch {
	s := &FreeWaterScratch{model: m, signal: make([]float64, m.Design.n)}
	s.scan = newGridScan(m)
	if m.Nonlinear {
		s.newton, s.linear = newNewton(m.Design, m.water), newLinearisation(m.Design.n)
	}
	return s
}

// LoadFreeWater reads one voxel's signal, and says what it saw.
func LoadFreeWater[T float32 | float64](s *FreeWaterScratch, signal []T) ref.Signal {
	return ref.Gather(s.signal, signal, s.model.all)
}

// These are the outcomes that only the free-water model has.
const (
	NothingToFit   ref.Outcome = iota + 16 // the mean signal or the mean b0 signal is too small; params are zero
	OnlyWater                              // the plain tensor diffuses like water: the fraction is 1, S0 the mean b0 signal, the tensor zero
	SecondStart                            // the minimum was reached from another start than the first
	NegativeTensor                         // the tensor has an eigenvalue below zero
)

// Fit fits the loaded signal. params are the six tensor elements, S0 and the fraction of free water. Where fewer than
// seven independent values are not zero (NotPositiveDefinite), the plain tensor and WLS are solutions of least norm.
func (s *FreeWaterScratch) Fit(params *[8]float64) (iterations int, outcome ref.Outcome) {
	*params = [8]float64{}
	model := s.model
	s.s0 = mean(s.signal, model.B0)
	if !(s.s0 > model.MinSignal && mean(s.signal, model.all) > model.MinSignal) {
		return 0, NothingToFit
	}
	s.scan.begin(s.signal, s.s0)
	if !ref.Finite(s.scan.weighted.matrix[:]) {
		return 0, ref.OutOfRange
	}
	if md := s.scan.plainMeanDiffusivity(); !(md < model.MDReg) {
		params[6], params[7] = s.s0, 1
		if s.undetermined() {
			return 0, ref.NotPositiveDefinite
		}
		return 0, OnlyWater
	}
	if model.Nonlinear {
		iterations, outcome = s.nonlinear(params)
	} else {
		outcome = s.linearly(params)
	}
	switch {
	case !ref.Finite(params[:]):
		*params = [8]float64{}
		return 0, ref.OutOfRange
	case (outcome == ref.Converged || outcome == SecondStart) && !NotNegative((*[6]float64)(params[:6])):
		outcome = NegativeTensor
	}
	return iterations, outcome
}

// undetermined says whether the values do not determine the model. For WLS, their squares are the weights.
func (s *FreeWaterScratch) undetermined() bool {
	return !s.scan.determined && !(s.model.Nonlinear && Determines(s.model.Design, s.signal))
}

// linearly writes the result of WLS.
func (s *FreeWaterScratch) linearly(params *[8]float64) ref.Outcome {
	s.scan.find()
	s.scan.write(params)
	if !s.scan.determined {
		return ref.NotPositiveDefinite
	}
	return ref.Converged
}

// mean returns the mean of the listed values.
func mean(values []float64, list []int) float64 {
	sum := 0.0
	for _, i := range list {
		sum += values[i]
	}
	return sum / float64(len(list))
}

// nonlinear minimises the sum of the squared differences of signal and prediction.
func (s *FreeWaterScratch) nonlinear(params *[8]float64) (iterations int, outcome ref.Outcome) {
	if s.scan.mayBeAllWater() {
		s.scan.find()
		if s.scan.fraction >= allWater {
			return 0, s.linearly(params)
		}
	}
	p, c := s.start()
	s.newton.floor = log1(leastTissue * s.s0)
	s.newton.begin(s.signal, &p, c)
	outcome = s.newton.minimise()
	iterations = s.newton.iterations
	s.keep()
	doubtful := outcome != ref.Converged || iterations >= doubtfulIterations || s.best.fraction() >= doubtfulFraction
	noisy := !s.scan.determined || s.best.squares > doubtfulResidual*s.newton.energy
	if noisy {
		doubtful = true
		p, c = s.startFromWLS()
		outcome = s.again(&p, c, &iterations, outcome)
	}
	if doubtful {
		p, c = s.startAt(secondFraction)
		outcome = s.again(&p, c, &iterations, outcome)
	}
	if s.strange(outcome, noisy) {
		p, c = s.endOfDIPY(&iterations)
		outcome = s.again(&p, c, &iterations, outcome)
	}
	s.express(params)
	if s.undetermined() {
		outcome = ref.NotPositiveDefinite
	}
	return iterations, outcome
}

// A waterEnd is the point where a fit from one start ended.
type waterEnd struct {
	p       [logLinearSize]float64
	c       float64
	squares float64
}

// fraction returns the fraction of free water.
func (e *waterEnd) fraction() float64 {
	if s0 := exp1(e.p[6]) + e.c; s0 > 0 {
		return e.c / s0
	}
	return 0
}

// keep takes the end of the fit as the best one.
func (s *FreeWaterScratch) keep() {
	s.best = waterEnd{s.newton.at.p, s.newton.at.c, s.newton.at.squares}
	s.squares = s.best.squares
}

// again minimises from another start, and keeps the result where it is lower.
func (s *FreeWaterScratch) again(p *[logLinearSize]float64, c float64, iterations *int, before ref.Outcome) ref.Outcome {
	s.newton.restart(p, c)
	outcome := s.newton.minimise()
	*iterations += s.newton.iterations
	if !(s.newton.at.squares < s.best.squares*(1-1e-9)) {
		return before
	}
	s.keep()
	if outcome == ref.Converged {
		return SecondStart
	}
	return outcome
}

// The objective may have several minima. An end is doubtful where hardly any tissue is left, or where the fit took many
// steps to it. So is every end in a signal that is mostly noise; the residual is then a tenth of the signal's energy.
// (At a signal-to-noise ratio of 20 it is a hundredth.) A second start, at a middling fraction, then finds lower
// minima; in noise DIPY's own start is tried, too. Tests count the voxels in which a lower minimum remains.
const (
	doubtfulIterations = 15
	doubtfulFraction   = 0.85
	doubtfulResidual   = 0.1
	secondFraction     = 0.5
)

// leastTissue is the least part of S0 that tissue may have. (S0, f) cannot express less. In noisy water the best fit of
// the noise floor may be tissue that is hardly there at b = 0 and grows with b: the less of it, the better.
const leastTissue = 0x1p-53

// roughTissue is the tissue's part of S0 below which the rounding of f is visible in it.
const roughTissue = 1e-12

// allWater is the fraction from WLS from which on DIPY makes no nonlinear fit.
const allWater = 0.99

// express writes the best end as the parameters of the model. Where 1-f cannot express the tissue's part of S0, this
// part is held at the nearest value that it can express, and the other parameters are fitted to it.
func (s *FreeWaterScratch) express(params *[8]float64) {
	if share := 1 - s.best.fraction(); share < roughTissue && s.best.c > 0 {
		share = max(1, math.Round(share/leastTissue)) * leastTissue
		s.newton.fixed = true
		for range 3 { // c hardly changes with the tissue's part
			s.best.p[6] = log1(s.best.c*share) - math.Log1p(-share)
			s.newton.floor = math.Inf(-1)
			s.newton.restart(&s.best.p, s.best.c)
			s.newton.minimise()
			s.keep()
		}
		s.newton.fixed = false
		s.best.p[6] = log1(s.best.c*share) - math.Log1p(-share)
		copy(params[:6], s.best.p[:6])
		params[6], params[7] = s.best.c/(1-share), 1-share
		return
	}
	copy(params[:6], s.best.p[:6])
	params[6] = exp1(s.best.p[6]) + s.best.c
	params[7] = s.best.fraction()
}

// A freeWaterGuess gives a starting point without a search for the fraction.
type freeWaterGuess struct {
	volumes       []int   // the shell nearest b = 1000 s/mm2
	tissue, water float64 // the shell's signal over S0 for typical tissue, and for water
	inverse       []float64
}

// Typical tissue diffuses at 0.7e-3 mm2/s. b = 1000 s/mm2 distinguishes it best from water: the signal of water has
// nearly vanished, and directions and tissues still differ little.
const (
	tissueDiffusivity = 0.7e-3
	startBval         = 1000
)

// newFreeWaterGuess takes the shell nearest to b = 1000 s/mm2. These are the volumes whose b-value is within 100 s/mm2,
// or within a tenth if that is more, of the b-value nearest to 1000. A scheme without a shell there gets a poorer guess
// from the shell that it has.
func newFreeWaterGuess(m *FreeWater) (g *freeWaterGuess, ok bool) {
	g = &freeWaterGuess{}
	baseline := make(map[int]bool)
	for _, i := range m.B0 {
		baseline[i] = true
	}
	nearest := math.Inf(1)
	for i, b := range m.Bvals {
		if !baseline[i] && math.Abs(b-startBval) < math.Abs(nearest-startBval) {
			nearest = b
		}
	}
	sum := 0.0
	for i, b := range m.Bvals {
		if !baseline[i] && math.Abs(b-nearest) <= max(100, nearest/10) {
			g.volumes = append(g.volumes, i)
			sum += b
		}
	}
	if len(g.volumes) == 0 {
		return nil, false
	}
	b := sum / float64(len(g.volumes))
	g.tissue, g.water = exp1(-b*tissueDiffusivity), exp1(-b*m.Diso)
	weights := make([]float64, len(m.Bvals))
	for i, b := range m.Bvals {
		weights[i] = -2 * b * tissueDiffusivity
	}
	expInto(weights, weights) // the squares of the signal in typical tissue
	g.inverse, ok = m.Design.pseudoInverse(weights)
	return g, ok
}

// start returns a starting point, with a fraction guessed from the mean of the shell.
func (s *FreeWaterScratch) start() (p [logLinearSize]float64, c float64) {
	g := s.model.guess
	ratio := mean(s.signal, g.volumes) / s.s0
	fraction := 1 - (ratio-g.water)/(g.tissue-g.water)
	return s.startAt(min(max(fraction, 0.02), 0.95))
}

// startAt returns a starting point with the given fraction. It subtracts this water from the signal, and fits the
// logarithm of the rest with the weights of typical tissue.
func (s *FreeWaterScratch) startAt(fraction float64) (p [logLinearSize]float64, c float64) {
	c = fraction * s.s0
	floor := 0.03 * s.s0
	rest := s.scan.logarithms
	for i, w := range s.model.water {
		rest[i] = max(s.signal[i]-float64(c*w), floor)
	}
	logInto(rest, rest)
	project7(&p, s.model.guess.inverse, rest)
	return p, c
}

// startFromWLS returns DIPY's starting point: the tensor of WLS with negative eigenvalues raised to zero, the fraction
// of WLS, and the mean b0 signal. It serves signals that are mostly noise or zeros, and fits in DIPY's way.
func (s *FreeWaterScratch) startFromWLS() (p [logLinearSize]float64, c float64) {
	s.scan.find()
	var values [3]float64
	var vectors [9]float64
	SymmetricEigen(&values, &vectors, (*[6]float64)(s.scan.p[:6]))
	for k, value := range values {
		for i := range 3 {
			for j := range i + 1 {
				p[packed(i, j)] += float64(max(value, 0) * vectors[3*i+k] * vectors[3*j+k])
			}
		}
	}
	p[6] = log1((1 - s.scan.fraction) * s.s0)
	return p, s.scan.fraction * s.s0
}

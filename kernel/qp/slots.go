package qp

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// The interior-point method starts with all slacks the same, and all multipliers the same. They suit the scale of the
// constraints, whose largest magnitude is 1 at the solution without constraints.
const (
	startSlack      = 0.05
	startMultiplier = 0.5
)

const (
	// stepShare is the share of the way to the nearest zero of a slack or multiplier that a step goes.
	stepShare = 0.999
	// A set counts as found when one iteration left it as it was and the mean of l s is below settledProduct, or when
	// two did and it is below earlyProduct. The limits are needed because sets stand still far from the solution, too.
	settledProduct = 1e-10
	earlyProduct   = 1e-7
	// Below finalProduct, a mean of l s, the set is taken as it is.
	finalProduct = 1e-13
	// maxInterior is the number of iterations after which the method is given up. It takes 15, and rarely 30.
	maxInterior = 60
)

// slots iterate with Mehrotra's predictor-corrector method (SIAM Journal on Optimization 1992), one voxel in each lane.
// Each iteration predicts the step towards l s = 0 and sees how far it gets. It then corrects the step: for the product
// of its own parts, and for a target that depends on how far it got.
//
// The method would take many more iterations to an exact solution. It ends as soon as the set of constraints that hold
// with equality is known. Tapia's indicators tell this set from the predicted step (El-Bakry, Tapia and Zhang, SIAM
// Review 1994). Near the solution of a constraint that holds with equality, the multiplier keeps its size and the slack
// falls to nothing; for other constraints it is the other way round. The step shows this long before the numbers
// themselves are small or large.
type slots struct {
	matrix
	voxels   []voxel
	verdicts []verdict
	calm     []int     // how many iterations in a row left the set as it was
	rows     []float64 // rows of the voxels (see unconstrained), one after another
	marks    []float64 // one voxel's set

	records   []float64
	lengths   []float64 // of the steps that the next iteration takes
	remaining []float64 // the share that is left of M x - z - A^T l as it was at the start
	sums      []float64
	means     []float64 // of l s
	targets   []float64
}

// verdict is what happens to a voxel after an iteration.
type verdict uint8

const (
	goesOn verdict = iota
	settled
	failed
)

func newSlots(l *laneFitter) slots {
	width := l.csd.Lanes
	return slots{
		matrix: newMatrix(l), voxels: make([]voxel, width), verdicts: make([]verdict, width), calm: make([]int, width),
		rows: make([]float64, width*l.rowLength()), marks: make([]float64, l.constraints),
		records: lanes.Aligned[float64](l.constraints * ops.QPRecord * width), lengths: lanes.Aligned[float64](width), remaining: lanes.Aligned[float64](width),
		sums: lanes.Aligned[float64](predictions * width), means: lanes.Aligned[float64](width), targets: lanes.Aligned[float64](width),
	}
}

// These are the vectors that ops.QP.Predict writes. Correct writes the first two.
const (
	leastSlackRatio = iota
	leastMultiplierRatio
	sumMultiplierSlackStep
	sumSlackMultiplierStep
	sumSteps
	changedMarks
	predictions
)

// row returns the row of a slot's voxel; unconstrained says what is in it.
func (s *slots) row(slot int) []float64 {
	return s.rows[slot*s.rowLength():][:s.rowLength()]
}

// install begins with a voxel whose row is in place already.
func (s *slots) install(slot int, v voxel) {
	s.begin(slot, v)
	lanes := s.csd.Lanes
	for i, c := range s.row(slot)[2*s.unknowns:][:s.constraints] {
		s.records[(i*ops.QPRecord+ops.QPGap)*lanes+slot] = c + float64(s.epsilon*startMultiplier) - startSlack
	}
}

// idle leaves a slot without a voxel, with numbers that do no harm.
func (s *slots) idle(slot int) { s.begin(slot, voxel{number: -1}) }

func (s *slots) begin(slot int, v voxel) {
	lanes := s.csd.Lanes
	s.voxels[slot], s.calm[slot] = v, 0
	s.lengths[slot], s.remaining[slot] = 0, 1
	for i := range s.constraints {
		record := s.records[i*ops.QPRecord*lanes+slot:]
		record[ops.QPSlack*lanes] = startSlack
		record[ops.QPMultiplier*lanes] = startMultiplier
		record[ops.QPGap*lanes] = 0
		record[ops.QPMultiplierStep*lanes] = 0
		record[ops.QPSlackStep*lanes] = 0
		record[ops.QPHeld*lanes] = 0
	}
}

// iterate takes the steps of the iteration before, and finds the next ones.
func (s *slots) iterate() {
	lanes := s.csd.Lanes
	s.steps.Advance(&s.means[0], &s.records[0], &s.d[0], &s.r[0], &s.lengths[0], s.epsilon, s.constraints)
	for lane := range s.means {
		s.means[lane] /= float64(s.constraints)
		s.remaining[lane] *= 1 - s.lengths[lane]
	}
	s.assemble()
	s.rightHandSide()
	s.solve()
	s.spread(s.adx, s.y)
	s.steps.Predict(&s.sums[0], &s.records[0], &s.d[0], &s.adx[0], s.epsilon, s.constraints)
	for lane := range lanes {
		s.verdicts[lane] = s.judge(lane)
		s.targets[lane] = s.target(lane)
	}
	s.steps.Centre(&s.records[0], &s.r[0], &s.targets[0], s.constraints)
	s.rightHandSide()
	s.solveAgain()
	s.spread(s.adx, s.y)
	s.steps.Correct(&s.sums[0], &s.records[0], &s.adx[0], s.epsilon, s.constraints)
	for lane := range lanes {
		s.lengths[lane] = stepShare * min(1/stepShare, s.reach(leastSlackRatio, lane), s.reach(leastMultiplierRatio, lane))
	}
}

// rightHandSide writes A^T r less what is left of M x - z - A^T l. Every step shrinks this difference as a whole.
func (s *slots) rightHandSide() {
	s.gather(s.z, s.r, s.consecutive)
	lanes := s.csd.Lanes
	for i, pull := range s.pull {
		row := s.z[i*lanes:][:lanes]
		for lane, left := range s.remaining {
			row[lane] += float64(left * pull)
		}
	}
}

// judge looks at the step that was predicted for a lane.
func (s *slots) judge(lane int) verdict {
	v := &s.voxels[lane]
	v.iterations++
	if s.sums[changedMarks*s.csd.Lanes+lane] == 0 {
		s.calm[lane]++
	} else {
		s.calm[lane] = 0
	}
	mean, calm := s.means[lane], s.calm[lane]
	switch {
	case s.unsolved(lane) || v.iterations >= maxInterior:
		return failed
	case calm >= 2 && mean < earlyProduct || calm == 1 && mean < settledProduct || mean < finalProduct:
		return settled
	}
	return goesOn
}

func (s *slots) verdict(slot int) verdict { return s.verdicts[slot] }

// held returns the marks of a slot's set: 1 for a constraint that is in it, else 0.
func (s *slots) held(slot int) []float64 {
	lanes := s.csd.Lanes
	for i := range s.marks {
		s.marks[i] = s.records[(i*ops.QPRecord+ops.QPHeld)*lanes+slot]
	}
	return s.marks
}

// reach returns the length of the step at which a slack, or a multiplier, becomes zero. It is infinite where none does.
func (s *slots) reach(ratio, lane int) float64 {
	if least := s.sums[ratio*s.csd.Lanes+lane]; least < 0 {
		return -1 / least
	}
	return math.Inf(1)
}

// target returns what the products l s are to become. It is their mean, times the cube of the share of it that the
// predicted step would leave.
func (s *slots) target(lane int) float64 {
	lanes := s.csd.Lanes
	a, b := min(1, s.reach(leastSlackRatio, lane)), min(1, s.reach(leastMultiplierRatio, lane))
	change := float64(a*s.sums[sumMultiplierSlackStep*lanes+lane]) + float64(b*s.sums[sumSlackMultiplierStep*lanes+lane]) +
		float64(a*b*s.sums[sumSteps*lanes+lane])
	mean := s.means[lane]
	share := min(1, max(0, 1+change/(mean*float64(s.constraints))))
	return mean * share * share * share
}

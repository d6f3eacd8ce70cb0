package qp

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// The start of the interior-point method: all slacks and all multipliers are the same. Constraints are
// scaled so that the largest is 1 at the solution without constraints.
const (
	startSlack      = 0.05
	startMultiplier = 0.5
)

const (
	// stepShare is how far towards the nearest zero of a slack or multiplier a step goes.
	stepShare = 0.999
	// A set that an iteration left as it was counts as found when the mean of l s is below
	// settledProduct; one that two left, below earlyProduct. Far from the solution sets stand still too.
	settledProduct = 1e-10
	earlyProduct   = 1e-7
	// finalProduct is the mean of l s below which the set is taken as it is.
	finalProduct = 1e-13
	// maxInterior is where the interior-point method is given up. It takes 15 iterations, rarely 30.
	maxInterior = 60
)

// slots iterate with Mehrotra's predictor-corrector method (SIAM Journal on Optimization 1992), a
// voxel in each lane. Each iteration predicts the step towards l s = 0, sees how far it gets, and
// corrects it for its own curvature and for a target that depends on that.
//
// The method would take many more iterations to be exact; it is left as soon as it knows the set of
// constraints that hold with equality. Those are told by what the predicted step does (Tapia's
// indicators: El-Bakry, Tapia and Zhang, SIAM Review 1994): towards the solution a multiplier that stays
// positive keeps its size while its slack falls to nothing, and the other way round, which shows
// long before the numbers themselves are small or large.
type slots struct {
	matrix
	voxels   []voxel
	verdicts []verdict
	calm     []int     // iterations in a row that left the set as it was
	rows     []float64 // of the voxels, one after another
	marks    []float64 // one voxel's set

	records   []float64
	lengths   []float64 // of the steps that are taken next
	remaining []float64 // of the first M x - z - A^T l
	sums      []float64
	means     []float64 // of l s
	targets   []float64
}

// verdict is what becomes of a voxel after an iteration.
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

// What ops.QP.Predict writes; Correct writes the first two.
const (
	leastSlackRatio = iota
	leastMultiplierRatio
	sumMultiplierSlackStep
	sumSlackMultiplierStep
	sumSteps
	changedMarks
	predictions
)

// row is what is known of a slot's voxel, see unconstrained.
func (s *slots) row(slot int) []float64 {
	return s.rows[slot*s.rowLength():][:s.rowLength()]
}

// install begins with the voxel whose row is in place.
func (s *slots) install(slot int, v voxel) {
	s.begin(slot, v)
	lanes := s.csd.Lanes
	for i, c := range s.row(slot)[2*s.unknowns:][:s.constraints] {
		s.records[(i*ops.QPRecord+ops.QPGap)*lanes+slot] = c + float64(s.epsilon*startMultiplier) - startSlack
	}
}

// idle leaves a slot without a voxel; its numbers stay harmless.
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

// iterate takes the last steps and finds the next.
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

// rightHandSide writes A^T r less what is left of M x - z - A^T l, which every step shrinks as a whole.
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

// judge looks at a predicted step.
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

// held are the marks of a slot's set.
func (s *slots) held(slot int) []float64 {
	lanes := s.csd.Lanes
	for i := range s.marks {
		s.marks[i] = s.records[(i*ops.QPRecord+ops.QPHeld)*lanes+slot]
	}
	return s.marks
}

// reach is the step at which a slack or a multiplier becomes zero; infinite where none does.
func (s *slots) reach(ratio, lane int) float64 {
	if least := s.sums[ratio*s.csd.Lanes+lane]; least < 0 {
		return -1 / least
	}
	return math.Inf(1)
}

// target is what the products l s are to become: their mean, times the cube of the share that the
// predicted step would leave of it.
func (s *slots) target(lane int) float64 {
	lanes := s.csd.Lanes
	a, b := min(1, s.reach(leastSlackRatio, lane)), min(1, s.reach(leastMultiplierRatio, lane))
	change := float64(a*s.sums[sumMultiplierSlackStep*lanes+lane]) + float64(b*s.sums[sumSlackMultiplierStep*lanes+lane]) +
		float64(a*b*s.sums[sumSteps*lanes+lane])
	mean := s.means[lane]
	share := min(1, max(0, 1+change/(mean*float64(s.constraints))))
	return mean * share * share * share
}

package overhead

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/voxfit/voxfit/kernel/nnls"
)

// Columns as those of the formula are: some of the unknowns are at their bound, and columns differ in length by a
// million.
func TestNormalEquationsFindWhatNNLSFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	solved := 0
	for range 2000 {
		rows, columns := 6+random.IntN(60), 1+random.IntN(5)
		p := newProblem(rows, columns)
		squared := make([]float64, rows)
		for r := range rows {
			squared[r] = random.Float64()
			cpus := float64(int(1) << random.IntN(7))
			for c, v := range []float64{1 / cpus, math.Exp2(14 * random.Float64()), 1, cpus, (cpus - 1) / cpus}[:columns] {
				p.set(r, c, v*(0.5+random.Float64()))
			}
		}
		p.scaleColumns()
		var e normalEquations
		if e.set(p, squared); !e.solve() {
			continue
		}
		solved++
		a, y := make([]float64, len(p.a)), make([]float64, rows)
		for i, v := range p.a {
			a[i] = v * math.Sqrt(squared[i/columns])
		}
		for r := range y {
			y[r] = math.Sqrt(squared[r])
		}
		want, _, err := nnls.Solve(a, rows, columns, y)
		if err != nil {
			t.Fatal(err)
		}
		for c := range want {
			if math.Abs(e.x[c]-want[c]) > 1e-9*(1+math.Abs(want[c])) {
				t.Fatalf("%d x %d: unknown %d is %v, nnls.Solve finds %v", rows, columns, c, e.x[c], want[c])
			}
		}
	}
	if solved < 1900 {
		t.Errorf("only %d of 2000 problems were solved by the normal equations", solved)
	}
}

// Two columns that are equal but for a millionth of a millionth are for the orthogonal method to tell apart.
func TestColumnsThatAreNearlyDependentAreLeftToNNLS(t *testing.T) {
	p := newProblem(6, 2)
	for r := range 6 {
		x := float64(r + 1)
		p.set(r, 0, x)
		p.set(r, 1, x+1e-12*x*x)
	}
	var e normalEquations
	e.set(p, []float64{1, 1, 1, 1, 1, 1})
	if e.solve() && len(e.inUse) > 1 {
		t.Errorf("both columns are in use: %v", e.x)
	}
	e.inUse = []int{0, 1}
	if _, ok := e.unconstrained(); ok {
		t.Error("the equations of both columns are solved; rounding decides what they give")
	}
}

func TestAShareThatDoesNotMatterChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	share := leastLoss(func(share float64) (float64, float64) { return share, 1e-3 * (1 + 1e-13*random.Float64()) }, fine)
	if share != 0 {
		t.Errorf("the loss is the same everywhere but for rounding, and %v was taken", share)
	}
	share = leastLoss(func(share float64) (float64, float64) { return share, 1e-3 * (1 + 1e-13*random.Float64()) }, forBound)
	if share != 1 {
		t.Errorf("a bound for which the loss is the same everywhere is taken as %v, want none", share)
	}
}

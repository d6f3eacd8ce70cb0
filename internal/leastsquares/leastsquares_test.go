package leastsquares_test

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/voxfit/voxfit/internal/leastsquares"
)

func Example() {
	// The two columns are equal. Of all solutions of x + y = 2, this is the one of least norm.
	a := mat.NewDense(2, 2, []float64{1, 1, 1, 1})
	x, err := leastsquares.Solve(a, mat.NewVecDense(2, []float64{2, 2}), 1e-15)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%.3f %.3f\n", x.AtVec(0), x.AtVec(1))
	// Output: 1.000 1.000
}

// The matrices have ranks 3, 2, 1 and 0.
var matrices = []*mat.Dense{
	mat.NewDense(4, 3, []float64{2, 0, 1, 1, 3, 0, 0, 1, 4, 1, 1, 1}),
	mat.NewDense(4, 3, []float64{1, 2, 3, 2, 1, 3, 0, 1, 1, 4, 4, 8}),
	mat.NewDense(2, 3, []float64{1, 2, 3, 2, 4, 6}),
	mat.NewDense(3, 3, nil),
}

func TestPseudoInversesFulfilPenrosesConditions(t *testing.T) {
	for i, a := range matrices {
		inverse, err := leastsquares.PseudoInverse(a, 1e-15)
		if err != nil {
			t.Fatal(err)
		}
		var left, right, again, back mat.Dense
		left.Mul(a, inverse)
		right.Mul(inverse, a)
		again.Mul(&left, a)
		back.Mul(&right, inverse)
		if !mat.EqualApprox(&again, a, 1e-13) || !mat.EqualApprox(&back, inverse, 1e-13) ||
			!mat.EqualApprox(&left, left.T(), 1e-13) || !mat.EqualApprox(&right, right.T(), 1e-13) {
			t.Errorf("matrix %d: no pseudo-inverse: %v", i, mat.Formatted(inverse))
		}
	}
}

func TestSolutionsAreThoseOfThePseudoInverse(t *testing.T) {
	for i, a := range matrices {
		rows, _ := a.Dims()
		b := mat.NewVecDense(rows, nil)
		for j := range rows {
			b.SetVec(j, float64(1+j*j))
		}
		x, err := leastsquares.Solve(a, b, 1e-15)
		if err != nil {
			t.Fatal(err)
		}
		inverse, _ := leastsquares.PseudoInverse(a, 1e-15)
		var want mat.VecDense
		want.MulVec(inverse, b)
		if !mat.EqualApprox(x, &want, 1e-13) {
			t.Errorf("matrix %d: %v, want %v", i, x.RawVector().Data, want.RawVector().Data)
		}
	}
}

func TestTheCutoffDecidesWhichDirectionsCount(t *testing.T) {
	a, b := mat.NewDense(2, 2, []float64{1, 0, 0, 1e-8}), mat.NewVecDense(2, []float64{1, 1})
	for cutoff, want := range map[float64]float64{1e-9: 1e8, 1e-7: 0} {
		x, err := leastsquares.Solve(a, b, cutoff)
		if err != nil || math.Abs(x.AtVec(1)-want) > 1e-6*want {
			t.Errorf("cutoff %g: %v, want %v: %v", cutoff, x, want, err)
		}
	}
}

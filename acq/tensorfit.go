package acq

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/voxfit/voxfit/internal/leastsquares"
)

// tensorFit is the tensor fit behind AutoResponse: DIPY's wls_fit_tensor with the rules of its
// TensorModel, for the few thousand voxels of a region. (Whole images are fitted by the kernels.)
type tensorFit struct {
	design         *mat.Dense // n x 7
	inverse        *mat.Dense // 7 x n, its pseudo-inverse
	minDiffusivity float64

	weighted  *mat.Dense
	logSignal *mat.VecDense
	target    *mat.VecDense
}

const (
	// minSignal is DIPY's MIN_POSITIVE_SIGNAL: lower signals, negative ones too, are raised to it.
	minSignal = 1e-4
	// pinvCutoff is numpy.linalg.pinv's rcond: smaller singular values, relative to the largest, count
	// as zero.
	pinvCutoff = 1e-15
	// qrCondition is the condition number up to which a solution by QR is accurate enough. Beyond it the
	// pseudo-inverse is used, as in DIPY.
	qrCondition = 1e10
)

func newTensorFit(g *GradientTable) (*tensorFit, error) {
	n := g.Len()
	w := g.DesignMatrix()
	t := &tensorFit{
		design:         mat.NewDense(n, 7, w),
		minDiffusivity: g.LeastDiffusivity(),
		weighted:       mat.NewDense(n, 7, nil),
		logSignal:      mat.NewVecDense(n, nil),
		target:         mat.NewVecDense(n, nil),
	}
	inverse, err := leastsquares.PseudoInverse(t.design, pinvCutoff)
	if err != nil {
		return nil, err
	}
	t.inverse = inverse
	return t, nil
}

// eigenvalues fits one voxel and gives the tensor's eigenvalues, descending, the small ones raised to the
// least diffusivity. It fails on signals that are not finite, or that no tensor describes.
func (t *tensorFit) eigenvalues(signal []float32) ([3]float64, bool) {
	d, ok := t.fit(signal)
	if !ok {
		return [3]float64{}, false
	}
	return t.clippedEigenvalues(d)
}

// fit gives Dxx, Dxy, Dyy, Dxz, Dyz, Dzz, and the logarithm of the signal at b = 0.
func (t *tensorFit) fit(signal []float32) (*mat.VecDense, bool) {
	for i, s := range signal {
		x := float64(s)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, false
		}
		t.logSignal.SetVec(i, math.Log(max(x, minSignal)))
	}
	var start mat.VecDense
	start.MulVec(t.inverse, t.logSignal)
	return t.weightedFit(&start)
}

// weightedFit weights the equations with the signal that the ordinary fit predicts (Chung et al. 2006).
func (t *tensorFit) weightedFit(start *mat.VecDense) (*mat.VecDense, bool) {
	var predicted mat.VecDense
	predicted.MulVec(t.design, start)
	for i := range t.logSignal.Len() {
		weight := math.Exp(predicted.AtVec(i))
		if math.IsNaN(weight) || math.IsInf(weight, 0) {
			return nil, false
		}
		for j := range 7 {
			t.weighted.Set(i, j, t.design.At(i, j)*weight)
		}
		t.target.SetVec(i, weight*t.logSignal.AtVec(i))
	}
	return solve(t.weighted, t.target)
}

// solve is pinv(a) b, by a QR decomposition where that is accurate enough.
func solve(a *mat.Dense, b *mat.VecDense) (*mat.VecDense, bool) {
	if rows, columns := a.Dims(); rows >= columns {
		var qr mat.QR
		var x mat.VecDense
		qr.Factorize(a)
		if qr.Cond() < qrCondition && qr.SolveVecTo(&x, false, b) == nil {
			return &x, true
		}
	}
	x, err := leastsquares.Solve(a, b, pinvCutoff)
	return x, err == nil
}

// clippedEigenvalues takes Dxx, Dxy, Dyy, Dxz, Dyz, Dzz, and whatever follows them.
func (t *tensorFit) clippedEigenvalues(d *mat.VecDense) ([3]float64, bool) {
	for i := range 6 {
		if x := d.AtVec(i); math.IsNaN(x) || math.IsInf(x, 0) {
			return [3]float64{}, false
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric(d), false) {
		return [3]float64{}, false
	}
	ascending := eigen.Values(nil)
	var e [3]float64
	for k := range e {
		e[k] = max(ascending[2-k], t.minDiffusivity)
	}
	return e, true
}

// symmetric is the tensor as a matrix.
func symmetric(d *mat.VecDense) *mat.SymDense {
	xx, xy, yy, xz, yz, zz := d.AtVec(0), d.AtVec(1), d.AtVec(2), d.AtVec(3), d.AtVec(4), d.AtVec(5)
	return mat.NewSymDense(3, []float64{xx, xy, xz, xy, yy, yz, xz, yz, zz})
}

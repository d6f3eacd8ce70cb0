package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/leastsquares"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/sh"
	"gonum.org/v1/gonum/mat"
)

// A Convention says which program's decisions a deconvolution follows.
type Convention uint8

// The conventions of CSD.
const (
	DIPY Convention = iota
	MRtrix
)

// String is the convention's name.
func (c Convention) String() string {
	switch c {
	case DIPY:
		return "DIPY"
	case MRtrix:
		return "MRtrix"
	}
	return fmt.Sprintf("Convention(%d)", uint8(c))
}

// Constants of MRtrix3's `dwi2fod csd` (src/dwi/sdeconv/csd.h).
const (
	mrtrixNegative = 50   // weight of the constraint; mrtrixDesign scales it
	mrtrixNorm     = 2e-4 // weight of the norm, relative to the first diagonal element of X^T X
	mrtrixLoad     = 1e-2 // added to the diagonal of the matrix whose pseudo-inverse gives the start
	mrtrixStart    = 4    // highest degree of the start
)

// mrtrixDesign makes the matrices of MRtrix3. It sets the highest degree where the options leave it open.
//
// MRtrix3 divides the amplitudes' weight by the number of directions, not by its root, so that the constraint is
// weaker with more directions.
func (c *CSD) mrtrixDesign(g *acq.GradientTable, r acq.Response) (csd.Design, error) {
	volumes, zonal, err := c.mrtrixResponse(g, r)
	if err != nil {
		return csd.Design{}, err
	}
	if n := sh.Count(c.options.LMax); n > len(volumes) {
		c.warnFew(n, len(volumes))
	}
	o, n, directions := c.options, sh.Count(c.options.LMax), directionsOf(g, volumes)
	response := rotational(zonal)
	harmonics := make([]float64, o.LMax/2+1) // those that the response lacks are zero
	copy(harmonics, response)
	d := csd.Design{
		Measurements: g.Len(), Volumes: volumes, Coefficients: n, X: convolved(directions, o.LMax, harmonics),
		FloorSignal: true, MaxIterations: o.MaxIterations, Precision: o.Precision,
	}
	first := 0.0
	for i := range directions {
		first += float64(d.X[i*n] * d.X[i*n])
	}
	d.SolutionNorm = o.NormLambda * mrtrixNorm * first
	constrained := o.directions()
	weight := o.NegLambda * mrtrixNegative * zonal[0] / float64(len(constrained))
	d.B, d.Gram = constraint(constrained, o.LMax, weight)
	degree := min(2*(len(zonal)-1), o.LMax)
	for sh.Count(degree) > len(directions) {
		degree -= 2
	}
	d.Start, d.StartCoefficients, err = mrtrixFilter(directions, response[:degree/2+1])
	return d, err
}

// mrtrixResponse chooses the volumes of the shell of highest b, and the zonal coefficients of the response to that
// shell.
func (c *CSD) mrtrixResponse(g *acq.GradientTable, r acq.Response) (volumes []int, zonal []float64, err error) {
	shell, err := c.mrtrixShell(g)
	if err != nil {
		return nil, nil, err
	}
	if !r.IsZonal() {
		setDefault(&c.options.LMax, defaultLMax)
		zonal = tensorShell(r, shell.Bval, c.options.LMax)
		return shell.Volumes, zonal, checkContrast(zonal)
	}
	if len(r.Zonal) == 1 && len(r.Bvals) == 0 {
		zonal = r.Zonal[0]
	} else if _, zonal, err = c.chooseShell(g, r); err != nil {
		return nil, nil, err
	}
	if len(zonal) < 2 || !(zonal[0] > 0) {
		return nil, nil, responseErrorf("the response is %v, expected two or more zonal coefficients, the first positive", zonal)
	}
	setDefault(&c.options.LMax, min(2*(len(zonal)-1), defaultLMax))
	return shell.Volumes, zonal, checkContrast(zonal)
}

// mrtrixShell returns the shell of highest b-value among those that the options choose.
func (c *CSD) mrtrixShell(g *acq.GradientTable) (acq.Shell, error) {
	_, highest, err := c.highestShell(g)
	return highest, err
}

// mrtrixFilter returns the matrix that turns signals into MRtrix3's start, coefficients x volumes. MRtrix3 takes the
// harmonics in its own basis up to the degree of the response, and adds a load to the diagonal of this rectangular
// matrix. Of the pseudo-inverse it keeps the rows up to degree 4, and divides them by the response. Because of the
// load, the start depends on the order of the volumes and on the frame of the directions.
//
// Where a coefficient of the response is zero, MRtrix3 divides by it, and then no amplitude is found below the
// threshold. A start of zeros has the same effect.
func mrtrixFilter(directions [][3]float64, response []float64) (start []float64, coefficients int, err error) {
	degree := 2 * (len(response) - 1)
	n, m := sh.Count(degree), len(directions)
	kept := min(degree, mrtrixStart)
	coefficients = sh.Count(kept)
	start = make([]float64, coefficients*m)
	if slices.Contains(response, 0) {
		return start, coefficients, nil
	}
	basis := mat.NewDense(m, n, sh.Tournier07.Evaluate(degree, directions))
	for i := range n {
		basis.Set(i, i, basis.At(i, i)+mrtrixLoad)
	}
	inverse, err := leastsquares.PseudoInverse(basis, rounding)
	if err != nil {
		return nil, 0, fmt.Errorf("the start cannot be deconvolved: %w", err)
	}
	terms := sh.Terms(kept)
	theirs, ours := make([]float64, coefficients), make([]float64, coefficients)
	for volume := range m {
		for i, t := range terms {
			theirs[i] = inverse.At(i, volume) / response[t.L/2]
		}
		sh.Convert(ours, theirs, kept, sh.Tournier07, sh.Descoteaux07)
		for i, x := range ours {
			start[i*m+volume] = x
		}
	}
	return start, coefficients, nil
}

// rotational returns the factors by which convolution with a zonal response multiplies coefficients of each even
// degree. A delta along z has the coefficients Y(l, 0) at the pole. Convolution with it is the identity, so the
// factors are the response's coefficients over these.
func rotational(zonal []float64) []float64 {
	factors := make([]float64, len(zonal))
	for i, z := range zonal {
		factors[i] = z / math.Sqrt(float64(4*i+1)/(4*math.Pi))
	}
	return factors
}

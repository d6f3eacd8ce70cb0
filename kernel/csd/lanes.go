package csd

import (
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// laneFitter is a CSD prepared for kernels that fit one voxel in each lane of a vector: what turns signals into
// right-hand sides and first sets, and what iterations read.
type laneFitter struct {
	*fitter
	kernels           *ops.CSD
	zeroth, tau       float64
	maxIterations     int
	startCoefficients int

	volumes    []int32               // offsets of the volumes in the packed signal
	unknowns   []int32               // offsets of consecutive vectors, one for each coefficient
	transposed lanes.Panels[float64] // X^T
	start      lanes.Panels[float64] // gives the start coefficients from the signal or, by the first rows of the inverse of P, from z
	filtered   bool                  // start takes the signal
	floor      bool                  // negative values of the signal count as zero

	double  *tables[float64, float64]
	rounded *rounded                // nil where amplitudes are compared in double precision alone
	single  *tables[float32, int32] // nil unless the precision is Mixed
	guard   *guard                  // nil unless the precision is Mixed
}

func newLaneFitter(d Design, portable *fitter, kernels *ops.CSD) *laneFitter {
	order := groupDirections(&d)
	l := &laneFitter{
		fitter: portable, kernels: kernels, startCoefficients: d.StartCoefficients,
		zeroth: d.B[0], tau: d.Tau, maxIterations: d.MaxIterations, filtered: d.Start != nil, floor: d.FloorSignal,
		double: newTables(&d, portable.ref, order, &kernels.CSDIteration),
	}
	for _, v := range d.Volumes {
		l.volumes = append(l.volumes, l.double.vectors(v))
	}
	n, m := d.Coefficients, len(d.Volumes)
	for i := range n {
		l.unknowns = append(l.unknowns, l.double.vectors(i))
	}
	l.transposed = lanes.NewPanels[float64](n, m, kernels.Panel, func(r, c int) float64 { return d.X[c*n+r] })
	filter, columns := d.Start, m
	if !l.filtered {
		filter, columns = portable.ref.InverseRows(d.StartCoefficients), n
	}
	l.start = lanes.NewPanels[float64](d.StartCoefficients, columns, kernels.Panel, func(r, c int) float64 { return filter[r*columns+c] })
	if kernels.BelowRounded != nil {
		l.rounded = newRounded(&d, order, kernels.RoundedPanel)
	}
	if d.Precision == kernel.Mixed && kernels.Single != nil && singlePays(&d) {
		l.single = newTables(&d, portable.ref, order, &kernels.Single.CSDIteration)
		l.guard = newGuard(&d, portable.ref)
	}
	return l
}

// singlePays says for which designs single precision is faster: those of lmax 8. With a lower lmax there are too few
// iterations to make up for the one that Mixed adds in double precision. With a higher lmax matrices are so badly
// conditioned that most iterations are in doubt. The same is true with MRtrix3's constraint, whose weight is a fourth
// of DIPY's: there Mixed took 1.8 times as long.
func singlePays(d *Design) bool {
	return d.Start == nil && d.Coefficients > sixthOrder && d.Coefficients <= eighthOrder
}

const (
	sixthOrder  = 28 // coefficients up to lmax 6
	eighthOrder = 45 // and up to lmax 8
)

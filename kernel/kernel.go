package kernel

// A Fitter is one model made ready for one acquisition: its matrices, tables and options. It never changes after its
// constructor returns, so that all workers share it.
type Fitter interface {
	// Measurements is the number of values read per voxel.
	Measurements() int
	// Parameters is the number of values written per voxel.
	Parameters() int
	// NewWorker allocates the scratch of one worker. Call it on the thread that will use the worker. The memory is then
	// first touched on the NUMA node of that thread.
	NewWorker() Worker
}

// A Worker fits voxels in the scratch that it owns. It is not safe for use by two goroutines at a time. Fit and Fit64
// do not allocate.
type Worker interface {
	// Fit fits n = len(status) voxels. signal is n x Measurements(), voxel-major: all values of the first voxel, then
	// all of the second. params is n x Parameters(), voxel-major. Fit writes all of params and status. It panics where
	// the lengths do not agree. This is a mistake of the caller, never a property of the data.
	//
	// A voxel's result depends on that voxel's signal alone. It does not depend on its neighbours, or on how voxels are
	// divided into calls.
	Fit(params []float64, status []Status, signal []float32)
	// Fit64 is Fit for signals held as float64, as DIPY and NumPy hold them.
	Fit64(params []float64, status []Status, signal []float64)
}

// A Code says what happened to one voxel.
type Code uint8

// The codes of a voxel. Where several apply, the first of these is written: NonFinite, ZeroSignal, Overflow,
// NotPositiveDefinite, AllFreeWater, MaxIterations, BelowMinSignal, NegativeEigenvalue, Refit, NegativeSignal. OK is
// written only where none of them applies.
const (
	// OK: the fit ended by its own convergence rule.
	OK Code = iota
	// OutsideMask: the voxel was not fitted. Kernels never write it; maps do.
	OutsideMask
	// NonFinite: a measured value is NaN or infinite. The parameters are zero.
	NonFinite
	// ZeroSignal: every measured value is zero, or the model has nothing to fit, for example where the mean b0 signal
	// is not above the minimum signal. The parameters are zero.
	ZeroSignal
	// AllFreeWater: the mean diffusivity is that of free water, by the model's rule. The fraction is 1 and the tensor
	// zero.
	AllFreeWater
	// NotPositiveDefinite: the normal matrix had a pivot that was not positive. The model says what is written.
	NotPositiveDefinite
	// MaxIterations: the limit of iterations was reached. The last (or best) iterate is written.
	MaxIterations
	// Refit: the usual path failed its own check, and a slower, safer one gave the result.
	Refit
	// NegativeSignal: the fit ended normally, and at least one measured value is negative.
	NegativeSignal
	// NegativeEigenvalue: the fit of a tensor ended normally, and the tensor has an eigenvalue below zero, which no
	// diffusion has. It is written as fitted. The cause is noise, or beside free water also a part that decays faster
	// than water.
	NegativeEigenvalue
	// Overflow: every measured value is finite, but one is too large for single precision, in which maps are written
	// (3.4e38), or a sum or a result is too large for double precision. The parameters are zero.
	Overflow
	// BelowMinSignal: a measured value is above zero, and was raised to the minimum signal, the least value whose
	// logarithm is taken. Probably the signal, or the minimum, is in another unit than was meant.
	BelowMinSignal
	// NotInShard: the voxel is in the mask, but belongs to another part of a fit that is made in parts. Kernels never
	// write it; maps do.
	NotInShard
)

// String returns the name of the code in documentation and JSON sidecars.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return "Unknown"
}

var codeNames = [...]string{
	"OK", "OutsideMask", "NonFinite", "ZeroSignal", "AllFreeWater",
	"NotPositiveDefinite", "MaxIterations", "Refit", "NegativeSignal",
	"NegativeEigenvalue", "Overflow", "BelowMinSignal", "NotInShard",
}

// Codes lists every code in the order of its value, for legends and sidecars.
func Codes() []Code {
	codes := make([]Code, len(codeNames))
	for i := range codes {
		codes[i] = Code(i)
	}
	return codes
}

// Status is what happened to one voxel: its code, and the iterations that the fit took. Each model says what it counts.
// The number is 0 where nothing was iterated.
type Status struct {
	Code       Code
	Iterations uint16
}

package kernel

// A Fitter is one model made ready for one acquisition: its matrices, tables and options. It is
// immutable after its constructor returns, so all workers share it.
type Fitter interface {
	// Measurements is the number of values read per voxel.
	Measurements() int
	// Parameters is the number of values written per voxel.
	Parameters() int
	// NewWorker allocates the scratch of one worker. Call it on the thread that will use the
	// worker, so that the memory is first touched on that thread's NUMA node.
	NewWorker() Worker
}

// A Worker fits voxels in the scratch that it owns. It is not safe for use by two goroutines at a
// time. Fit and Fit64 do not allocate.
type Worker interface {
	// Fit fits n = len(status) voxels. signal is n x Measurements(), voxel-major (all values of
	// the first voxel, then all of the second); params is n x Parameters(), voxel-major, and is
	// written whole, as is status. It panics when the lengths do not agree: that is a mistake in
	// the caller, never a property of the data.
	//
	// A voxel's result depends on that voxel's signal alone: not on its neighbours, nor on how
	// the voxels are divided into calls.
	Fit(params []float64, status []Status, signal []float32)
	// Fit64 is Fit for signals held as float64, as DIPY and NumPy hold them.
	Fit64(params []float64, status []Status, signal []float64)
}

// A Code says what happened to one voxel.
type Code uint8

// The codes of a voxel. Where several apply, the first of these wins: NonFinite, ZeroSignal, Overflow, NotPositiveDefinite,
// AllFreeWater, MaxIterations, BelowMinSignal, NegativeEigenvalue, Refit, NegativeSignal; OK is written only when
// none does.
const (
	// OK: the fit ended by its own convergence rule.
	OK Code = iota
	// OutsideMask: the voxel was not fitted. Kernels never write it; maps do.
	OutsideMask
	// NonFinite: a measured value is NaN or infinite. The parameters are zero.
	NonFinite
	// ZeroSignal: every measured value is zero, or the model has nothing to work on (as a mean
	// b0 signal at or below the minimum signal). The parameters are zero.
	ZeroSignal
	// AllFreeWater: the free-water rule on mean diffusivity applies; the fraction is 1 and the
	// tensor zero.
	AllFreeWater
	// NotPositiveDefinite: the normal matrix had a non-positive pivot. The model says what is
	// written.
	NotPositiveDefinite
	// MaxIterations: the iteration limit was reached; the last (or best) iterate is written.
	MaxIterations
	// Refit: the usual path failed its own check and a slower, safer one gave the result.
	Refit
	// NegativeSignal: the fit ended normally, and at least one measured value is negative.
	NegativeSignal
	// NegativeEigenvalue: the fit of a tensor ended normally, in one with an eigenvalue below zero, which no diffusion has.
	// The tensor is written as fitted. It stands for noise; beside free water also for what decays faster than water.
	NegativeEigenvalue
	// Overflow: every measured value is finite, and one is too large for single precision, in which maps are written (3.4e38),
	// or a sum of them or a result is too large for a number. The parameters are zero.
	Overflow
	// BelowMinSignal: a measured value is above zero and below the least whose logarithm is taken, so that it was raised. The
	// unit of the signal, or of the minimum, is not the one that was meant.
	BelowMinSignal
	// NotInShard: the voxel is in the mask, and was left to another part of a fit in parts. Kernels never write it;
	// maps do.
	NotInShard
)

// String names the code as documentation and JSON sidecars do.
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

// Codes lists every code in order of value, for legends and sidecars.
func Codes() []Code {
	codes := make([]Code, len(codeNames))
	for i := range codes {
		codes[i] = Code(i)
	}
	return codes
}

// Status is what happened to one voxel: its code, and the iterations that the fit took (as the
// model counts them; 0 where nothing was iterated).
type Status struct {
	Code       Code
	Iterations uint16
}

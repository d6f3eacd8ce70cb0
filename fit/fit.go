package fit

import (
	"context"
	"fmt"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/sched"
)

// Result holds what a fit gives for n voxels. The caller allocates it (New does) and may reuse it.
type Result struct {
	// Parameters is n x Fitter.Parameters(), voxel-major.
	Parameters []float64
	// Status has one entry a voxel.
	Status []kernel.Status
}

// New returns a Result for n voxels of f.
func New(f kernel.Fitter, n int) Result {
	return Result{
		Parameters: make([]float64, n*f.Parameters()),
		Status:     make([]kernel.Status, n),
	}
}

// Slice returns the part of the result that belongs to the voxels of part. Both share their memory.
func (r Result) Slice(f kernel.Fitter, part sched.Range) Result {
	p := f.Parameters()
	return Result{
		Parameters: r.Parameters[part.Begin*p : part.End*p],
		Status:     r.Status[part.Begin:part.End],
	}
}

// Block fits the voxels of signal (n x f.Measurements(), voxel-major) into result, by the plan. It sets the plan's
// fields Voxels, VoxelBytes and Elastic. Chunks may be joined and cut (Elastic), because a voxel's result depends on
// that voxel alone. Each worker makes its own kernel.Worker on its own thread, after the thread has moved to its CPU.
// Signal and result may lie in any memory; that of a Room lies near the workers that use it.
//
// An error is that of the context, of the plan, or of a chunk that panicked. Even then the account tells which voxels
// were finished, and their results are in place.
func Block(ctx context.Context, f kernel.Fitter, signal []float32, result Result, plan sched.Plan) (sched.Account, error) {
	n, m := len(result.Status), f.Measurements()
	if len(signal) != n*m {
		return sched.Account{}, fmt.Errorf("fit: %s for %s of %s", plural.Count(len(signal), "signal value"), plural.Count(n, "voxel"), plural.Count(m, "measurement"))
	}
	if len(result.Parameters) != n*f.Parameters() {
		return sched.Account{}, fmt.Errorf("fit: room for %s for %s of %s", plural.Count(len(result.Parameters), "parameter"), plural.Count(n, "voxel"), plural.Count(f.Parameters(), "parameter"))
	}
	plan.Voxels, plan.Elastic = n, true
	plan.VoxelBytes = VoxelBytes(f)
	return PerWorker(ctx, plan, f.NewWorker, func(w kernel.Worker, part sched.Range) {
		own := result.Slice(f, part)
		w.Fit(own.Parameters, own.Status, signal[part.Begin*m:part.End*m])
	})
}

// VoxelBytes returns how many bytes a voxel's signal and results take.
func VoxelBytes(f kernel.Fitter) int { return 4*f.Measurements() + 8*f.Parameters() + statusBytes }

// PerWorker is sched.Run with a state for each worker. start makes the state before the worker's first chunk, on the
// worker's own thread, after the thread has moved to its CPU.
func PerWorker[W any](ctx context.Context, plan sched.Plan, start func() W, chunk func(w W, part sched.Range)) (sched.Account, error) {
	count, err := plan.WorkerCount()
	if err != nil {
		return sched.Account{}, err
	}
	plan.Workers = count
	workers := make([]W, count)
	plan.Start = func(worker int) error {
		workers[worker] = start()
		return nil
	}
	return sched.Run(ctx, plan, func(worker int, part sched.Range) error {
		chunk(workers[worker], part)
		return nil
	})
}

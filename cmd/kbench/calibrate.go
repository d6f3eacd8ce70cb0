package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sched"
	"github.com/voxfit/voxfit/study/simulate"
)

// calibrationVoxels is the size of the phantom whose chunks are timed. calibrationTime is how long each size of chunks
// is timed.
const (
	calibrationVoxels = 8192
	calibrationTime   = 500 * time.Millisecond
)

// calibrationSizes lists the sizes of chunks that are timed, in voxels. They go from the study's smallest to one at
// which a chunk's beginning and end cost nothing that can be seen.
var calibrationSizes = []int{13, 53, 212, 851, 4096}

// calibrate measures on one core what a simulation needs: times of chunks, and the costs of a dispatch and of a
// worker's start. If other programs take the core meanwhile, it measures once more. If they do so again it returns an
// error, or the times with a note if evenIfBusy is set.
func calibrate(ctx context.Context, name, isa string, evenIfBusy bool, stderr io.Writer) (simulate.ChunkTimes, error) {
	times, use, err := calibrateOnce(ctx, name, isa, stderr)
	if err == nil && use.Disturbed() && !evenIfBusy {
		times, use, err = calibrateOnce(ctx, name, isa, stderr)
	}
	if err != nil {
		return times, err
	}
	times.Taken = max(0, 1-use.Share())
	return times.Busy(evenIfBusy)
}

func calibrateOnce(ctx context.Context, name, isa string, stderr io.Writer) (simulate.ChunkTimes, calm.Use, error) {
	var use calm.Use
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: calibrationVoxels, SNR: 30, Seed: 1})
	if err != nil {
		return simulate.ChunkTimes{}, use, err
	}
	m, err := standardModel(name, "", isa, phantomInputs(p))
	if err != nil {
		return simulate.ChunkTimes{}, use, err
	}
	f := m.Fitter()
	times := simulate.ChunkTimes{Model: m.Kind().Class, BytesPerVoxel: float64(fit.VoxelBytes(f))}
	fmt.Fprintf(stderr, "measuring chunks of %s on one core ...\n", name)
	result := fit.New(f, calibrationVoxels)
	err = onOneCore(func() error {
		worker := f.NewWorker()
		for _, size := range calibrationSizes {
			if err := ctx.Err(); err != nil {
				return err
			}
			use = use.Plus(calm.OfThread(func() { timeChunks(f, worker, p.Signal, result, size, &times) }))
		}
		return nil
	})
	if err != nil {
		return times, use, err
	}
	err = scheduleCosts(ctx, &times)
	return times, use, err
}

// timeChunks fits the phantom in chunks of one size, once untimed and then for a while.
func timeChunks(f kernel.Fitter, worker kernel.Worker, signal []float32, result fit.Result, size int, times *simulate.ChunkTimes) {
	d := sched.Division{Voxels: calibrationVoxels, PerChunk: size}
	begin := time.Now()
	for pass := 0; pass < 2 || time.Since(begin) < calibrationTime && pass < 50; pass++ {
		for i := range d.Count() {
			r := d.At(i)
			if took := timeChunk(f, worker, signal, result, r); pass > 0 && r.Len() == size {
				times.Add(size, took.Seconds())
			}
		}
	}
}

// timeChunk fits one chunk and returns how long that took.
func timeChunk(f kernel.Fitter, worker kernel.Worker, signal []float32, result fit.Result, r sched.Range) time.Duration {
	start := time.Now()
	worker.Fit(result.Parameters[r.Begin*f.Parameters():r.End*f.Parameters()], result.Status[r.Begin:r.End],
		signal[r.Begin*f.Measurements():r.End*f.Measurements()])
	return time.Since(start)
}

// onOneCore runs a function on a pinned thread, if the system allows it.
func onOneCore(run func() error) error {
	if cpus, err := numa.Allowed(); err == nil {
		if unpin, err := numa.Pin(cpus[0]); err == nil {
			defer unpin()
		}
	}
	return run()
}

// spawnWorkers is how many workers are started to measure how long each further one waits. They are not pinned, because
// most of them have no CPU of their own.
const spawnWorkers = 64

// scheduleCosts measures a dispatch and the start of workers on runs of empty chunks. The least of several runs counts,
// because the time of other programs is no cost of the scheduler.
func scheduleCosts(ctx context.Context, times *simulate.ChunkTimes) error {
	const chunks = 1 << 16
	empty := func(int, sched.Range) error { return nil }
	pin := sched.PinNone
	if numa.CanPin {
		pin = sched.PinCore
	}
	times.Dispatch, times.Start, times.Spawn = math.Inf(1), math.Inf(1), math.Inf(1)
	for range 9 {
		one, err := sched.Run(ctx, sched.Plan{Voxels: chunks, Chunks: chunks, Workers: 1, Pin: pin}, empty)
		if err != nil {
			return err
		}
		many, err := sched.Run(ctx, sched.Plan{Voxels: spawnWorkers, Chunks: spawnWorkers, Workers: spawnWorkers}, empty)
		if err != nil {
			return err
		}
		last := time.Duration(0)
		for _, w := range many.Workers {
			last = max(last, w.StartWait)
		}
		times.Dispatch = min(times.Dispatch, one.Sum().Dispatch.Seconds()/chunks)
		times.Start = min(times.Start, one.Sum().StartWait.Seconds())
		times.Spawn = min(times.Spawn, last.Seconds()/spawnWorkers)
	}
	return nil
}

package main

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/nifti"
)

// memoryInUse is what the process holds, and will beside what passVoxels counts: the program, the index, workers'
// scratch, compressors, one worker that decompresses, and what Go's collector has not collected yet. (A variable so that tests can leave it out.)
var memoryInUse = func() int64 {
	debug.FreeOSMemory()
	const each, rest = 8 << 20, 32 << 20
	return residentMemory() + each*int64(runtime.GOMAXPROCS(0)) + rest
}

// A memoryBudget is what the process may hold at its peak, and who says so.
type memoryBudget struct {
	bytes int64
	limit string // in messages
}

// memoryBudget is the least of --max-memory and most of what is free, on the machine and in the process's cgroups.
func (o *fitOptions) memoryBudget() memoryBudget {
	b := memoryBudget{math.MaxInt64, "memory"}
	if free := availableMemory(); free > 0 {
		b = memoryBudget{residentMemory() + free/10*9, "free memory"}
	}
	if most := int64(o.maxMemory); most > 0 && most < b.bytes {
		b = memoryBudget{most, "--max-memory"}
	}
	return b
}

// leastBudget is the lesser of the budget now and that of the beginning. As the signal is read, what is free shrinks, and
// so does the part of it that is left to others.
func (j *fitJob) leastBudget() memoryBudget {
	now := j.memoryBudget()
	if first := j.data.budget; first.bytes > 0 && first.bytes < now.bytes {
		return first
	}
	return now
}

// voxelMemory is what a voxel takes in a pass.
func (j *fitJob) voxelMemory() int64 { return int64(j.image.BytesPerVoxel()) }

// decompressLimit is how much memory may be taken to decompress the image: an eighth, so that it has many workers where
// there is much.
func (j *fitJob) decompressLimit() int64 { return max(1, j.leastBudget().bytes/8) }

// decompressMemory is what that takes beside what one worker needs, which memoryInUse has counted.
func (j *fitJob) decompressMemory() int64 {
	return j.image.DecompressMemory(nifti.ReadOptions{DecompressMemory: j.decompressLimit()}) - j.image.DecompressMemory(nifti.ReadOptions{Workers: 1})
}

// mapMemory is what all maps take, with the volumes in which the largest is on its way to the disk.
func (j *fitJob) mapMemory() int64 {
	components, largest := 0, 1
	for _, m := range j.wantedMaps {
		components, largest = components+m.Components, max(largest, m.Components)
	}
	return 4 * int64(len(j.index)) * int64(components+max(1, largest/8))
}

// passVoxels is how many voxels' signal fits in memory beside all else.
func (j *fitJob) passVoxels() (int, error) {
	budget := j.leastBudget()
	block := int64(min(blockVoxels, len(j.index)))
	fixed := memoryInUse() - j.signalMemory() + j.decompressMemory() + j.mapMemory() + block*int64(fit.VoxelBytes(j.model.Fitter())-4*j.model.Fitter().Measurements())
	voxels := (budget.bytes - fixed) / j.voxelMemory()
	if voxels < block {
		return 0, fmt.Errorf("%s: found %s, expected at least %s: the maps of %d voxels take %s, the rest is for the program and the signal of %d voxels at a time; allow more, or fit parts with --shard",
			budget.limit, sizeText(budget.bytes), sizeText(fixed+block*j.voxelMemory()), len(j.index), sizeText(j.mapMemory()), block)
	}
	// Go's collector lets the heap grow to twice what lives in it, unless it is told how much there is.
	debug.SetMemoryLimit(budget.bytes - min(voxels, int64(len(j.index)))*j.voxelMemory())
	if voxels >= int64(len(j.index)) {
		return len(j.index), nil
	}
	return int(voxels) / blockVoxels * blockVoxels, nil
}

// signalMemory is what the signal takes that was read already.
func (j *fitJob) signalMemory() int64 {
	if j.signal == nil {
		return 0
	}
	return 4 * int64(len(j.signal.Signal))
}

// keepsSignal tells whether the signal of all voxels may be read before the model is known: where it takes at most half
// of what is left.
func (j *fitJob) keepsSignal() bool {
	left := j.leastBudget().bytes - memoryInUse() - j.decompressMemory()
	return j.shard.of == 0 && int64(len(j.index))*j.voxelMemory() <= left/2
}

// sizeText is a number of bytes as a message shows it, rounded up.
func sizeText(bytes int64) string {
	const kib, mib = 1 << 10, 1 << 20
	switch {
	case bytes < kib:
		return fmt.Sprintf("%d bytes", bytes)
	case bytes < 10*mib:
		return fmt.Sprintf("%d KiB", (bytes+kib-1)/kib)
	}
	return fmt.Sprintf("%d MiB", (bytes+mib-1)/mib)
}

package main

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/nifti"
)

// memoryInUse is what the process holds now, and what it will hold besides the memory that passVoxels counts: the
// program, the index, workers' scratch, compressors, one worker that decompresses, and what Go's collector has not
// collected yet. (It is a variable so that tests can leave it out.)
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

// leastBudget is the lesser of the budget now and that of the beginning. While the signal is read, free memory shrinks.
// The part of it that is left to other programs shrinks with it.
func (j *fitJob) leastBudget() memoryBudget {
	now := j.memoryBudget()
	if first := j.data.budget; first.bytes > 0 && first.bytes < now.bytes {
		return first
	}
	return now
}

// voxelMemory is what a voxel takes in a pass: nothing where its volumes stay in the file.
func (j *fitJob) voxelMemory() int64 { return int64(j.image.VolumesBytes()) }

// readOptions say how the image is read: to decompress it may take an eighth of the memory, so that it has many workers where
// there is much.
func (j *fitJob) readOptions() nifti.ReadOptions {
	return nifti.ReadOptions{Workers: j.threads, DecompressMemory: max(1, j.leastBudget().bytes/8)}
}

// decompressMemory is what it takes to decompress beside what one worker needs, which memoryInUse has counted.
func (j *fitJob) decompressMemory() int64 {
	return j.image.DecompressMemory(j.readOptions()) - j.image.DecompressMemory(nifti.ReadOptions{Workers: 1})
}

// mapMemory is what all maps take, with the volumes in which the largest are on their way to the disk.
func (j *fitJob) mapMemory() int64 {
	components, largest := 0, [mapsAtOnce]int{}
	for _, m := range j.wantedMaps {
		components += m.Components
		if m.Components > largest[0] {
			largest[0] = m.Components
			slices.Sort(largest[:])
		}
	}
	for _, n := range largest {
		components += (n + 7) / 8
	}
	return 4 * int64(len(j.index)) * int64(components)
}

// passVoxels is how many voxels' volumes fit in memory beside all else.
func (j *fitJob) passVoxels() (int, error) {
	budget := j.leastBudget()
	all, block := int64(len(j.index)), int64(min(blockVoxels, len(j.index)))
	program := memoryInUse() - j.volumesMemory() + j.decompressMemory()
	fixed := program + j.mapMemory() + block*int64(fit.VoxelBytes(j.model.Fitter()))
	if least := fixed + block*j.voxelMemory(); budget.bytes < least {
		remedy := "allow more, or fit parts with --shard"
		if budget.bytes < program {
			remedy = fmt.Sprintf("allow more, for the program alone takes %s", sizeText(program))
		}
		return 0, fmt.Errorf("%s: found %s, expected at least %s: the maps of %s take %s, the rest is for the program and the signal of %s at a time; %s",
			budget.limit, sizeText(budget.bytes), sizeText(least), plural.Count(all, "voxel"), sizeText(j.mapMemory()), plural.Count(block, "voxel"), remedy)
	}
	voxels := all
	if each := j.voxelMemory(); each > 0 {
		voxels = min(all, (budget.bytes-fixed)/each)
	}
	// Go's collector lets the heap grow to twice what lives in it, unless it is told how much there is.
	outside := voxels*j.voxelMemory() + block*int64(fit.VoxelBytes(j.model.Fitter())) + j.mapMemory()
	debug.SetMemoryLimit(budget.bytes - outside)
	if voxels == all {
		return len(j.index), nil
	}
	return int(voxels) / blockVoxels * blockVoxels, nil
}

// volumesMemory is what the volumes take that were read already.
func (j *fitJob) volumesMemory() int64 {
	if j.memory == nil {
		return 0
	}
	return int64(len(j.memory.Bytes()))
}

// keepsVolumes tells whether the volumes of all voxels may be read before the model is known: where they take at most half
// of what is left.
func (j *fitJob) keepsVolumes() bool {
	left := j.leastBudget().bytes - memoryInUse() - j.decompressMemory()
	return j.shard.of == 0 && int64(len(j.index))*j.voxelMemory() <= left/2
}

// sizeText is a number of bytes as a message shows it, rounded up.
func sizeText(bytes int64) string {
	const kib, mib = 1 << 10, 1 << 20
	switch {
	case bytes < kib:
		return plural.Count(bytes, "byte")
	case bytes < 10*mib:
		return fmt.Sprintf("%d KiB", (bytes+kib-1)/kib)
	}
	return fmt.Sprintf("%d MiB", (bytes+mib-1)/mib)
}

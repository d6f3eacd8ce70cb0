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

// memoryInUse returns the memory that the process needs besides what passVoxels counts: the program, the index, scratch
// of workers, compressors, one decompressing worker, and garbage that Go has not collected yet. It is a variable so
// that tests can leave it out.
var memoryInUse = func() int64 {
	debug.FreeOSMemory()
	const each, rest = 8 << 20, 32 << 20
	return residentMemory() + each*int64(runtime.GOMAXPROCS(0)) + rest
}

// A memoryBudget is the memory that the process may have at its peak, and the limit that says so.
type memoryBudget struct {
	bytes int64
	limit string // the name of the limit in messages
}

// memoryBudget returns the least of --max-memory and most of what is free, on the machine and in the process's cgroups.
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

// leastBudget returns the lesser of the budget now and the budget at the beginning. While the signal is read, free
// memory shrinks, and with it the part that is left to other programs.
func (j *fitJob) leastBudget() memoryBudget {
	now := j.memoryBudget()
	if first := j.data.budget; first.bytes > 0 && first.bytes < now.bytes {
		return first
	}
	return now
}

// voxelMemory returns the bytes of a voxel's signal in a pass, which are 0 if the signal stays in the file.
func (j *fitJob) voxelMemory() int64 { return int64(j.image.VolumesBytes()) }

// readOptions returns how the image is read. Decompression may take an eighth of the memory, so it has many workers if
// there is much memory.
func (j *fitJob) readOptions() nifti.ReadOptions {
	return nifti.ReadOptions{Workers: j.threads, DecompressMemory: max(1, j.leastBudget().bytes/8)}
}

// decompressMemory returns the memory for decompression, without that of one worker, which memoryInUse counts.
func (j *fitJob) decompressMemory() int64 {
	return j.image.DecompressMemory(j.readOptions()) - j.image.DecompressMemory(nifti.ReadOptions{Workers: 1})
}

// mapMemory returns the memory of all maps, and of the volumes from which the largest of them are written.
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

// passVoxels returns for how many voxels the signal fits in memory beside everything else.
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
	// Go's collector lets the heap grow to twice its live size, unless it has a limit.
	outside := voxels*j.voxelMemory() + block*int64(fit.VoxelBytes(j.model.Fitter())) + j.mapMemory()
	debug.SetMemoryLimit(budget.bytes - outside)
	if voxels == all {
		return len(j.index), nil
	}
	return int(voxels) / blockVoxels * blockVoxels, nil
}

// volumesMemory returns the memory of the volumes that were read already.
func (j *fitJob) volumesMemory() int64 {
	if j.memory == nil {
		return 0
	}
	return int64(len(j.memory.Bytes()))
}

// keepsVolumes says whether the volumes of all voxels may be read before the model is known. They may if they take at
// most half of the memory that is left.
func (j *fitJob) keepsVolumes() bool {
	left := j.leastBudget().bytes - memoryInUse() - j.decompressMemory()
	return j.shard.of == 0 && int64(len(j.index))*j.voxelMemory() <= left/2
}

// sizeText writes a number of bytes for a message, rounded up.
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

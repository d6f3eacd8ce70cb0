package sched

import "fmt"

// A Range is the voxels Begin to End-1, by their number among the masked voxels.
type Range struct{ Begin, End int }

// Len is the number of voxels.
func (r Range) Len() int { return r.End - r.Begin }

// String writes "voxels 64-127" (both ends included), as errors and logs name a range.
func (r Range) String() string {
	switch r.Len() {
	case 0:
		return "no voxels"
	case 1:
		return fmt.Sprintf("voxel %d", r.Begin)
	}
	return fmt.Sprintf("voxels %d-%d", r.Begin, r.End-1)
}

// A Division is a number of voxels cut into chunks of equal size, the last of which holds the
// remainder: chunk i is the voxels from i*PerChunk on. It is arithmetic, not a list, so workers read
// it without any memory shared between them.
type Division struct {
	Voxels   int // at least 0
	PerChunk int // at least 1
}

// Divide cuts voxels into chunks by the study's rule, as its program and DIPY 1.12 together apply it:
// the program asks for vox_per_chunk = num_vox / num_chunks (integer division), and DIPY's
// multi_voxel_fit (dipy/reconst/multi_voxel.py) hands paramap the slices [ii, ii+vox_per_chunk) for
// ii = 0, vox_per_chunk, 2 vox_per_chunk, ... while ii < num_vox. The remainder is thus not spread: it
// becomes further chunks of the same size and one smaller last chunk, and there may be more chunks
// than were asked for. The study's 435,686 voxels in 2^15 chunks are 13 voxels a chunk and 33,515
// chunks.
//
// With more chunks than voxels the rule gives 0 voxels per chunk, at which DIPY stops with an error.
// Here each voxel is then a chunk, and the number of chunks is that of the voxels.
//
// It panics when voxels is negative or chunks is not positive.
func Divide(voxels, chunks int) Division {
	if voxels < 0 || chunks <= 0 {
		panic(fmt.Sprintf("sched: Divide(%d voxels, %d chunks): expected at least 0 voxels and 1 chunk", voxels, chunks))
	}
	return Division{Voxels: voxels, PerChunk: max(1, voxels/chunks)}
}

// Count is the number of chunks.
func (d Division) Count() int {
	if d.Voxels == 0 {
		return 0
	}
	return (d.Voxels-1)/d.PerChunk + 1
}

// At is chunk i, 0 <= i < Count().
func (d Division) At(i int) Range {
	begin := i * d.PerChunk
	// Written so that begin+PerChunk cannot overflow.
	if d.Voxels-begin <= d.PerChunk {
		return Range{begin, d.Voxels}
	}
	return Range{begin, begin + d.PerChunk}
}

// Of is the chunk that a voxel is in.
func (d Division) Of(voxel int) int { return voxel / d.PerChunk }

// beginning is the number of chunks that begin in r.
func (d Division) beginning(r Range) int {
	return d.after(r.End) - d.after(r.Begin)
}

// ending is the number of chunks that end in r.
func (d Division) ending(r Range) int { return d.before(r.End) - d.before(r.Begin) }

// whole is the number of chunks that lie in r from end to end.
func (d Division) whole(r Range) int { return max(0, d.before(r.End)-d.after(r.Begin)) }

// after counts the chunks that begin before a voxel, before those that have ended by then.
func (d Division) after(voxel int) int {
	if voxel == 0 {
		return 0
	}
	return (voxel-1)/d.PerChunk + 1
}

func (d Division) before(voxel int) int {
	if voxel == d.Voxels {
		return d.Count()
	}
	return voxel / d.PerChunk
}

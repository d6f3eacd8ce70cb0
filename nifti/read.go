package nifti

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/voxfit/voxfit/gunzip"
)

// ReadOptions says how a block is read. The zero value is a good choice.
type ReadOptions struct {
	// Workers is the number of goroutines that read, convert and transpose; 0 means GOMAXPROCS. One
	// more reads ahead where the file is a stream, and up to as many, but at most 16, decompress it. The result does not depend
	// on it.
	Workers int
	// DecompressMemory is the most memory that may be taken to decompress: fewer workers do it where it does not suffice for
	// more. 0 is no limit. One worker takes 2.3 MiB, whatever is said here.
	DecompressMemory int64
	// Progress, where set, is called on the caller's goroutine with the volumes that have
	// arrived in dst so far, and their total.
	Progress func(done, total int)
}

// ReadMasked reads all volumes at the voxels of index and lays them out voxel-major: dst holds
// len(index) rows of Header.Volumes() values, so that dst[i*volumes+t] is the value of voxel
// index[i] in volume t, scaled by scl_slope and scl_inter. index holds linear voxel numbers, x
// fastest, ascending without repeats (as in Mask.Index).
//
// Of a .nii file, workers read the same piece of 16 volumes at a time: beside dst, memory is taken for 2 MiB a worker at
// most. A .nii.gz file is a stream: while one group of masked volumes is transposed, the next one is decompressed, and memory is
// taken for both, each of at most 16 volumes and at most an eighth of them (but at least one). Its checksum is verified.
// BytesPerVoxel counts it. What it takes to decompress, DecompressMemory counts.
//
// An error names the file; after one, the contents of dst are undefined. When ctx ends, ReadMasked
// stops within a fraction of a volume and returns an error that wraps ctx.Err().
func (m *Image) ReadMasked(ctx context.Context, dst []float32, index []int, o ReadOptions) error {
	runs, err := runsOf(index, m.Header.Voxels())
	if err != nil {
		return fmt.Errorf("%s: %w", m.Path, err)
	}
	volumes := m.Header.Volumes()
	// Divided, since the product can overflow where the index is wrong.
	if len(dst)%volumes != 0 || len(dst)/volumes != len(index) {
		return fmt.Errorf("%s: the block has room for %d values, expected %d voxels x %d volumes", m.Path, len(dst), len(index), volumes)
	}
	decompressing, _ := m.decompressWorkers(o)
	s, err := m.source(decompressing)
	if err != nil {
		return err
	}
	defer s.Close()
	r := &reader{
		source: s, header: m.Header, runs: runs,
		dst: dst, voxels: len(index), volumes: volumes,
		workers: o.Workers, progress: o.Progress,
	}
	if r.workers <= 0 {
		r.workers = runtime.GOMAXPROCS(0)
	}
	if r.progress == nil {
		r.progress = func(int, int) {}
	}
	if err := r.read(ctx); err != nil {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%s: reading stopped: %w", m.Path, err)
		}
		return err
	}
	return s.finish()
}

// BytesPerVoxel is what ReadMasked takes for each voxel of the index: its row of dst, and its place in the groups of volumes
// on their way out of a stream. Workers' own buffers are not counted.
func (m *Image) BytesPerVoxel() int {
	volumes := m.Header.Volumes()
	if !m.compressed {
		return 4 * volumes
	}
	return 4 * (volumes + groupsInFlight*planesFor(volumes))
}

// mostDecompressing is how many workers decompress a file at most: what more of them give, the one goroutine that gathers
// voxels could not take.
const mostDecompressing = 16

// decompressWorkers is how many goroutines decompress, and the memory that they take.
func (m *Image) decompressWorkers(o ReadOptions) (workers int, memory int64) {
	if !m.compressed {
		return 0, 0
	}
	workers = o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	size := m.witness.fileSize()
	for workers = min(workers, mostDecompressing); ; workers-- {
		memory = gunzip.PeakMemory(size, workers) + int64(workers+2)*pieceBytes
		if workers <= 1 || o.DecompressMemory == 0 || memory <= o.DecompressMemory {
			return workers, memory
		}
	}
}

// DecompressMemory is what ReadMasked takes to decompress with these options, at most; 0 for a .nii file.
func (m *Image) DecompressMemory(o ReadOptions) int64 {
	_, memory := m.decompressWorkers(o)
	return memory
}

// A reader is one call of ReadMasked.
type reader struct {
	source          source
	header          *Header
	runs            []run
	dst             []float32
	voxels, volumes int
	workers         int
	progress        func(done, total int)
}

// A group is some consecutive volumes on their way from the file to the block.
type group struct {
	first  int
	planes [][]float32 // masked voxels of volumes first, first+1, ...
	err    error
}

func (r *reader) read(ctx context.Context) error {
	if r.source.concurrent() {
		return r.readParts(ctx)
	}
	return r.readStream(ctx)
}

// readStream reads a compressed file, which can only be had from its front: one goroutine gathers the next group of volumes
// while the others turn one into rows.
func (r *reader) readStream(ctx context.Context) error {
	if r.volumes == 1 { // rows of one value: the volume is the block
		if err := newGatherer(r.source, r.header, r.runs).volume(ctx, r.dst, 0); err != nil {
			return err
		}
		r.progress(1, 1)
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	full := r.readAhead(ctx)
	// No goroutine may outlive this call: it would use the file and hold the buffers.
	defer func() {
		cancel()
		for range full.groups {
		}
	}()
	for g := range full.groups {
		if g.err != nil {
			return g.err
		}
		inTasks(r.workers, r.voxels, func(begin, end int) {
			toRows(r.dst, r.volumes, g.first, g.planes, begin, end)
		})
		done := g.first + len(g.planes)
		full.free <- g.planes
		r.progress(done, r.volumes)
	}
	return ctx.Err()
}

// ahead joins the goroutine that reads with the one that transposes.
type ahead struct {
	groups chan group       // filled, in order; closed at the end or after an error
	free   chan [][]float32 // buffers to fill
}

// groupsInFlight is how many buffers go round: one is filled while the other is transposed.
const groupsInFlight = 2

// readAhead fills groups on another goroutine until the last volume, an error or the end of ctx.
func (r *reader) readAhead(ctx context.Context) ahead {
	size := planesFor(r.volumes)
	a := ahead{make(chan group, groupsInFlight), make(chan [][]float32, groupsInFlight)}
	for range groupsInFlight {
		a.free <- newPlanes(size, r.voxels)
	}
	go func() {
		defer close(a.groups)
		gatherer := newGatherer(r.source, r.header, r.runs)
		for first := 0; first < r.volumes; first += size {
			var planes [][]float32
			select {
			case planes = <-a.free:
			case <-ctx.Done():
				return
			}
			planes = planes[:min(size, r.volumes-first)]
			err := gatherer.group(ctx, planes, first)
			a.groups <- group{first, planes, err}
			if err != nil {
				return
			}
		}
	}()
	return a
}

package nifti

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/voxfit/voxfit/gunzip"
	"github.com/voxfit/voxfit/internal/plural"
)

// ReadOptions says how a block is read. The zero value is a good choice.
type ReadOptions struct {
	// Workers is the number of goroutines that read, convert and transpose; 0 means GOMAXPROCS. A compressed file has
	// more: one reads ahead, and up to Workers, but at most 16, decompress. The result does not depend on Workers.
	Workers int
	// DecompressMemory limits the memory that decompression takes, in bytes; 0 is no limit. If it is not enough for all
	// workers, fewer of them decompress. One worker takes 2.3 MiB, even if the limit is lower.
	DecompressMemory int64
	// Progress, where set, is called on the caller's goroutine with the volumes that have
	// arrived in dst so far, and their total.
	Progress func(done, total int)
}

// ReadMasked reads all volumes at the voxels of index and lays them out voxel-major: dst holds len(index) rows of
// Header.Volumes() values, so that dst[i*volumes+t] is the value of voxel index[i] in volume t, scaled by scl_slope and
// scl_inter. index holds linear voxel numbers, x fastest, ascending without repeats (as in Mask.Index).
//
// The workers read a .nii file in pieces of 16 volumes; all of them work on the same piece. Besides dst, each takes at
// most 2 MiB of memory. A .nii.gz file is a stream: while one group of masked volumes is transposed, the next one is
// decompressed. Both groups are in memory as the file stores them. A group has an eighth of all volumes, but at least
// one and at most 16. The checksum is verified. DecompressMemory says how much memory decompression itself takes. A
// caller that wants the rows of some voxels at a time needs less memory with Volumes.
//
// An error names the file; after one, the contents of dst are undefined. When ctx ends, ReadMasked stops within a
// fraction of a volume and returns an error that wraps ctx.Err().
func (m *Image) ReadMasked(ctx context.Context, dst []float32, index []int, o ReadOptions) error {
	runs, err := runsOf(index, m.Header.Voxels())
	if err != nil {
		return fmt.Errorf("%s: %w", m.Path, err)
	}
	volumes := m.Header.Volumes()
	// Lengths are divided, because a product could overflow if the index is wrong.
	if len(dst)%volumes != 0 || len(dst)/volumes != len(index) {
		return fmt.Errorf("%s: the block has room for %s, expected %s x %s", m.Path, plural.Count(len(dst), "value"), plural.Count(len(index), "voxel"), plural.Count(volumes, "volume"))
	}
	r := &reader{header: m.Header, runs: runs, dst: dst, voxels: len(index), volumes: volumes, workers: o.workers(), progress: o.progress()}
	return m.stopped(m.readInto(ctx, r, o))
}

// readInto reads the voxels from the file.
func (m *Image) readInto(ctx context.Context, r *reader, o ReadOptions) error {
	if !m.compressed {
		s, err := m.plain()
		if err != nil {
			return err
		}
		defer s.Close()
		return r.readFile(ctx, &fileStore{plainSource: s, header: m.Header})
	}
	decompressing, _ := m.decompressWorkers(o)
	s, err := m.source(decompressing)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := r.readStream(ctx, s); err != nil {
		return err
	}
	return s.finish()
}

// stopped says what was stopped, if an error is that of a context.
func (m *Image) stopped(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: reading stopped: %w", m.Path, err)
	}
	return err
}

func (o ReadOptions) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

func (o ReadOptions) progress() func(done, total int) {
	if o.Progress != nil {
		return o.Progress
	}
	return func(int, int) {}
}

// mostDecompressing is how many workers decompress a file at most. One goroutine gathers the voxels, and it could not
// keep up with more of them.
const mostDecompressing = 16

// decompressWorkers returns how many goroutines decompress, and how much memory they take.
func (m *Image) decompressWorkers(o ReadOptions) (workers int, memory int64) {
	if !m.compressed {
		return 0, 0
	}
	size := m.witness.fileSize()
	for workers = min(o.workers(), mostDecompressing); ; workers-- {
		memory = gunzip.PeakMemory(size, workers) + int64(workers+2)*pieceBytes
		if workers <= 1 || o.DecompressMemory == 0 || memory <= o.DecompressMemory {
			return workers, memory
		}
	}
}

// DecompressMemory returns how much memory ReadMasked takes at most to decompress with these options, in bytes. It is 0
// for a .nii file.
func (m *Image) DecompressMemory(o ReadOptions) int64 {
	_, memory := m.decompressWorkers(o)
	return memory
}

// A reader is one call of ReadMasked.
type reader struct {
	header          *Header
	runs            []run
	dst             []float32
	voxels, volumes int
	workers         int
	progress        func(done, total int)
}

// readFile reads a plain file, sixteen volumes at a time. Their parts are divided among the workers.
func (r *reader) readFile(ctx context.Context, store *fileStore) error {
	parts := partsOf(r.runs, store.voxelsPerPart(), r.header.Voxels())
	t := newTransposition(min(r.workers, max(1, len(parts))), store, r.header)
	for first := 0; first < r.volumes; first += planesPerGroup {
		last := min(first+planesPerGroup, r.volumes)
		if err := t.run(ctx, r.dst, r.volumes, parts, first, last); err != nil {
			return err
		}
		r.progress(last, r.volumes)
	}
	return ctx.Err()
}

// readStream reads a compressed file, which can only be read from front to back. One goroutine gathers the next group
// of volumes while the others turn one group into rows.
func (r *reader) readStream(callers context.Context, s source) error {
	ctx, cancel := context.WithCancel(callers)
	full := r.readAhead(ctx, newGatherer(s, r.header, r.runs))
	// No goroutine may outlive this call: it would use the file and hold the buffers.
	defer func() {
		cancel()
		for range full.groups {
		}
	}()
	store := newMemoryStore(nil, r.voxels, r.header)
	parts := partsOf([]run{{0, r.voxels}}, store.voxelsPerPart(), r.voxels)
	t := newTransposition(r.workers, store, r.header)
	for g := range full.groups {
		if g.err != nil {
			return g.err
		}
		store.stored, store.first = g.stored, g.first
		t.from(store)
		if err := t.run(ctx, r.dst, r.volumes, parts, g.first, g.first+g.volumes); err != nil {
			return err
		}
		full.free <- g.stored[:cap(g.stored)]
		r.progress(g.first+g.volumes, r.volumes)
	}
	return ctx.Err()
}

// A group is some consecutive volumes between the file and the block.
type group struct {
	first, volumes int
	stored         []byte // masked voxels of volumes first, first+1, ...
	err            error
}

// ahead joins the goroutine that reads with those that transpose.
type ahead struct {
	groups chan group  // filled, in order; closed at the end or after an error
	free   chan []byte // buffers to fill
}

// groupsInFlight is the number of buffers: one is filled while the other is transposed.
const groupsInFlight = 2

// readAhead fills groups on another goroutine until the last volume, an error or the end of ctx.
func (r *reader) readAhead(ctx context.Context, gatherer *gatherer) ahead {
	size, bytes := planesFor(r.volumes), r.voxels*r.header.Datatype.Size()
	a := ahead{make(chan group, groupsInFlight), make(chan []byte, groupsInFlight)}
	for range min(groupsInFlight, (r.volumes+size-1)/size) {
		a.free <- make([]byte, size*bytes)
	}
	go func() {
		defer close(a.groups)
		for first := 0; first < r.volumes; first += size {
			var stored []byte
			select {
			case stored = <-a.free:
			case <-ctx.Done():
				return
			}
			g := group{first: first, volumes: min(size, r.volumes-first)}
			g.stored = stored[:g.volumes*bytes]
			g.err = gatherer.collect(ctx, g.stored, r.voxels, first)
			a.groups <- g
			if g.err != nil {
				return
			}
		}
	}()
	return a
}

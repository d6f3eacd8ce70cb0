package native

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/sched"
)

// ErrAborted is the error of a batch whose abort flag was raised before it was done.
var ErrAborted = errors.New("voxfit: aborted")

// A Run says how a batch is worked through.
type Run struct {
	// Threads is the number of workers; 0 means one for each CPU that this process may use.
	Threads int
	// Pin ties each worker to a CPU. It is meant for a process that has the machine to itself.
	Pin bool
	// Abort, where it is not nil, ends the batch soon after it becomes other than 0.
	Abort *int32
	// Progress, where it is not nil, counts the voxels that are done.
	Progress *int64
}

// A Batch has the signal of some voxels, and room for the results. All memory is the caller's.
type Batch struct {
	Voxels int
	Signal Signal
	// Params is Voxels x Parameters(), voxel-major, as float64 or float32.
	Params     unsafe.Pointer
	ParamsType Type
	// Status and Iterations have one entry for each voxel. Either may be nil.
	Status     []uint8
	Iterations []uint16
	Run
}

// A tile is what a worker fits between two looks at the abort flag. It starts small and grows while it
// takes less than tileTime: a voxel takes from 0.3 to 300 microseconds.
const (
	leastTile = 64
	mostTile  = 1024
	tileTime  = 10 * time.Millisecond
)

// aloneVoxels is the largest batch that the calling thread fits by itself. Fits of a few voxels, as in interactive
// use, then do not wait for threads to start.
const aloneVoxels = 64

// Fit fits a batch. When the abort flag was raised, the error is ErrAborted, and voxels that were not fitted have
// the status OutsideMask.
func (m *Model) Fit(b *Batch) error {
	if err := m.check(b); err != nil {
		return err
	}
	for v := range b.Status {
		b.Status[v] = uint8(kernel.OutsideMask)
	}
	if b.Voxels <= aloneVoxels && !b.Pin {
		w, ok := m.idle.Get().(*fitWorker)
		if !ok {
			w = m.newWorker()
		}
		all := sched.Range{End: b.Voxels}
		w.fit(b, all)
		m.idle.Put(w)
		return b.Run.end()
	}
	_, err := fit.PerWorker(context.Background(), b.plan(b.Voxels), m.newWorker, func(w *fitWorker, part sched.Range) {
		w.fit(b, part)
	})
	return errors.Join(err, b.Run.end())
}

func (m *Model) check(b *Batch) error {
	if err := b.Run.check(b.Voxels); err != nil {
		return err
	}
	if b.Status != nil && len(b.Status) != b.Voxels || b.Iterations != nil && len(b.Iterations) != b.Voxels {
		return fmt.Errorf("voxfit: %d statuses and %s for %s", len(b.Status), plural.Count(len(b.Iterations), "iteration"), plural.Count(b.Voxels, "voxel"))
	}
	if b.Voxels > 0 && (b.Signal.Data == nil || b.Params == nil) {
		return errors.New("voxfit: signal or params is a null pointer")
	}
	if most := int64(1) << 60 / 8; int64(b.Voxels) > most/int64(max(m.Measurements(), m.Parameters())) {
		return fmt.Errorf("voxfit: %s of %d measurements are more than memory can hold", plural.Count(b.Voxels, "voxel"), m.Measurements())
	}
	if err := b.Signal.Type.check("signal", signalTypes...); err != nil {
		return err
	}
	if b.Signal.VoxelStride == 0 && b.Signal.ValueStride == 0 && b.Signal.Offsets == nil {
		b.Signal.ValueStride = b.Signal.Type.bytes()
		b.Signal.VoxelStride = b.Signal.ValueStride * int64(m.Measurements())
	}
	return b.ParamsType.check("params", Float32, Float64)
}

func (r *Run) check(voxels int) error {
	if voxels < 0 || r.Threads < 0 {
		return fmt.Errorf("voxfit: %s and %s, expected at least 0 of each", plural.Count(voxels, "voxel"), plural.Count(r.Threads, "thread"))
	}
	return nil
}

func (r *Run) plan(voxels int) sched.Plan {
	plan := sched.Plan{Voxels: voxels, Workers: r.Threads}
	if r.Pin {
		plan.Pin = sched.PinCore
	}
	return plan
}

func (r *Run) aborted() bool { return r.Abort != nil && atomic.LoadInt32(r.Abort) != 0 }

func (r *Run) count(voxels int) {
	if r.Progress != nil {
		atomic.AddInt64(r.Progress, int64(voxels))
	}
}

func (r *Run) end() error {
	if r.aborted() {
		return ErrAborted
	}
	return nil
}

// tiles calls do for one tile after another, until the part is done or the run is aborted.
func (r *Run) tiles(size *int, part sched.Range, do func(tile sched.Range)) {
	for begin := part.Begin; begin < part.End && !r.aborted(); {
		tile := sched.Range{Begin: begin, End: min(begin+*size, part.End)}
		start := time.Now()
		do(tile)
		if time.Since(start) < tileTime/2 {
			*size = min(2**size, mostTile)
		}
		r.count(tile.Len())
		begin = tile.End
	}
}

// A fitWorker is the scratch of one worker.
type fitWorker struct {
	kernel       kernel.Worker
	measurements int
	parameters   int
	size         int       // of the next tile
	single       []float32 // signal of a tile, if it must be gathered
	double       []float64
	params       []float64 // of a tile, if they must be narrowed to float32
	status       [mostTile]kernel.Status
}

func (m *Model) newWorker() *fitWorker {
	return &fitWorker{
		kernel: m.model.Fitter().NewWorker(), size: leastTile,
		measurements: m.Measurements(), parameters: m.Parameters(),
	}
}

// room returns n elements of a buffer that grows as needed.
func room[T any](buffer *[]T, n int) []T {
	if cap(*buffer) < n {
		*buffer = make([]T, n)
	}
	return (*buffer)[:n]
}

func (w *fitWorker) fit(b *Batch, part sched.Range) {
	b.tiles(&w.size, part, func(tile sched.Range) { w.fitTile(b, tile) })
}

func (w *fitWorker) fitTile(b *Batch, tile sched.Range) {
	status := w.status[:tile.Len()]
	params := w.paramsOf(b, tile)
	if b.Signal.Type&^Swapped == Float64 {
		w.kernel.Fit64(params, status, w.signal64(&b.Signal, tile))
	} else {
		w.kernel.Fit(params, status, w.signal32(&b.Signal, tile))
	}
	if b.ParamsType == Float32 {
		first := tile.Begin * w.parameters
		narrow := unsafe.Slice((*float32)(b.Params), b.Voxels*w.parameters)[first:]
		for i, x := range params {
			narrow[i] = float32(x)
		}
	}
	for i, s := range status {
		if b.Status != nil {
			b.Status[tile.Begin+i] = uint8(s.Code)
		}
		if b.Iterations != nil {
			b.Iterations[tile.Begin+i] = s.Iterations
		}
	}
}

// paramsOf is where the kernel writes: the caller's memory, or scratch if the caller wants float32.
func (w *fitWorker) paramsOf(b *Batch, tile sched.Range) []float64 {
	if b.ParamsType == Float32 {
		return room(&w.params, tile.Len()*w.parameters)
	}
	all := unsafe.Slice((*float64)(b.Params), b.Voxels*w.parameters)
	return all[tile.Begin*w.parameters : tile.End*w.parameters]
}

// signal64 and signal32 return a tile's signal. If it is packed, they return the caller's memory, else they gather
// it.
func (w *fitWorker) signal64(s *Signal, tile sched.Range) []float64 {
	n := tile.Len() * w.measurements
	if s.Type == Float64 && s.packed(w.measurements) {
		return unsafe.Slice((*float64)(s.voxel(tile.Begin)), n)
	}
	dst := room(&w.double, n)
	double64(dst, s, w.measurements, tile)
	return dst
}

func (w *fitWorker) signal32(s *Signal, tile sched.Range) []float32 {
	n := tile.Len() * w.measurements
	if s.Type == Float32 && s.packed(w.measurements) {
		return unsafe.Slice((*float32)(s.voxel(tile.Begin)), n)
	}
	dst := room(&w.single, n)
	single32(dst, s, w.measurements, tile)
	return dst
}

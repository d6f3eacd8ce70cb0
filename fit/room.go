package fit

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
)

// A Room is memory for a fit, outside the Go heap: for the signal and the results of a number of voxels. It is in huge
// pages where the system allows, and Place moves each NUMA node's share of the voxels to that node. Free frees it.
type Room struct {
	// Signal is voxels x measurements, voxel-major.
	Signal     []float32
	voxels     int
	parameters []float64
	status     []kernel.Status
	pages      [3]*numa.Pages // of signal, parameters, status
}

// NewRoom allocates memory for a number of voxels: their measurements, and results of up to a number of parameters.
// measurements or parameters may be 0 if the caller keeps that part elsewhere.
func NewRoom(voxels, measurements, parameters int) (*Room, error) {
	r := &Room{voxels: voxels}
	statuses := 0
	if parameters > 0 {
		statuses = voxels
	}
	for i, bytes := range []int{4 * voxels * measurements, 8 * voxels * parameters, statusBytes * statuses} {
		pages, err := numa.NewPages(bytes)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("room for %s: %w", plural.Count(voxels, "voxel"), err), r.Free())
		}
		r.pages[i] = pages
	}
	r.Signal = numa.SliceOf[float32](r.pages[0], voxels*measurements)
	r.parameters = numa.SliceOf[float64](r.pages[1], voxels*parameters)
	r.status = numa.SliceOf[kernel.Status](r.pages[2], statuses)
	return r, nil
}

const statusBytes = int(unsafe.Sizeof(kernel.Status{}))

// Voxels returns for how many voxels there is room.
func (r *Room) Voxels() int { return r.voxels }

// Result returns the memory for the results of f, for the first n voxels.
func (r *Room) Result(f kernel.Fitter, n int) Result {
	return Result{Parameters: r.parameters[:n*f.Parameters()], Status: r.status[:n]}
}

// Place moves the memory of part to the nodes of the workers that will fit it, when plan fits it with f. It returns the
// plan, in which this is noted. With one node, or without pinning, nothing is moved. f may be nil while there is only
// signal.
func (r *Room) Place(plan sched.Plan, f kernel.Fitter, part sched.Range) (sched.Plan, error) {
	plan.Voxels = part.Len()
	plan.Placed = false
	if plan.Pin == sched.PinNone || !numa.CanPlace {
		return plan, nil
	}
	homes, err := plan.Homes()
	if err != nil {
		return plan, err
	}
	if severalNodes() {
		if err := r.place(homes, f, part); err != nil {
			return plan, err
		}
	}
	plan.Placed = true
	return plan, nil
}

func (r *Room) place(homes []sched.Home, f kernel.Fitter, part sched.Range) error {
	perVoxel := [3]int{len(r.Signal) / max(1, r.voxels) * 4, 0, len(r.status) / max(1, r.voxels) * statusBytes}
	if f != nil && len(r.parameters) > 0 {
		perVoxel[1] = 8 * f.Parameters()
	}
	for i, pages := range r.pages {
		for _, h := range homes {
			begin, end := share(part.Begin*perVoxel[i], h.Range, perVoxel[i], part.Len())
			if err := pages.Prefer(begin, end, h.Node); err != nil {
				return err
			}
		}
	}
	return nil
}

// share returns the bytes of the voxels in r, of n voxels that begin at offset. Where huge pages are small compared
// with the whole, the borders between shares are moved to those of huge pages.
func share(offset int, r sched.Range, perVoxel, n int) (begin, end int) {
	border := func(voxel int) int {
		at := offset + voxel*perVoxel
		if voxel > 0 && voxel < n && n*perVoxel > 64*numa.HugePage {
			at = at / numa.HugePage * numa.HugePage
		}
		return at
	}
	return border(r.Begin), border(r.End)
}

// Free frees the memory. Signal and the results in it must not be used afterwards. A second call does nothing.
func (r *Room) Free() error {
	var errs []error
	for _, p := range r.pages {
		if p != nil {
			errs = append(errs, p.Free())
		}
	}
	*r = Room{}
	return errors.Join(errs...)
}

// severalNodes says whether the machine has several nodes, so that it matters where memory lies.
var severalNodes = sync.OnceValue(func() bool { return len(numa.Describe().Nodes) > 1 })

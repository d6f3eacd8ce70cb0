package native

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sched"
)

// A Derivation has the results of a fit, and room for the maps to be made of them. All memory is the caller's.
type Derivation struct {
	Voxels int
	// Params is Voxels x Parameters() as Fit wrote them, as float64.
	Params unsafe.Pointer
	// Status and Iterations are those of the fit, for the maps of these names; nil counts as zeros.
	Status     []uint8
	Iterations []uint16
	// Maps has an entry for each of MapFields(): Voxels x Components float32 values, or nil for a map that is not
	// wanted and is then not computed.
	Maps []unsafe.Pointer
	Run
}

// Derive makes maps of parameters. It is an error when there is not one pointer for each map and when Params is nil.
// The error is ErrAborted when the abort flag was raised.
func (m *Model) Derive(d *Derivation) error {
	if err := d.Run.check(d.Voxels); err != nil {
		return err
	}
	fields := m.MapFields()
	if len(d.Maps) != len(fields) {
		return fmt.Errorf("voxfit: %s for %s", plural.Count(len(d.Maps), "pointer"), plural.Count(len(fields), "map"))
	}
	if d.Voxels > 0 && d.Params == nil {
		return errors.New("voxfit: params is a null pointer")
	}
	out := make([][]float32, len(fields))
	for i, f := range fields {
		if d.Maps[i] != nil && d.Voxels > 0 {
			out[i] = unsafe.Slice((*float32)(d.Maps[i]), d.Voxels*f.Components)
		}
	}
	if d.Voxels <= aloneVoxels && !d.Pin {
		w, ok := m.idleDerivers.Get().(*deriveWorker)
		if !ok {
			w = m.newDeriveWorker()
		}
		w.deriveRange(d, out, sched.Range{End: d.Voxels})
		m.idleDerivers.Put(w)
		return d.Run.end()
	}
	_, err := fit.PerWorker(context.Background(), d.plan(d.Voxels), m.newDeriveWorker, func(w *deriveWorker, part sched.Range) {
		w.deriveRange(d, out, part)
	})
	return errors.Join(err, d.Run.end())
}

// A deriveWorker is the scratch of one worker.
type deriveWorker struct {
	deriver    model.Deriver
	fields     []model.Map
	parameters int
	size       int
	out        [][]float32
	status     [mostTile]kernel.Status
}

func (m *Model) newDeriveWorker() *deriveWorker {
	fields := m.MapFields()
	return &deriveWorker{deriver: m.model.NewDeriver(), fields: fields, parameters: m.Parameters(), size: leastTile, out: make([][]float32, len(fields))}
}

func (w *deriveWorker) deriveRange(d *Derivation, out [][]float32, part sched.Range) {
	d.tiles(&w.size, part, func(tile sched.Range) { w.derive(d, out, tile) })
	clear(w.out) // so that the worker keeps no pointer to the caller's memory
}

func (w *deriveWorker) derive(d *Derivation, out [][]float32, tile sched.Range) {
	status := w.status[:tile.Len()]
	clear(status)
	for i := range status {
		if d.Status != nil {
			status[i].Code = kernel.Code(d.Status[tile.Begin+i])
		}
		if d.Iterations != nil {
			status[i].Iterations = d.Iterations[tile.Begin+i]
		}
	}
	for i, f := range w.fields {
		if out[i] != nil {
			w.out[i] = out[i][tile.Begin*f.Components : tile.End*f.Components]
		}
	}
	params := unsafe.Slice((*float64)(d.Params), d.Voxels*w.parameters)
	w.deriver.Derive(w.out, params[tile.Begin*w.parameters:tile.End*w.parameters], status)
}

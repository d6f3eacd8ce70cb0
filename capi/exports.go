// Libvoxfit is voxfit as a C library. voxfit.h declares its functions, and README.md says how to build and link it.
// The functions of the header are in shim.c, which calls the functions exported here. The work is done by package
// native. This is the only package of the module that needs cgo.
package main

// #include "voxfit.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"unsafe"

	"github.com/voxfit/voxfit/capi/native"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/model"
)

func main() {} // go build wants one, but nothing calls it in a library

// report runs what a function does, and turns an error, or a panic, into a code and a message. Nothing
// that goes wrong in Go may end the caller's process.
func report(message *C.char, capacity C.int64_t, do func() error) (code C.int32_t) {
	defer func() {
		if fault := recover(); fault != nil {
			put(message, capacity, fmt.Sprintf("voxfit: internal fault: %v\n%s", fault, debug.Stack()))
			code = C.VOXFIT_ERROR_INTERNAL
		}
	}()
	err := do()
	if err == nil {
		return C.VOXFIT_OK
	}
	put(message, capacity, err.Error())
	switch {
	case errors.Is(err, native.ErrHandle), errors.Is(err, native.ErrImage):
		return C.VOXFIT_ERROR_HANDLE
	case errors.Is(err, native.ErrAborted):
		return C.VOXFIT_ERROR_ABORTED
	}
	return C.VOXFIT_ERROR_ARGUMENT
}

// put writes a text with an ending zero into at most capacity bytes.
func put(dst *C.char, capacity C.int64_t, text string) {
	if capacity <= 0 {
		return
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(dst)), int(capacity))
	bytes[copy(bytes[:capacity-1], text)] = 0
}

// maxMeasurements is more than any acquisition has. A number above it is a mistake.
const maxMeasurements = 1 << 20

//export voxfit_go_model_new
func voxfit_go_model_new(name *C.char, measurements C.int64_t, bvals, bvecs *C.double, options *C.char, handle *C.voxfit_model, message *C.char, capacity C.int64_t) C.int32_t {
	return report(message, capacity, func() error {
		if measurements < 1 || measurements > maxMeasurements {
			return fmt.Errorf("voxfit: %s, expected 1 to %d", plural.Count(measurements, "measurement"), maxMeasurements)
		}
		b := unsafe.Slice((*float64)(bvals), int(measurements))
		v := unsafe.Slice((*[3]float64)(unsafe.Pointer(bvecs)), int(measurements))
		h, err := native.New(C.GoString(name), b, v, C.GoString(options))
		*handle = C.voxfit_model(h)
		return err
	})
}

//export voxfit_go_options
func voxfit_go_options(text *C.char, room C.int64_t, needed *C.int64_t, message *C.char, capacity C.int64_t) C.int32_t {
	return report(message, capacity, func() error {
		all, err := native.Options()
		put(text, room, all)
		*needed = C.int64_t(len(all) + 1)
		return err
	})
}

//export voxfit_go_model_free
func voxfit_go_model_free(handle C.voxfit_model, message *C.char, capacity C.int64_t) C.int32_t {
	return report(message, capacity, func() error { return native.Free(native.Handle(handle)) })
}

// with runs what a function does with a model.
func with(handle C.voxfit_model, message *C.char, capacity C.int64_t, do func(m *native.Model) error) C.int32_t {
	return withFound(native.Find, native.Handle(handle), message, capacity, do)
}

// withFound runs what a function does with what a handle stands for.
func withFound[T any](find func(native.Handle) (T, error), handle native.Handle, message *C.char, capacity C.int64_t, do func(x T) error) C.int32_t {
	return report(message, capacity, func() error {
		x, err := find(handle)
		if err != nil {
			return err
		}
		return do(x)
	})
}

//export voxfit_go_model_sizes
func voxfit_go_model_sizes(handle C.voxfit_model, measurements, parameters *C.int64_t, message *C.char, capacity C.int64_t) C.int32_t {
	return with(handle, message, capacity, func(m *native.Model) error {
		if measurements != nil {
			*measurements = C.int64_t(m.Measurements())
		}
		if parameters != nil {
			*parameters = C.int64_t(m.Parameters())
		}
		return nil
	})
}

//export voxfit_go_model_fields
func voxfit_go_model_fields(handle C.voxfit_model, which C.int32_t, fields *C.voxfit_field, room C.int64_t, count *C.int64_t, message *C.char, capacity C.int64_t) C.int32_t {
	return with(handle, message, capacity, func(m *native.Model) error {
		var list []model.Map
		switch which {
		case C.VOXFIT_PARAMETERS:
			list = m.ParameterFields()
		case C.VOXFIT_MAPS:
			list = m.MapFields()
		default:
			return fmt.Errorf("voxfit: which is %d, expected VOXFIT_PARAMETERS or VOXFIT_MAPS", which)
		}
		*count = C.int64_t(len(list))
		if room == 0 {
			return nil
		}
		out := unsafe.Slice(fields, int(room))
		for i := range min(len(list), len(out)) {
			f := &out[i]
			put(&f.name[0], C.int64_t(len(f.name)), list[i].Name)
			put(&f.unit[0], C.int64_t(len(f.unit)), list[i].Unit)
			put(&f.description[0], C.int64_t(len(f.description)), list[i].Description)
			f.components = C.int64_t(list[i].Components)
		}
		return nil
	})
}

//export voxfit_go_model_text
func voxfit_go_model_text(handle C.voxfit_model, which C.int32_t, text *C.char, room C.int64_t, needed *C.int64_t, message *C.char, capacity C.int64_t) C.int32_t {
	return with(handle, message, capacity, func(m *native.Model) error {
		var all string
		switch which {
		case C.VOXFIT_WARNINGS:
			all = strings.Join(m.Warnings(), "\n")
		case C.VOXFIT_ISA:
			all = m.ISA()
		default:
			return fmt.Errorf("voxfit: which is %d, expected VOXFIT_WARNINGS or VOXFIT_ISA", which)
		}
		put(text, room, all)
		*needed = C.int64_t(len(all) + 1)
		return nil
	})
}

//export voxfit_go_fit
func voxfit_go_fit(handle C.voxfit_model, b *C.voxfit_batch, message *C.char, capacity C.int64_t) C.int32_t {
	return with(handle, message, capacity, func(m *native.Model) error {
		n, err := voxels(b.voxels)
		if err != nil {
			return err
		}
		run, err := newRun(b.threads, b.flags, b.abort_flag, b.progress)
		if err != nil {
			return err
		}
		return m.Fit(&native.Batch{
			Voxels: n,
			Signal: native.Signal{
				Data: b.signal, Type: native.Type(b.signal_type),
				VoxelStride: int64(b.voxel_stride), ValueStride: int64(b.value_stride),
				Offsets: slice[int64](unsafe.Pointer(b.offsets), n),
			},
			Params: b.params, ParamsType: native.Type(b.params_type),
			Status:     slice[uint8](unsafe.Pointer(b.status), n),
			Iterations: slice[uint16](unsafe.Pointer(b.iterations), n),
			Run:        run,
		})
	})
}

//export voxfit_go_derive
func voxfit_go_derive(handle C.voxfit_model, d *C.voxfit_derivation, message *C.char, capacity C.int64_t) C.int32_t {
	return with(handle, message, capacity, func(m *native.Model) error {
		n, err := voxels(d.voxels)
		if err != nil {
			return err
		}
		if d.map_count < 0 || d.reserved != 0 {
			return fmt.Errorf("voxfit: map_count is %d and reserved %d, expected at least 0, and 0", d.map_count, d.reserved)
		}
		run, err := newRun(d.threads, d.flags, d.abort_flag, d.progress)
		if err != nil {
			return err
		}
		return m.Derive(&native.Derivation{
			Voxels: n, Params: unsafe.Pointer(d.params),
			Status:     slice[uint8](unsafe.Pointer(d.status), n),
			Iterations: slice[uint16](unsafe.Pointer(d.iterations), n),
			Maps:       slice[unsafe.Pointer](unsafe.Pointer(d.maps), int(d.map_count)),
			Run:        run,
		})
	})
}

//export voxfit_go_find_peaks
func voxfit_go_find_peaks(p *C.voxfit_peak_search, message *C.char, capacity C.int64_t) C.int32_t {
	return report(message, capacity, func() error {
		n, err := voxels(p.voxels)
		if err != nil {
			return err
		}
		if p.vertices < 1 || p.vertices > maxVertices || p.edges < 0 || p.edges > maxVertices || p.peaks < 1 || p.peaks > p.vertices {
			return fmt.Errorf("voxfit: %s, %s and %s, expected 1 to %d vertices, 0 to as many edges, and 1 to %d peaks",
				plural.Count(p.vertices, "vertex"), plural.Count(p.edges, "edge"), plural.Count(p.peaks, "peak"), maxVertices, p.vertices)
		}
		run, err := newRun(p.threads, p.flags, p.abort_flag, p.progress)
		if err != nil {
			return err
		}
		return native.FindPeaks(&native.PeakSearch{
			Voxels: n, Most: int(p.peaks),
			Values:    slice[float64](unsafe.Pointer(p.values), n*int(p.vertices)),
			Vertices:  slice[[3]float64](unsafe.Pointer(p.directions), int(p.vertices)),
			Edges:     slice[[2]int32](unsafe.Pointer(p.pairs), int(p.edges)),
			Threshold: float64(p.threshold), Separation: float64(p.separation),
			Indices: slice[int32](unsafe.Pointer(p.indices), n*int(p.peaks)),
			Run:     run,
		})
	})
}

//export voxfit_go_image_new
func voxfit_go_image_new(path *C.char, handle *C.voxfit_image, message *C.char, capacity C.int64_t) C.int32_t {
	return report(message, capacity, func() error {
		h, err := native.Open(C.GoString(path))
		*handle = C.voxfit_image(h)
		return err
	})
}

//export voxfit_go_image_in_memory
func voxfit_go_image_in_memory(name *C.char, shape *C.int64_t, affine *C.double, handle *C.voxfit_image, message *C.char, capacity C.int64_t) C.int32_t {
	return report(message, capacity, func() error {
		h, err := native.OpenInMemory(C.GoString(name), *(*[3]int64)(unsafe.Pointer(shape)), *(*[3][4]float64)(unsafe.Pointer(affine)))
		*handle = C.voxfit_image(h)
		return err
	})
}

//export voxfit_go_image_free
func voxfit_go_image_free(handle C.voxfit_image, message *C.char, capacity C.int64_t) C.int32_t {
	return report(message, capacity, func() error { return native.FreeImage(native.Handle(handle)) })
}

// withImage runs what a function does with an image.
func withImage(handle C.voxfit_image, message *C.char, capacity C.int64_t, do func(m *native.Image) error) C.int32_t {
	return withFound(native.FindImage, native.Handle(handle), message, capacity, do)
}

//export voxfit_go_image_shape
func voxfit_go_image_shape(handle C.voxfit_image, shape *C.int64_t, room C.int64_t, dimensions *C.int64_t, message *C.char, capacity C.int64_t) C.int32_t {
	return withImage(handle, message, capacity, func(m *native.Image) error {
		all := m.Shape()
		*dimensions = C.int64_t(len(all))
		for i, n := range all[:min(len(all), int(room))] {
			unsafe.Slice(shape, int(room))[i] = C.int64_t(n)
		}
		return nil
	})
}

//export voxfit_go_image_check_grid
func voxfit_go_image_check_grid(handle, mask C.voxfit_image, message *C.char, capacity C.int64_t) C.int32_t {
	return withImage(handle, message, capacity, func(m *native.Image) error {
		other, err := native.FindImage(native.Handle(mask))
		if err != nil {
			return err
		}
		return m.CheckGrid(other)
	})
}

//export voxfit_go_image_read
func voxfit_go_image_read(handle C.voxfit_image, r *C.voxfit_reading, message *C.char, capacity C.int64_t) C.int32_t {
	return withImage(handle, message, capacity, func(m *native.Image) error {
		n, err := voxels(r.voxels)
		if err != nil {
			return err
		}
		run, err := newRun(r.threads, r.flags, r.abort_flag, r.progress)
		if err != nil {
			return err
		}
		if r.volumes < 1 || int64(r.volumes) > maxMeasurements || r.flags != 0 {
			return fmt.Errorf("voxfit: %s and flags %d, expected 1 to %d, and 0", plural.Count(r.volumes, "volume"), r.flags, maxMeasurements)
		}
		return m.Read(&native.Reading{
			Index:  slice[int64](unsafe.Pointer(r.index), n),
			Values: slice[float32](unsafe.Pointer(r.values), n*int(r.volumes)),
			Run:    run,
		})
	})
}

// maxVertices is more than any sphere has.
const maxVertices = 1 << 20

// maxVoxels is more than any memory holds, and so low that sizes in bytes do not overflow.
const maxVoxels = 1 << 40

func voxels(n C.int64_t) (int, error) {
	if n < 0 || n > maxVoxels {
		return 0, fmt.Errorf("voxfit: %s, expected 0 to %d", plural.Count(n, "voxel"), int64(maxVoxels))
	}
	return int(n), nil
}

func newRun(threads, flags C.int32_t, abort *C.int32_t, progress *C.int64_t) (native.Run, error) {
	if flags&^C.VOXFIT_PIN != 0 {
		return native.Run{}, fmt.Errorf("voxfit: flags are %d, expected 0 or VOXFIT_PIN", flags)
	}
	return native.Run{
		Threads: int(threads), Pin: flags&C.VOXFIT_PIN != 0,
		Abort: (*int32)(abort), Progress: (*int64)(progress),
	}, nil
}

// slice is n values of the caller's memory, or nil for a null pointer.
func slice[T any](first unsafe.Pointer, n int) []T {
	if first == nil {
		return nil
	}
	return unsafe.Slice((*T)(first), n)
}

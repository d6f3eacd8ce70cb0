package nifti

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"unicode/utf8"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/nifti/internal/compress"
)

// WriteOptions says how an image is written. The zero value is a good choice.
type WriteOptions struct {
	// Fill is the value of voxels outside the index.
	Fill float32
	// Description is the header's free text, cut to 79 bytes. Where it is empty, that of the
	// given header is kept.
	Description string
	// Context, where set, stops the writing when it ends. Nothing is left behind then.
	Context context.Context
}

// WriteMap writes a map of fitted values as a float32 image on the grid of another one.
//
// values holds len(index) x components numbers, voxel-major; index holds linear voxel numbers, x fastest, ascending, on
// the grid of like. The image is 3D for one component, and 4D otherwise, with the components along the fourth axis. The
// map takes from like the first three axes with zooms and unit, qform, sform and the version (NIfTI-2 where the
// components need it). It has a datatype, a byte order (little-endian) and a scaling (none) of its own. Header
// extensions are not kept.
//
// The path must end in .nii or .nii.gz. With .nii.gz the map is compressed, on all processors. The file is written
// under a temporary name (".NAME.tmp-XXXXXXXX" in the same folder), synced and renamed, so that the path never holds a
// part of a map. After any error the temporary file is gone, and an older file under the path is as it was. The bytes
// depend only on the arguments.
//
// While it writes, WriteMap takes memory for one volume, or for an eighth of values if that is more.
func WriteMap(path string, like *Header, index []int, components int, values []float32, o WriteOptions) error {
	if err := like.checkShape(); err != nil { // the sizes may come from the caller
		return fmt.Errorf("%s: %w", path, err)
	}
	h := MapHeader(like, components, o.Description)
	if err := h.checkShape(); err != nil { // before Voxels, which may overflow otherwise
		return fmt.Errorf("%s: %w", path, err)
	}
	runs, err := runsOf(index, h.Voxels())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeImage(path, h, runs, len(index), values, o)
}

// MapHeader returns the header of the map that WriteMap writes: so many components on the grid of like, with the
// description that WriteOptions has.
func MapHeader(like *Header, components int, description string) *Header {
	h := *like
	h.Shape = slices.Clone(like.Shape[:3])
	h.Zooms = slices.Clone(like.Zooms[:3])
	h.TimeUnit = ""
	if components != 1 {
		h.Shape, h.Zooms = append(h.Shape, components), append(h.Zooms, 1)
	}
	h.prepare(Float32, description)
	return &h
}

// WriteSignal writes a block of all voxels as a float32 image: signal holds h.Voxels() rows of
// h.Volumes() values, voxel-major, voxels with x fastest. Shape, zooms, units, qform and sform
// are those of h; all else is as for WriteMap.
func WriteSignal(path string, h *Header, signal []float32, o WriteOptions) error {
	own := *h
	if err := own.checkShape(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeImage(path, &own, []run{{0, own.Voxels()}}, own.Voxels(), signal, o)
}

// writeImage completes the header, which must be the caller's own copy, and writes header and voxels.
func writeImage(path string, h *Header, runs []run, voxels int, values []float32, o WriteOptions) error {
	compressed, err := isCompressed(path)
	if err != nil {
		return err
	}
	h.prepare(Float32, o.Description)
	if err := h.check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	volumes := h.Volumes()
	if len(values)%volumes != 0 || len(values)/volumes != voxels {
		return fmt.Errorf("%s: %s to write, expected %s x %s", path, plural.Count(len(values), "value"), plural.Count(voxels, "voxel"), plural.Count(volumes, "volume"))
	}
	w := &writer{header: h, runs: runs, voxels: voxels, volumes: volumes, values: values, fill: o.Fill, ctx: o.Context}
	if w.ctx == nil {
		w.ctx = context.Background()
	}
	if err := writeFile(path, compressed, w.write); err != nil {
		return namePath(path, err)
	}
	return nil
}

// prepare sets the fields that all written files have in common.
func (h *Header) prepare(as Datatype, description string) {
	h.Datatype, h.ByteOrder = as, binary.LittleEndian
	h.Slope, h.Inter = 1, 0
	if description != "" {
		h.Description = description
	}
	for len(h.Description) >= descriptionSize { // cuts no character in half
		_, size := utf8.DecodeLastRuneInString(h.Description)
		h.Description = h.Description[:len(h.Description)-size]
	}
	if h.Version != 2 {
		h.Version = 1
	}
	for _, d := range h.Shape {
		if d > math.MaxInt16 {
			h.Version = 2
		}
	}
	h.offset = int64(layouts[h.Version-1].size + extensionFlag)
}

// namePath puts the target's name in front of an error, and removes the temporary name from it.
func namePath(path string, err error) error {
	var pathError *os.PathError
	var linkError *os.LinkError
	switch {
	case errors.As(err, &pathError):
		err = fmt.Errorf("%s: %w", pathError.Op, pathError.Err)
	case errors.As(err, &linkError):
		err = fmt.Errorf("%s: %w", linkError.Op, linkError.Err)
	}
	return fmt.Errorf("%s: not written: %w", path, err)
}

// writeFile lets write fill a replacement of the file, compressed where asked, and commits it.
func writeFile(path string, compressed bool, write func(sink) error) error {
	f, err := newReplacement(path)
	if err != nil {
		return err
	}
	committed := false
	defer func() { // also when write panics
		if !committed {
			f.discard()
		}
	}()
	if compressed {
		err = writeGzip(f, write)
	} else {
		err = write(&plainSink{Writer: f})
	}
	if err != nil {
		return err
	}
	err = f.commit()
	committed = err == nil
	return err
}

// A sink takes the bytes of a file, written or put where they are wanted.
type sink interface {
	io.Writer
	// Room returns where the next bytes may be put. It has place for four or more if those before came in fours. Fill
	// takes the first n of them.
	Room() []byte
	Fill(n int) error
}

// A plainSink is a file that is not compressed.
type plainSink struct {
	io.Writer
	buffer []byte
}

func (s *plainSink) Room() []byte {
	if s.buffer == nil {
		s.buffer = make([]byte, chunkBytes)
	}
	return s.buffer
}

func (s *plainSink) Fill(n int) error {
	_, err := s.Write(s.buffer[:n])
	return err
}

// writeGzip compresses at level 1, the fastest. Most of what compression gains on a map are the zeros outside its mask,
// which every level finds. Level 9 makes real maps and signals 5 to 11 percent smaller than level 1, and takes 2 to 30
// times as long. nibabel's default is 1 as well.
func writeGzip(f io.Writer, write func(sink) error) error {
	z := compress.NewWriter(f, runtime.GOMAXPROCS(0))
	defer z.Stop() // so that no goroutine uses the file after it is closed
	if err := write(z); err != nil {
		return err
	}
	return z.Close()
}

// A writer is one image on its way to a file.
type writer struct {
	header          *Header
	runs            []run
	voxels, volumes int
	values          []float32 // voxels x volumes
	fill            float32
	ctx             context.Context
}

// write writes the header and then the volumes in order.
func (w *writer) write(out sink) error {
	if _, err := out.Write(w.header.bytes()); err != nil {
		return err
	}
	if w.volumes == 1 { // rows of one value are already the volume
		return w.volume(out, w.values)
	}
	size := planesFor(w.volumes)
	group := newPlanes(size, w.voxels)
	for first := 0; first < w.volumes; first += size {
		planes := group[:min(size, w.volumes-first)]
		inTasks(runtime.GOMAXPROCS(0), w.voxels, func(begin, end int) {
			toPlanes(planes, w.values, w.volumes, first, begin, end)
		})
		for _, plane := range planes {
			if err := w.volume(out, plane); err != nil {
				return err
			}
		}
	}
	return nil
}

// volume spreads the masked values of one volume over its grid and writes it in chunks.
func (w *writer) volume(out sink, values []float32) error {
	voxels, runs := w.header.Voxels(), w.runs
	for begin, end := 0, 0; begin < voxels; begin = end {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		room := out.Room()
		end = min(begin+len(room)/4, voxels)
		next := begin // the first voxel that is not in the room yet
		for len(runs) > 0 && runs[0].begin < end {
			from, to := max(runs[0].begin, begin), min(runs[0].end, end)
			encodeFill(room[4*(next-begin):4*(from-begin)], w.fill)
			encode(room[4*(from-begin):], values[:to-from])
			values = values[to-from:]
			next = to
			if to < runs[0].end {
				break
			}
			runs = runs[1:]
		}
		encodeFill(room[4*(next-begin):4*(end-begin)], w.fill)
		if err := out.Fill(4 * (end - begin)); err != nil {
			return err
		}
	}
	return nil
}

// encodeFill fills dst with one value.
func encodeFill(dst []byte, value float32) {
	bits := math.Float32bits(value)
	if bits == 0 {
		clear(dst)
		return
	}
	for i := 0; i+4 <= len(dst); i += 4 {
		binary.LittleEndian.PutUint32(dst[i:], bits)
	}
}

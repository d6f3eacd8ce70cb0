package nifti

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/voxfit/voxfit/internal/plural"
)

// A layout gives the byte offsets of the fields that matter here. NIfTI-2 widened most numbers and moved all of them.
// Apart from that, both versions have the same fields.
type layout struct {
	version                         int
	size                            int
	magic, pair                     string // of a single file, and of a .hdr/.img pair
	magicAt                         int
	datatype, bitpix, dim, pixdim   int
	voxOffset, slope, inter         int
	units, descrip, dimInfo         int
	qformCode, sformCode            int
	quaternion, quaternionOffset    int
	srow                            int
	integer, code, real, unitsWidth int // bytes of: dims, form codes, real numbers, xyzt_units
}

// The offsets are those of nifti1.h and nifti2.h.
var layouts = [...]layout{
	{
		version: 1, size: 348, magic: "n+1\x00", pair: "ni1\x00", magicAt: 344,
		datatype: 70, bitpix: 72, dim: 40, pixdim: 76,
		voxOffset: 108, slope: 112, inter: 116,
		units: 123, descrip: 148, dimInfo: 39,
		qformCode: 252, sformCode: 254, quaternion: 256, quaternionOffset: 268, srow: 280,
		integer: 2, code: 2, real: 4, unitsWidth: 1,
	},
	{
		version: 2, size: 540, magic: "n+2\x00", pair: "ni2\x00", magicAt: 4,
		datatype: 12, bitpix: 14, dim: 16, pixdim: 104,
		voxOffset: 168, slope: 176, inter: 184,
		units: 500, descrip: 240, dimInfo: 524,
		qformCode: 344, sformCode: 348, quaternion: 352, quaternionOffset: 376, srow: 400,
		integer: 8, code: 4, real: 8, unitsWidth: 4,
	},
}

const (
	descriptionSize = 80
	largestHeader   = 540
	extensionFlag   = 4 // bytes after the header: all zero when no extension follows
)

// lineEnds are bytes by which NIfTI-2 finds out that a program changed line ends when it copied the file.
var lineEnds = []byte{'\r', '\n', 0x1a, '\n'}

// A record is the raw bytes of a header with its layout and byte order.
type record struct {
	layout
	order binary.ByteOrder
	raw   []byte
}

// recognise finds version and byte order from the first number of the file, its header's size.
func recognise(raw []byte) (*record, error) {
	if len(raw) < extensionFlag {
		return nil, fmt.Errorf("the file has %s, expected a NIfTI header of 348 or 540", plural.Count(len(raw), "byte"))
	}
	for _, l := range layouts {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			if order.Uint32(raw) != uint32(l.size) {
				continue
			}
			if len(raw) < l.size {
				return nil, fmt.Errorf("truncated: %s, expected a header of %d", plural.Count(len(raw), "byte"), l.size)
			}
			r := &record{layout: l, order: order, raw: raw[:l.size]}
			return r, r.checkMagic()
		}
	}
	return nil, fmt.Errorf("not a NIfTI file: it begins with the number %d, expected 348 or 540", binary.LittleEndian.Uint32(raw))
}

func (r *record) checkMagic() error {
	switch found := string(r.raw[r.magicAt : r.magicAt+4]); found {
	case r.magic:
		return nil
	case r.pair:
		return fmt.Errorf("the magic is %q, the header of a .hdr/.img pair, expected %q: convert the pair to one .nii file", found, r.magic)
	default:
		return fmt.Errorf("the magic is %q, expected %q (an ANALYZE 7.5 file has none)", found, r.magic)
	}
}

func (r *record) int(at, width int) int64 {
	switch width {
	case 1:
		return int64(r.raw[at])
	case 2:
		return int64(int16(r.order.Uint16(r.raw[at:])))
	case 4:
		return int64(int32(r.order.Uint32(r.raw[at:])))
	}
	return int64(r.order.Uint64(r.raw[at:]))
}

func (r *record) putInt(at, width int, x int64) {
	switch width {
	case 1:
		r.raw[at] = byte(x)
	case 2:
		r.order.PutUint16(r.raw[at:], uint16(x))
	case 4:
		r.order.PutUint32(r.raw[at:], uint32(x))
	default:
		r.order.PutUint64(r.raw[at:], uint64(x))
	}
}

// float returns the i-th real number of the field at the given place.
func (r *record) float(at, i int) float64 {
	if r.real == 4 {
		return float64(math.Float32frombits(r.order.Uint32(r.raw[at+4*i:])))
	}
	return math.Float64frombits(r.order.Uint64(r.raw[at+8*i:]))
}

func (r *record) putFloat(at, i int, x float64) {
	if r.real == 4 {
		r.order.PutUint32(r.raw[at+4*i:], math.Float32bits(float32(x)))
		return
	}
	r.order.PutUint64(r.raw[at+8*i:], math.Float64bits(x))
}

// parse reads the header of a single-file NIfTI image from the first bytes of the file, and
// refuses what cannot be read as voxels.
func parse(raw []byte) (*Header, error) {
	r, err := recognise(raw)
	if err != nil {
		return nil, err
	}
	h := &Header{Version: r.version, ByteOrder: r.order, dimInfo: r.raw[r.dimInfo]}
	if err := r.readShape(h); err != nil {
		return nil, err
	}
	h.Datatype = Datatype(r.int(r.datatype, 2))
	if err := h.Datatype.check(int(r.int(r.bitpix, 2))); err != nil {
		return nil, err
	}
	if h.offset, err = r.dataOffset(); err != nil {
		return nil, err
	}
	r.readGeometry(h)
	h.Slope, h.Inter = r.float(r.slope, 0), r.float(r.inter, 0)
	h.SpaceUnit, h.TimeUnit = decodeUnits(int(r.int(r.units, r.unitsWidth)))
	text, _, _ := bytes.Cut(r.raw[r.descrip:r.descrip+descriptionSize], []byte{0})
	h.Description = string(text)
	return h, h.check()
}

func (r *record) readShape(h *Header) error {
	axes := r.int(r.dim, r.integer)
	if axes < 1 || axes > 7 {
		return fmt.Errorf("dim[0] is %d, expected 1 to 7 axes", axes)
	}
	for axis := 1; axis <= max(int(axes), 3); axis++ {
		d := int64(1)
		if axis <= int(axes) {
			d = r.int(r.dim+axis*r.integer, r.integer)
		}
		if d < 1 {
			return fmt.Errorf("dim[%d] is %d, expected at least 1", axis, d)
		}
		if d > math.MaxInt {
			return fmt.Errorf("dim[%d] is %d, expected at most %d", axis, d, math.MaxInt)
		}
		h.Shape = append(h.Shape, int(d))
		h.Zooms = append(h.Zooms, spacing(axis, r.float(r.pixdim, axis)))
	}
	return nil
}

// spacing corrects the zooms of the first three axes as nibabel does: zero becomes 1, and the sign is dropped.
func spacing(axis int, zoom float64) float64 {
	switch {
	case axis > 3:
		return zoom
	case zoom == 0:
		return 1
	}
	return math.Abs(zoom)
}

// dataOffset reads vox_offset: a float32 in NIfTI-1, an integer in NIfTI-2.
func (r *record) dataOffset() (int64, error) {
	least := int64(r.size + extensionFlag)
	if r.version == 2 {
		offset := r.int(r.voxOffset, 8)
		if offset < least || offset > math.MaxInt64/2 {
			return 0, fmt.Errorf("vox_offset is %d, expected at least %d and inside the file", offset, least)
		}
		return offset, nil
	}
	offset := r.float(r.voxOffset, 0)
	if !(offset >= float64(least) && offset < 0x1p62) || offset != math.Trunc(offset) {
		return 0, fmt.Errorf("vox_offset is %g, expected a whole number of bytes, at least %d", offset, least)
	}
	return int64(offset), nil
}

func (r *record) readGeometry(h *Header) {
	h.QFormCode = formCode(r.int(r.qformCode, r.code))
	h.SFormCode = formCode(r.int(r.sformCode, r.code))
	h.QFactor = 1
	if r.float(r.pixdim, 0) == -1 {
		h.QFactor = -1
	}
	for i := range 3 {
		h.Quaternion[i] = r.float(r.quaternion, i)
		h.QOffset[i] = r.float(r.quaternionOffset, i)
		for j := range 4 {
			h.SRows[i][j] = r.float(r.srow, 4*i+j)
		}
	}
	h.shortenQuaternion()
}

// formCode returns 0 for codes that the standard does not have, as nibabel does.
func formCode(code int64) int {
	if code < 0 || code > 5 {
		return 0
	}
	return int(code)
}

// bytes encodes the header and the empty extension flag behind it. The voxels follow directly.
func (h *Header) bytes() []byte {
	l := layouts[h.Version-1]
	r := &record{layout: l, order: h.ByteOrder, raw: make([]byte, l.size+extensionFlag)}
	r.putInt(0, 4, int64(l.size))
	copy(r.raw[r.magicAt:], r.magic)
	if h.Version == 1 {
		r.raw[38] = 'r' // "regular", which some ANALYZE readers still ask for
		r.putFloat(r.voxOffset, 0, float64(len(r.raw)))
	} else {
		copy(r.raw[8:], lineEnds)
		r.putInt(r.voxOffset, 8, int64(len(r.raw)))
	}
	r.writeShape(h)
	r.putInt(r.datatype, 2, int64(h.Datatype))
	r.putInt(r.bitpix, 2, int64(8*h.Datatype.Size()))
	r.writeGeometry(h)
	r.putFloat(r.slope, 0, h.Slope)
	r.putFloat(r.inter, 0, h.Inter)
	r.putInt(r.units, r.unitsWidth, int64(encodeUnits(h.SpaceUnit, h.TimeUnit)))
	r.raw[r.dimInfo] = h.dimInfo
	copy(r.raw[r.descrip:r.descrip+descriptionSize-1], h.Description)
	return r.raw
}

func (r *record) writeShape(h *Header) {
	r.putInt(r.dim, r.integer, int64(len(h.Shape)))
	for axis := 1; axis <= 7; axis++ {
		d, zoom := 1, 1.0
		if axis <= len(h.Shape) {
			d, zoom = h.Shape[axis-1], h.Zooms[axis-1]
		}
		r.putInt(r.dim+axis*r.integer, r.integer, int64(d))
		r.putFloat(r.pixdim, axis, zoom)
	}
}

func (r *record) writeGeometry(h *Header) {
	r.putInt(r.qformCode, r.code, int64(h.QFormCode))
	r.putInt(r.sformCode, r.code, int64(h.SFormCode))
	r.putFloat(r.pixdim, 0, h.QFactor)
	for i := range 3 {
		r.putFloat(r.quaternion, i, h.Quaternion[i])
		r.putFloat(r.quaternionOffset, i, h.QOffset[i])
		for j := range 4 {
			r.putFloat(r.srow, 4*i+j, h.SRows[i][j])
		}
	}
}

package nifti

import "fmt"

// A Datatype is the numeric type of the stored voxels, with NIfTI's own code as its value.
type Datatype int16

// The types that this package reads. Maps are always written as Float32.
const (
	Uint8   Datatype = 2
	Int16   Datatype = 4
	Int32   Datatype = 8
	Float32 Datatype = 16
	Float64 Datatype = 64
	Int8    Datatype = 256
	Uint16  Datatype = 512
	Uint32  Datatype = 768
	Int64   Datatype = 1024
	Uint64  Datatype = 1280
)

// readable holds the bytes per voxel of the types that are read.
var readable = map[Datatype]int{
	Uint8: 1, Int8: 1,
	Int16: 2, Uint16: 2,
	Int32: 4, Uint32: 4, Float32: 4,
	Int64: 8, Uint64: 8, Float64: 8,
}

// datatypeNames holds every code of the standard (nifti1.h), so that a refused type is named and
// not only numbered.
var datatypeNames = map[Datatype]string{
	0: "unknown", 1: "binary", 255: "all",
	Uint8: "uint8", Int8: "int8", Int16: "int16", Uint16: "uint16", Int32: "int32",
	Uint32: "uint32", Int64: "int64", Uint64: "uint64", Float32: "float32", Float64: "float64",
	32: "complex64", 1792: "complex128", 2048: "complex256", 1536: "float128",
	128: "RGB", 2304: "RGBA",
}

// Size returns the bytes of one voxel, or 0 for a type that is not read.
func (d Datatype) Size() int { return readable[d] }

// String names the type as NumPy and nibabel do.
func (d Datatype) String() string {
	if name, ok := datatypeNames[d]; ok {
		return name
	}
	return fmt.Sprintf("datatype %d", int16(d))
}

// check refuses the types that cannot be read as real numbers in float32.
func (d Datatype) check(bitpix int) error {
	size := d.Size()
	if size == 0 {
		return fmt.Errorf("voxels are %s (datatype %d), expected an integer type of 8 to 64 bits, float32 or float64", d, int16(d))
	}
	if bitpix != 8*size {
		return fmt.Errorf("bitpix is %d, expected %d for %s", bitpix, 8*size, d)
	}
	return nil
}

package nifti

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
)

// WriteVolumes writes an image volume by volume, as it is made. It calls volume for each in turn, which fills dst: all
// voxels of a volume, x fastest. Values are stored without scaling as Float32, or as Int16 or Uint16, rounded to the
// nearest whole number. A value that the type cannot hold is an error, and so is NaN in an integer type. Shape, zooms,
// units, qform and sform are those of h; all else is as for WriteMap. While it writes, WriteVolumes takes memory for
// one volume and a half.
func WriteVolumes(path string, h *Header, as Datatype, volume func(dst []float32, index int) error, o WriteOptions) error {
	own := *h
	if err := own.checkShape(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	compressed, err := isCompressed(path)
	if err != nil {
		return err
	}
	encoder, ok := encoders[as]
	if !ok {
		return fmt.Errorf("%s: voxels are to be %s, expected float32, int16 or uint16", path, as)
	}
	own.prepare(as, o.Description)
	if err := own.check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	ctx := o.Context
	if ctx == nil {
		ctx = context.Background()
	}
	values := make([]float32, own.Voxels())
	write := func(out sink) error {
		if _, err := out.Write(own.bytes()); err != nil {
			return err
		}
		bytes := make([]byte, as.Size()*len(values))
		for i := range own.Volumes() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := volume(values, i); err != nil {
				return err
			}
			if err := encoder(bytes, values); err != nil {
				return fmt.Errorf("volume %d (counted from 0): %w", i, err)
			}
			if _, err := out.Write(bytes); err != nil {
				return err
			}
		}
		return nil
	}
	if err := writeFile(path, compressed, write); err != nil {
		return namePath(path, err)
	}
	return nil
}

// encoders turn values into the bytes of a file.
var encoders = map[Datatype]func(dst []byte, values []float32) error{
	Float32: func(dst []byte, values []float32) error { encode(dst, values); return nil },
	Int16: func(dst []byte, values []float32) error {
		return encodeWhole(dst, values, math.MinInt16, math.MaxInt16)
	},
	Uint16: func(dst []byte, values []float32) error { return encodeWhole(dst, values, 0, math.MaxUint16) },
}

// encodeWhole rounds to whole numbers, and halves to the nearest even one.
func encodeWhole(dst []byte, values []float32, low, high float64) error {
	for i, x := range values {
		rounded := math.RoundToEven(float64(x))
		if !(rounded >= low && rounded <= high) {
			return fmt.Errorf("voxel %d is %v, expected %v to %v", i, x, low, high)
		}
		binary.LittleEndian.PutUint16(dst[2*i:], uint16(int32(rounded)))
	}
	return nil
}

package freewater

import (
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// A singleDesign does what laneFitter does, in single precision, for sixteen voxels side by side. All workers share it.
// The unit of the b-tensor is 1000 s/mm2, so that the columns of the design are about equally large.
type singleDesign struct {
	*ops.TensorSingle
	n            int
	rows         []float32    // n x 8: the negated b-tensor, 1, the signal of free water over its S0
	normal       []float32    // n x 24, the table of Sums22; nil where b-tensors do not have rank one
	products     [3][]float32 // then the 21 products of columns, in tables of n x 8
	means, guess []float32    // n x 8, as in laneFitter
}

// tensorUnit is the unit of tensors in single precision over that in double precision.
const tensorUnit = 1e-3

func newSingleDesign(kernels *ops.TensorSingle, f *laneFitter) *singleDesign {
	d := &singleDesign{TensorSingle: kernels, n: f.N}
	scaled := make([]float64, len(f.Rows))
	for i, v := range f.Rows {
		if scaled[i] = v; i%ops.DesignFields < 6 {
			scaled[i] *= tensorUnit
		}
	}
	d.rows = singleTable(scaled)
	if f.Normal != nil {
		normal := make([]float64, len(f.Normal))
		for i := range f.N {
			lanes.DistinctProducts(normal[ops.NormalFields*i:], scaled[ops.DesignFields*i:][:7])
		}
		d.normal = singleTable(normal)
	} else {
		for k, table := range f.Products {
			product := make([]float64, len(table))
			for i, v := range table {
				product[i] = v * tensorUnit * tensorUnit
			}
			d.products[k] = singleTable(product)
		}
	}
	d.means = singleTable(f.means)
	guess := make([]float64, len(f.guess))
	for i, v := range f.guess {
		if guess[i] = v; i%8 < 6 {
			guess[i] /= tensorUnit
		}
	}
	d.guess = singleTable(guess)
	return d
}

// singleTable rounds a table to single precision. The new table begins at a cache line.
func singleTable(values []float64) []float32 {
	table := lanes.Aligned[float32](len(values))
	for i, v := range values {
		table[i] = float32(v)
	}
	return table
}

// normalSums adds v times the products of the design's columns, for m measurements from i on, to the sums from which
// lanes.Design.NormalMatrix makes a matrix.
func (d *singleDesign) normalSums(sums *[28]ops.LanesSingle, v *ops.LanesSingle, i, m int) {
	if d.normal != nil {
		d.Sums22(&sums[0], &d.normal[ops.NormalFields*i], v, m)
		return
	}
	for k, table := range d.products {
		d.Sums7(&sums[7*k], &table[8*i], v, m)
	}
	d.Sums7(&sums[21], &d.rows[ops.DesignFields*i], v, m)
}

// loadSingle transposes the signals of up to sixteen voxels into lanes, and sets extent to their least and largest
// values. Lanes without a voxel get the first voxel's signal.
func loadSingle[T float32 | float64](d *singleDesign, lanes []ops.LanesSingle, extent *ops.ExtentSingle, signal []T, first, count int) {
	n := d.n
	signal = signal[first*n : (first+count)*n]
	if count == ops.TensorBatchSingle && n >= 4 {
		switch s := any(&signal[0]).(type) {
		case *float32:
			d.PackFloat32(&lanes[0], s, n)
		case *float64:
			d.PackFloat64(&lanes[0], s, n)
		}
	} else {
		for l := range ops.TensorBatchSingle {
			row := signal[:n]
			if l < count {
				row = signal[l*n:][:n]
			}
			for i, v := range row {
				lanes[i][l] = float32(v)
			}
		}
	}
	*extent = ops.ExtentSingle{Least: lanes[0], Most: lanes[0]}
	d.Range(extent, &lanes[0], n)
}

// singleBlock is lanes.Block for single precision.
const singleBlock = 96

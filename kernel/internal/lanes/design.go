package lanes

import (
	"math"

	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
)

// A Design is a log-linear design laid out for kernels that fit eight voxels side by side, one in each lane. All
// workers share it.
type Design struct {
	*ops.Tensor
	N        int          // measurements
	Rows     []float64    // n x 8: the negated b-tensor, 1, the signal of free water over its S0
	Normal   []float64    // n x 24, the table of Sums22; nil where b-tensors do not have rank one
	Products [3][]float64 // then the 21 products of columns, in tables of n x 8
}

// NewDesign lays out a design. water is the signal of free water over its S0, for each measurement; nil where the model
// has none.
func NewDesign(kernels *ops.Tensor, design *reftensor.LogLinear, water []float64) *Design {
	d := &Design{Tensor: kernels, N: design.Measurements()}
	d.Rows = Table(d.N, ops.DesignFields, func(i int, row []float64) {
		copy(row, design.Rows()[6*i:6*i+6])
		row[6] = 1
		if water != nil {
			row[7] = water[i]
		}
	})
	rankOne := true
	normal := Table(d.N, ops.NormalFields, func(i int, row []float64) {
		w := d.Rows[ops.DesignFields*i:][:7]
		rankOne = DistinctProducts(row, w) && rankOne
	})
	if rankOne {
		d.Normal = normal
		return d
	}
	for k := range d.Products {
		d.Products[k] = Table(d.N, 8, func(i int, row []float64) {
			w, place := d.Rows[ops.DesignFields*i:], 0
			for a := range 6 {
				for b := range a + 1 {
					if place/7 == k {
						row[place%7] = w[a] * w[b]
					}
					place++
				}
			}
		})
	}
	return d
}

// Table makes a table of n rows, each filled by a function, that begins at a cache line.
func Table(n, fields int, fill func(i int, row []float64)) []float64 {
	table := Aligned[float64](n * fields)
	for i := range n {
		fill(i, table[i*fields:][:fields])
	}
	return table
}

// DistinctProducts writes a row of the table of Sums22: the 15 products of the six elements of a b-tensor that differ
// when it has rank one, and the seven columns of the design. With the columns xx, 2xy, yy, 2xz, 2yz, zz, (2xy)^2 is for
// example 4 xx yy. It returns whether all such equations hold.
func DistinctProducts(row, w []float64) (rankOne bool) {
	for k, pair := range [15][2]int{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {1, 2}, {2, 3}, {1, 5}, {2, 2}, {2, 4}, {2, 5}, {3, 5}, {4, 5}, {5, 5}} {
		row[k] = w[pair[0]] * w[pair[1]]
	}
	copy(row[15:22], w)
	trace := w[0] + w[2] + w[5]
	rankOne = true
	for _, same := range []struct {
		a, b  int
		times float64
		place int
	}{{1, 1, 4, 2}, {1, 3, 2, 4}, {1, 4, 2, 7}, {3, 3, 4, 5}, {3, 4, 2, 8}, {4, 4, 4, 11}} {
		if math.Abs(w[same.a]*w[same.b]-same.times*row[same.place]) > 1e-13*trace*trace {
			rankOne = false
		}
	}
	return rankOne
}

// NormalSums adds v times the products of the design's columns, for m measurements from i on, to the sums from which
// NormalMatrix makes a matrix.
func (d *Design) NormalSums(sums *[28]ops.Lanes, v *ops.Lanes, i, m int) {
	if d.Normal != nil {
		d.Sums22(&sums[0], &d.Normal[ops.NormalFields*i], v, m)
		return
	}
	for k, table := range d.Products {
		d.Sums7(&sums[7*k], &table[8*i], v, m)
	}
	d.Sums7(&sums[21], &d.Rows[ops.DesignFields*i], v, m)
}

// NormalMatrix writes the matrix of a system from these sums.
func (d *Design) NormalMatrix(system *ops.System, sums *[28]ops.Lanes) {
	if d.Normal != nil {
		d.Expand(&system.Matrix[0], &sums[0])
		return
	}
	copy(system.Matrix[:28], sums[:])
}

// Project adds v times the seven columns of the design to the sums.
func (d *Design) Project(sums *ops.Lanes, v *ops.Lanes, i, m int) {
	d.Sums7(sums, &d.Rows[ops.DesignFields*i], v, m)
}

// Block is how many measurements go through all steps of a pass before the next ones do. They are so few that the
// results of one step stay in the first-level cache for the next.
const Block = 48

// Load transposes the signals of voxels first to first + count - 1 into lanes, and sets extent to their least and
// largest values. Lanes without a voxel get the first voxel's signal.
func Load[T float32 | float64](d *Design, lanes []ops.Lanes, extent *ops.Extent, signal []T, first, count int) {
	Pack(d, lanes, signal, first, count)
	*extent = ops.Extent{Least: lanes[0], Most: lanes[0]}
	d.Range(extent, &lanes[0], d.N)
}

// OrdinaryEnergy is a sum of squares below which every value fits into single precision: the square of 3.4e38 is
// larger.
const OrdinaryEnergy = 1e76

// Pack transposes them in the same way, without looking at their values.
func Pack[T float32 | float64](d *Design, lanes []ops.Lanes, signal []T, first, count int) {
	n := d.N
	signal = signal[first*n : (first+count)*n]
	if count < ops.TensorBatch || n < 4 {
		for l := range ops.TensorBatch {
			row := signal[:n]
			if l < count {
				row = signal[l*n:][:n]
			}
			for i, v := range row {
				lanes[i][l] = float64(v)
			}
		}
		return
	}
	switch s := any(&signal[0]).(type) {
	case *float32:
		d.PackFloat32(&lanes[0], s, n)
	case *float64:
		d.PackFloat64(&lanes[0], s, n)
	}
}

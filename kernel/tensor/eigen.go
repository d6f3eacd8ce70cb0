package tensor

import (
	"fmt"
	"math"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/reftensor"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// An Eigen decomposes symmetric 3 x 3 matrices by cyclic Jacobi rotations. It takes eight at a time where the
// instruction set has kernels for them. It never changes, and all workers share it.
type Eigen struct {
	kernels *ops.Tensor // nil where matrices are decomposed one after the other
}

// NewEigen makes an Eigen. opts choose the instruction set. The error says that the set is not available.
func NewEigen(opts ...kernel.Option) (*Eigen, error) {
	set, err := sets.Choose(opts)
	if err != nil {
		return nil, err
	}
	return &Eigen{set.Tensor}, nil
}

// NewWorker allocates the scratch of one worker.
func (e *Eigen) NewWorker() *EigenWorker {
	w := &EigenWorker{kernels: e.kernels}
	if e.kernels != nil {
		w.tensors, w.values, w.vectors = lanes.Aligned[ops.Lanes](6), lanes.Aligned[ops.Lanes](3), lanes.Aligned[ops.Lanes](9)
	}
	return w
}

// An EigenWorker decomposes matrices in the scratch that it owns. It is not safe for use by two
// goroutines at a time.
type EigenWorker struct {
	kernels                  *ops.Tensor
	tensors, values, vectors []ops.Lanes
}

// Decompose decomposes n symmetric 3 x 3 matrices. It does not allocate. It panics where the lengths do not agree.
//
//	tensors  n x 6   Dxx, Dxy, Dyy, Dxz, Dyz, Dzz, in any unit
//	values   n x 3   the eigenvalues, descending, in the same unit
//	vectors  n x 9   row-major 3 x 3 matrices whose columns are the eigenvectors in the order of the
//	                 values, as in DIPY's evecs.ravel(); nil where they are not wanted
//
// Values are right to a few roundings of the largest, at any scale. Eigenvectors are orthonormal to rounding. As with
// LAPACK, no rule gives their signs, and the three may be left- or right-handed. Where eigenvalues are equal, the
// vectors are any orthonormal ones of their space; a multiple of the identity has the unit vectors. A matrix with an
// element that is not finite has NaN as values, and the unit vectors.
//
// A result depends on its matrix and on the instruction set, and on nothing else. The values are the same with vectors
// and without.
func (w *EigenWorker) Decompose(values, vectors, tensors []float64) {
	n := len(tensors) / 6
	if len(tensors) != 6*n || len(values) != 3*n || vectors != nil && len(vectors) != 9*n {
		panic(fmt.Sprintf("kernel: eigenvalues of %d tensor elements: %d values and %d vector elements do not fit", len(tensors), len(values), len(vectors)))
	}
	if w.kernels == nil {
		decomposeOneByOne(values, vectors, tensors)
		return
	}
	for first := 0; first < n; first += ops.TensorBatch {
		next := min(first+ops.TensorBatch, n)
		var some []float64
		if vectors != nil {
			some = vectors[9*first : 9*next]
		}
		w.decomposeLanes(values[3*first:3*next], some, tensors[6*first:6*next])
	}
}

func decomposeOneByOne(values, vectors, tensors []float64) {
	var unwanted [9]float64
	for i := range len(tensors) / 6 {
		into := &unwanted
		if vectors != nil {
			into = (*[9]float64)(vectors[9*i:])
		}
		reftensor.SymmetricEigen((*[3]float64)(values[3*i:]), into, (*[6]float64)(tensors[6*i:]))
	}
}

// decomposeLanes decomposes up to eight matrices. The portable code takes those whose squares might overflow or vanish.
// Lanes without a matrix get zeros.
func (w *EigenWorker) decomposeLanes(values, vectors, tensors []float64) {
	count := len(tensors) / 6
	var far [ops.TensorBatch]bool
	for l := range ops.TensorBatch {
		var d [6]float64
		if l < count {
			d = [6]float64(tensors[6*l:])
			largest := max(math.Abs(d[0]), math.Abs(d[1]), math.Abs(d[2]), math.Abs(d[3]), math.Abs(d[4]), math.Abs(d[5]))
			if far[l] = largest != 0 && !(largest >= 0x1p-300 && largest <= 0x1p300); far[l] {
				d = [6]float64{}
			}
		}
		for k, v := range d {
			w.tensors[k][l] = v
		}
	}
	if vectors == nil {
		w.kernels.Eigenvalues(&w.values[0], &w.tensors[0])
	} else {
		w.kernels.Eigen(&w.values[0], &w.vectors[0], &w.tensors[0])
	}
	for l := range count {
		if far[l] {
			var some []float64
			if vectors != nil {
				some = vectors[9*l : 9*l+9]
			}
			decomposeOneByOne(values[3*l:3*l+3], some, tensors[6*l:6*l+6])
			continue
		}
		for k := range w.values {
			values[3*l+k] = w.values[k][l]
		}
		if vectors != nil {
			for k := range w.vectors {
				vectors[9*l+k] = w.vectors[k][l]
			}
		}
	}
}

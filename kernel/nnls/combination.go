package nnls

import (
	"fmt"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/internal/lanes"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// A Combination adds up rows of a matrix with weights, of which few are not zero. For example, it adds up the
// distributions of fascicles. It adds in order and without fused operations, so that every instruction set gives the
// same bits. It never changes, and all workers share it.
type Combination struct {
	count, length int
	padded        int // length, padded to whole tiles
	rows          []float64
	steps         *ops.Peaks // nil on the portable set
}

// NewCombination makes a Combination of count rows of length numbers, row-major. opts choose the instruction set. The
// error says which length is wrong, or that the set is not available.
func NewCombination(rows []float64, count, length int, opts ...kernel.Option) (*Combination, error) {
	if count < 1 || length < 1 || len(rows) != count*length {
		return nil, fmt.Errorf("kernel: combination: %d numbers, expected %d rows of %d, at least one each", len(rows), count, length)
	}
	set, err := sets.Choose(opts)
	if err != nil {
		return nil, err
	}
	c := &Combination{count: count, length: length, padded: length, steps: set.Peaks}
	if c.steps != nil {
		c.padded = lanes.RoundUp(length, c.steps.Tile*c.steps.Double.Lanes)
	}
	c.rows = lanes.Aligned[float64](count * c.padded)
	for i := range count {
		copy(c.rows[i*c.padded:], rows[i*length:][:length])
	}
	return c, nil
}

// Stride is the length of a sum. It is that of the rows, padded with zeros.
func (c *Combination) Stride() int { return c.padded }

// NewWorker allocates the scratch of one worker.
func (c *Combination) NewWorker() *CombinationWorker {
	return &CombinationWorker{Combination: c, weights: make([]float64, c.count), offsets: make([]int, c.count)}
}

// A CombinationWorker adds up in the scratch that it owns. It is not safe for use by two goroutines at a time. It does
// not allocate.
type CombinationWorker struct {
	*Combination
	weights []float64 // those that are not zero
	offsets []int     // offsets of their rows, in bytes
}

// Sum writes to dst, of Stride numbers, the sum of the rows times weights. There is a weight for each row.
func (w *CombinationWorker) Sum(dst, weights []float64) {
	dst = dst[:w.padded]
	n := 0
	for i, weight := range weights[:w.count] {
		if weight != 0 {
			w.weights[n], w.offsets[n] = weight, 8*i*w.padded
			n++
		}
	}
	if w.steps != nil {
		w.steps.Combine(&dst[0], &w.rows[0], &w.weights[0], &w.offsets[0], n, w.padded/(w.steps.Tile*w.steps.Double.Lanes))
		return
	}
	clear(dst)
	for i, weight := range w.weights[:n] {
		for j, v := range w.rows[w.offsets[i]/8:][:w.padded] {
			dst[j] += float64(weight * v)
		}
	}
}

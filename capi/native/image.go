package native

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"time"

	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/nifti"
)

// An Image is a NIfTI file whose header was read, or the grid of an image that the caller has in memory. It keeps no
// file open, and is shared by all threads.
type Image struct {
	image    *nifti.Image
	inMemory bool // there is no file
}

// ErrImage is the error of a handle that no image has.
var ErrImage = errors.New("voxfit: no image has this handle: it was freed, or never opened")

var images = handles[*Image]{missing: ErrImage}

// Open reads and checks the header of a .nii or .nii.gz file, and makes a handle to it.
func Open(path string) (Handle, error) {
	image, err := nifti.Open(path)
	if err != nil {
		return 0, err
	}
	return images.add(&Image{image: image}), nil
}

// OpenInMemory makes a handle to the grid of an image that the caller has in memory. The grid is its dimensions and
// its affine, which takes voxel numbers to millimetres, without the last row. Messages call the image by its name,
// which may be empty. CheckGrid compares it with others. Read returns an error.
func OpenInMemory(name string, shape [3]int64, affine [3][4]float64) (Handle, error) {
	var dimensions []int
	for _, n := range shape {
		if n < 1 || n > math.MaxInt32 {
			return 0, fmt.Errorf("voxfit: the image has shape %v, expected three numbers of at least 1", shape)
		}
		dimensions = append(dimensions, int(n))
	}
	h := nifti.NewHeader(dimensions, nil, [4][4]float64{affine[0], affine[1], affine[2], {3: 1}})
	h.Path = name
	return images.add(&Image{image: &nifti.Image{Header: h, Path: name}, inMemory: true}), nil
}

// FindImage returns the image of a handle.
func FindImage(h Handle) (*Image, error) { return images.find(h) }

// FreeImage gives a handle back. Other threads that are reading the image can finish.
func FreeImage(h Handle) error { return images.free(h) }

// Shape is the shape of the image: x, y, z, and further dimensions.
func (m *Image) Shape() []int { return m.image.Header.Shape }

// CheckGrid returns an error unless a mask lies on the grid of the image. The rule is that of kbench.
func (m *Image) CheckGrid(mask *Image) error {
	return (&nifti.Mask{Header: mask.image.Header, Path: mask.image.Path}).CheckAgainst(m.image.Header)
}

// A Reading says which voxels of an image to read, and where their values go in the caller's memory.
type Reading struct {
	// Index has the numbers of the voxels, x + nx (y + ny z), in any order without repeats. nil stands for all,
	// ascending.
	Index []int64
	// Values takes a row of all volumes for each voxel of Index, scaled as the header says, in single precision.
	Values []float32
	// Values arrive volume by volume, so Run's Progress counts voxels in proportion to the values that have
	// arrived.
	Run
}

// Read reads the voxels. If the file is replaced or written to meanwhile, the error is nifti.ErrChanged.
func (m *Image) Read(r *Reading) error {
	if m.inMemory {
		return errors.New("voxfit: this image is in memory, expected one of a file")
	}
	index, order, err := m.order(r.Index)
	if err != nil {
		return err
	}
	volumes := m.image.Header.Volumes()
	if len(r.Values)%volumes != 0 || len(r.Values)/volumes != len(index) {
		return fmt.Errorf("voxfit: room for %s, expected %s x %s", plural.Count(len(r.Values), "value"), plural.Count(len(index), "voxel"), plural.Count(volumes, "volume"))
	}
	before, err := os.Stat(m.image.Path)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if r.Abort != nil {
		go r.watch(ctx, cancel)
	}
	counted := 0
	err = m.image.ReadMasked(ctx, r.Values, index, nifti.ReadOptions{Workers: r.Threads, Progress: func(done, total int) {
		now := len(index) * done / total
		r.count(now - counted)
		counted = now
	}})
	if r.aborted() {
		return ErrAborted
	}
	if err != nil {
		return err
	}
	if same, err := nifti.Untouched(m.image.Path, before); !same || err != nil {
		return fmt.Errorf("%s %w", m.image.Path, nifti.ErrChanged)
	}
	if order != nil {
		permuteRows(r.Values, order, volumes)
	}
	return nil
}

// watch ends the reading when the abort flag is raised.
func (r *Reading) watch(ctx context.Context, cancel func()) {
	const often = 10 * time.Millisecond
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if atomic.LoadInt32(r.Abort) != 0 {
				cancel()
				return
			}
		}
	}
}

// order sorts an index. It returns the voxels in the order of the file, and for each of them its row in the caller's
// order. rows is nil if both orders are the same.
func (m *Image) order(given []int64) (index, rows []int, err error) {
	voxels := m.image.Header.Voxels()
	if given == nil {
		return nifti.FullMask(m.image.Header).Index, nil, nil
	}
	rowOf, ascending := make([]int, voxels), true
	for row, v := range given {
		if v < 0 || v >= int64(voxels) {
			return nil, nil, fmt.Errorf("voxfit: voxel %d (entry %d of the index) is outside of the image, expected 0 to %d", v, row, voxels-1)
		}
		if rowOf[v] != 0 {
			return nil, nil, fmt.Errorf("voxfit: voxel %d is twice in the index", v)
		}
		rowOf[v] = row + 1
		ascending = ascending && (row == 0 || v > given[row-1])
	}
	for v, row := range rowOf {
		if row > 0 {
			index, rows = append(index, v), append(rows, row-1)
		}
	}
	if ascending {
		rows = nil
	}
	return index, rows, nil
}

// permuteRows moves row i to row to[i] in place, cycle by cycle. Afterwards to is the identity.
func permuteRows(values []float32, to []int, length int) {
	row := func(i int) []float32 { return values[i*length:][:length] }
	held, other := make([]float32, length), make([]float32, length)
	for first := range to {
		if to[first] == first {
			continue
		}
		copy(held, row(first))
		for at := first; to[at] != at; {
			next := to[at]
			copy(other, row(next))
			copy(row(next), held)
			held, other = other, held
			to[at], at = at, next
		}
	}
}

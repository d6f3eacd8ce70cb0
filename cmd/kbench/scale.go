package main

import (
	"context"
	"fmt"
	"io"

	"github.com/voxfit/voxfit/fit"
)

// A scale s replaces an image by the means of its blocks of s x s x s voxels, as the published program does (skimage's
// downscale_local_mean, which pads the last blocks with zeros). Scale 1 is the image itself.
//
// The published program then puts its mask on the smaller grid with the affine of the full grid. At scale 2 it
// therefore applies the mask of one corner of the head to the means of the whole: 82,548 voxels, while an eighth of the
// head is 54,461. Here the mask is aligned with the data, unless --scale-mask published asks for the other.
type scaledGrid struct {
	full  [3]int // the sides of the image
	scale int
}

// The ways to put the mask on a smaller grid.
const (
	maskAligned   = "aligned"
	maskPublished = "published"
)

// sides returns the sides of the smaller image.
func (g scaledGrid) sides() [3]int {
	var sides [3]int
	for i, n := range g.full {
		sides[i] = (n + g.scale - 1) / g.scale
	}
	return sides
}

// alignedMask returns the voxels of the smaller grid whose centre lies in the mask. It follows the published program's
// rule, which interpolates the mask linearly and keeps what is 1, but with the right affine. For an odd scale the
// centre is a voxel of the full grid. For an even scale it lies between eight voxels. Centres beyond the image's end
// are outside.
func (g scaledGrid) alignedMask(inside []int) []int {
	is := make([]bool, g.full[0]*g.full[1]*g.full[2])
	for _, v := range inside {
		is[v] = true
	}
	low, high := (g.scale-1)/2, g.scale/2
	return g.keep(func(at [3]int) bool {
		for corner := range 8 {
			var p [3]int
			for i := range p {
				offset := low
				if corner>>i&1 == 1 {
					offset = high
				}
				if p[i] = at[i]*g.scale + offset; p[i] >= g.full[i] {
					return false
				}
			}
			if !is[number(p, g.full)] {
				return false
			}
		}
		return true
	})
}

// publishedMask returns the voxels of the smaller grid whose indices are in the mask of the full image: that mask, cut
// off at the smaller image's sides.
func (g scaledGrid) publishedMask(inside []int) []int {
	is := map[int]bool{}
	for _, v := range inside {
		is[v] = true
	}
	return g.keep(func(at [3]int) bool { return is[number(at, g.full)] })
}

// keep returns the numbers of the voxels of the smaller grid that are wanted, ascending.
func (g scaledGrid) keep(wanted func(at [3]int) bool) []int {
	var kept []int
	sides := g.sides()
	for v := range sides[0] * sides[1] * sides[2] {
		if wanted(place(v, sides)) {
			kept = append(kept, v)
		}
	}
	return kept
}

// sources returns the voxels of the full image in the blocks of some voxels, in ascending order.
func (g scaledGrid) sources(voxels []int) []int {
	used := make([]bool, g.full[0]*g.full[1]*g.full[2])
	for _, v := range voxels {
		g.eachOf(v, func(source int) { used[source] = true })
	}
	var all []int
	for v, is := range used {
		if is {
			all = append(all, v)
		}
	}
	return all
}

// eachOf calls f for the voxels of the full image in a voxel's block.
func (g scaledGrid) eachOf(voxel int, f func(source int)) {
	at := place(voxel, g.sides())
	var from, to [3]int
	for i := range at {
		from[i], to[i] = at[i]*g.scale, min((at[i]+1)*g.scale, g.full[i])
	}
	for z := from[2]; z < to[2]; z++ {
		for y := from[1]; y < to[1]; y++ {
			for x := from[0]; x < to[0]; x++ {
				f(number([3]int{x, y, z}, g.full))
			}
		}
	}
}

// average writes the means of the blocks of some voxels into dst, voxel-major. signal has the rows of the voxels of the
// full image in sources. Voxels beyond the image's end count as zero.
func (g scaledGrid) average(dst []float32, voxels []int, signal []float32, sources []int, measurements int) {
	row := make(map[int]int, len(sources))
	for i, v := range sources {
		row[v] = i
	}
	sum := make([]float64, measurements)
	share := 1 / float64(g.scale*g.scale*g.scale)
	for i, voxel := range voxels {
		clear(sum)
		g.eachOf(voxel, func(source int) {
			for m, x := range signal[row[source]*measurements:][:measurements] {
				sum[m] += float64(x)
			}
		})
		for m, s := range sum {
			dst[i*measurements+m] = float32(s * share)
		}
	}
}

// number returns the number of the voxel at a place. x runs fastest.
func number(at, sides [3]int) int { return at[0] + sides[0]*(at[1]+sides[1]*at[2]) }

// place returns the place of the voxel with a number.
func place(voxel int, sides [3]int) [3]int {
	return [3]int{voxel % sides[0], voxel / sides[0] % sides[1], voxel / sides[0] / sides[1]}
}

// A studySource is the source of a study's voxels: an image with its mask, or a phantom.
type studySource struct {
	block studyBlock // everything except room and voxels
	name  string     // for messages
	mask  []int      // voxels of the full image
	// rows reads the rows of some voxels of the full image.
	rows func(ctx context.Context, dst []float32, index []int) error
}

// newBlock makes a block with room for the signal of a number of voxels.
func (s studySource) newBlock(what string, voxels int) (studyBlock, error) {
	block := s.block
	if err := checkMemory(what, voxels, block.gradients.Len(), 1); err != nil {
		return block, err
	}
	room, err := fit.NewRoom(voxels, block.gradients.Len(), 0)
	if err != nil {
		return block, fmt.Errorf("%s: %w: give fewer voxels", what, err)
	}
	block.room, block.voxels = room, voxels
	return block, nil
}

// at makes the block of a scale, and returns its voxels as numbers in the grid of that scale.
func (s studySource) at(ctx context.Context, o *runOptions, scale int) (studyBlock, []int, error) {
	if scale == 1 {
		block, err := s.newBlock(s.name, len(s.mask))
		if err == nil {
			err = s.rows(ctx, block.room.Signal, s.mask)
		}
		return block, s.mask, err
	}
	grid := scaledGrid{[3]int(s.block.shape[:3]), scale}
	index := grid.alignedMask(s.mask)
	if o.scaleMask == maskPublished {
		index = grid.publishedMask(s.mask)
	}
	if len(index) == 0 {
		return studyBlock{}, nil, fmt.Errorf("%s: at scale %d no voxel of the mask is left: give a smaller --max-scale", s.name, scale)
	}
	block, err := s.newBlock(fmt.Sprintf("%s at scale %d", s.name, scale), len(index))
	if err != nil {
		return block, nil, err
	}
	sides := grid.sides()
	block.shape = append(sides[:], s.block.shape[3:]...)
	measurements := block.gradients.Len()
	sources := grid.sources(index)
	if err := checkMemory(fmt.Sprintf("%s at scale %d", s.name, scale), len(sources), measurements, 1); err != nil {
		return block, nil, err
	}
	signal := make([]float32, len(sources)*measurements)
	if err := s.rows(ctx, signal, sources); err != nil {
		return block, nil, err
	}
	grid.average(block.room.Signal, index, signal, sources, measurements)
	return block, index, nil
}

// loadScales reads or makes the data of a study at each of its scales.
func (o *runOptions) loadScales(ctx context.Context, stderr io.Writer) (blocks []studyBlock, err error) {
	source, err := o.source(ctx, stderr)
	for scale := o.minScale; err == nil && scale <= o.maxScale; scale++ {
		var block studyBlock
		block, err = o.blockOf(ctx, source, scale)
		blocks = append(blocks, block)
	}
	return blocks, err
}

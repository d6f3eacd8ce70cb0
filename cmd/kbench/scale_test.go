package main

import (
	"slices"
	"testing"
)

// The shapes are those in the published CSV file.
func TestScalesHaveThePublishedShapes(t *testing.T) {
	for scale, want := range map[int][3]int{1: {145, 174, 145}, 2: {73, 87, 73}, 3: {49, 58, 49}} {
		if got := (scaledGrid{[3]int{145, 174, 145}, scale}).sides(); got != want {
			t.Errorf("scale %d: %v, the published file has %v", scale, got, want)
		}
	}
}

// 3 x 2 x 2 voxels with the values 1 to 12: the first block is 1, 2, 4, 5, 7, 8, 10, 11, the second 3, 6, 9, 12 and
// four zeros beyond the end. skimage.transform.downscale_local_mean (scikit-image 0.26) gives 6 and 3.75.
func TestAScaleHasTheMeansOfBlocksPaddedWithZeros(t *testing.T) {
	grid := scaledGrid{[3]int{3, 2, 2}, 2}
	sources := grid.sources([]int{0, 1})
	if len(sources) != 12 {
		t.Fatalf("the blocks are made of %d voxels, want 12", len(sources))
	}
	signal := make([]float32, 24) // two measurements; the second is ten times the first
	for i := range 12 {
		signal[2*i], signal[2*i+1] = float32(i+1), float32(10*(i+1))
	}
	got := make([]float32, 4)
	grid.average(got, []int{0, 1}, signal, sources, 2)
	if want := []float32{6, 60, 3.75, 37.5}; !slices.Equal(got, want) {
		t.Errorf("means are %v, want %v", got, want)
	}
}

// The mask is a ball of radius 40, not quite in the image's middle. Scales 2 and 3 must keep an eighth and a 27th of
// its voxels, less those at its surface. The published program's mask is that of one corner. It has more voxels than
// that at scale 2, and fewer at scale 3, as in the published file: 82,548 of 435,686 are more than an eighth, and 5,384
// are less than a 27th.
func TestAnAlignedMaskCoversTheSameHead(t *testing.T) {
	full := [3]int{100, 100, 100}
	var ball []int
	for v := range 100 * 100 * 100 {
		p := place(v, full)
		if x, y, z := p[0]-48, p[1]-48, p[2]-42; x*x+y*y+z*z <= 40*40 {
			ball = append(ball, v)
		}
	}
	for _, scale := range []int{2, 3} {
		grid := scaledGrid{full, scale}
		aligned, corner := len(grid.alignedMask(ball)), len(grid.publishedMask(ball))
		if share := float64(aligned) * float64(scale*scale*scale) / float64(len(ball)); share < 0.93 || share > 1.01 {
			t.Errorf("scale %d: %d voxels, %.2f of the ball's volume", scale, aligned, share)
		}
		if more := corner > aligned; more != (scale == 2) {
			t.Errorf("scale %d: the published mask has %d voxels, the aligned one %d", scale, corner, aligned)
		}
	}
}

func TestAVoxelBeyondTheImagesEndIsOutside(t *testing.T) {
	all := make([]int, 3*3*3)
	for i := range all {
		all[i] = i
	}
	if got := (scaledGrid{[3]int{3, 3, 3}, 2}).alignedMask(all); !slices.Equal(got, []int{0}) {
		t.Errorf("of 3 x 3 x 3 voxels at scale 2 %v are inside, want the first alone: the others' centres lie beyond the end", got)
	}
}

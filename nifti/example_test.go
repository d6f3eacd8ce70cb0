package nifti_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/nifti"
)

// An acquisition is written, read back inside a mask, and a map of its mean signal is written on
// the same grid.
func Example() {
	dir, err := os.MkdirTemp("", "nifti")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	// Four voxels in a row, 2 mm apart, with three measurements each.
	affine := [4][4]float64{{2, 0, 0, -3}, {0, 2, 0, 0}, {0, 0, 2, 0}, {0, 0, 0, 1}}
	header := nifti.NewHeader([]int{4, 1, 1, 3}, nil, affine)
	signal := []float32{
		0, 0, 0,
		900, 300, 300,
		800, 200, 500,
		0, 0, 0,
	}
	dwi := filepath.Join(dir, "dwi.nii.gz")
	if err := nifti.WriteSignal(dwi, header, signal, nifti.WriteOptions{}); err != nil {
		log.Fatal(err)
	}
	mask := filepath.Join(dir, "mask.nii.gz")
	if err := nifti.WriteMap(mask, header, []int{1, 2}, 1, []float32{1, 1}, nifti.WriteOptions{}); err != nil {
		log.Fatal(err)
	}

	image, err := nifti.Open(dwi)
	if err != nil {
		log.Fatal(err)
	}
	inside, err := nifti.ReadMask(mask)
	if err != nil {
		log.Fatal(err)
	}
	if err := inside.CheckAgainst(image.Header); err != nil {
		log.Fatal(err)
	}
	volumes := image.Header.Volumes()
	block := make([]float32, len(inside.Index)*volumes)
	if err := image.ReadMasked(context.Background(), block, inside.Index, nifti.ReadOptions{}); err != nil {
		log.Fatal(err)
	}

	mean := make([]float32, len(inside.Index))
	for i := range mean {
		for _, s := range block[i*volumes : (i+1)*volumes] {
			mean[i] += s / float32(volumes)
		}
		fmt.Println("voxel", inside.Index[i], "has mean", mean[i])
	}
	err = nifti.WriteMap(filepath.Join(dir, "mean.nii.gz"), image.Header, inside.Index, 1, mean, nifti.WriteOptions{})
	fmt.Println("error:", err)
	// Output:
	// voxel 1 has mean 500
	// voxel 2 has mean 500
	// error: <nil>
}

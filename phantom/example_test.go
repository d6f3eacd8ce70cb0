package phantom_test

import (
	"fmt"

	"github.com/voxfit/voxfit/phantom"
)

// A phantom of the study's protocol with the noise of a good scan. The truth of the voxel in the
// middle is a single fibre.
func Example() {
	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 1000, SNR: 30, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("image", p.Shape, "with", p.Gradients.Len(), "volumes, of which", len(p.Gradients.B0s()), "b0")

	kinds := map[phantom.Tissue]int{}
	for _, v := range p.Truth {
		kinds[v.Tissue]++
	}
	fmt.Println("white matter", kinds[phantom.WhiteMatter], "grey matter", kinds[phantom.GreyMatter], "CSF", kinds[phantom.CSF])

	middle := 5 + 10*(5+10*5) // x + nx (y + ny z)
	v := p.Truth[middle]      // 1000 voxels fill the box, so rows are voxel numbers
	fmt.Println("middle:", v.Tissue, "with", v.Fibres, "fibre and a free-water fraction of", v.FreeWater)
	// Output:
	// image [10 10 10] with 288 volumes, of which 18 b0
	// white matter 514 grey matter 347 CSF 139
	// middle: white matter with 1 fibre and a free-water fraction of 0
}

// The truth of a voxel can be written by hand, to ask what a scanner would see.
func ExampleVoxel_Noiseless() {
	g := phantom.HCP()
	v := phantom.Voxel{Tissue: phantom.CSF, S0: 1000, FreeWater: 1}
	signal, err := v.Noiseless(g)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 4 {
		fmt.Printf("b %4.0f: %6.2f\n", g.Bvals[i], signal[i])
	}
	// Output:
	// b    0: 1000.00
	// b 1000:  49.79
	// b 2000:   2.48
	// b 3000:   0.12
}

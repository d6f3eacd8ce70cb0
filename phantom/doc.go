// Package phantom makes synthetic diffusion acquisitions whose truth is known.
//
// Real data cannot be shipped with a program, and nobody knows what the right answer in a real voxel is. A phantom
// solves both problems: [Make] simulates the signal that a scanner would measure in voxels of known content, with the
// acquisition protocol of the published study ([HCP]) or any other, in any size from one voxel to more than the study's
// 435,686. It keeps what every voxel was made of.
//
//	p, err := phantom.Make(phantom.HCP(), phantom.Options{Voxels: 435686, SNR: 30})
//	// p.Signal: 435686 x 288 float32, voxel-major; p.Truth[i]: fibres, fractions, free water, S0
//	err = p.Write(ctx, "synthetic")  // dwi.nii.gz, bvals, bvecs, mask.nii.gz, truth maps, truth.json
//
// # What is in a voxel
//
// The signal is the sum of exponentials written out at [Voxel]: each fibre population is an axially
// symmetric tensor (axial diffusivity 1.5e-3 to 1.9e-3, radial 0.2e-3 to 0.45e-3 mm2/s), free water
// diffuses with 3e-3 mm2/s, and grey matter is one nearly isotropic tensor (mean diffusivity 0.8e-3
// to 1.0e-3 mm2/s, FA below 0.18). There are no other effects: no kurtosis, no exchange, no T2. The
// default composition is
//
//	white matter   50 %  one fibre 17.5, two 22.5, three 10. Directions are uniform and independent
//	                     (crossings of any angle), relative shares Dirichlet(3, 3 ...). Free water:
//	                     none in 30 % of these voxels, below 0.3 in 55, 0.3 to 0.8 in 15
//	grey matter    35 %  free water: none in half, below 0.5 in the others
//	CSF            15 %  free water alone in half, with up to 0.2 of grey matter in the others
//
// and [Mix] changes it. S0 differs from voxel to voxel by up to 10 %, so that a fit which assumes a fixed S0 gives
// visible errors. Draws are uniform within each range.
//
// # Where the voxels lie
//
// The image is a near-cubic box (76 x 76 x 76 for the study's size), and the mask is the Voxels cells nearest its
// centre, so that some corners are outside. Tissues are not arranged as in a head: each voxel is drawn for itself. The
// one exception is a core in the very middle. It is up to 7 x 7 x 7 voxels large, and at most a quarter of the shortest
// side (plus one voxel) wide. Its voxels are single fibres without free water and with an FA above 0.78, because an
// automatic response function is estimated from the centre of the image and needs such voxels. The shares above are of
// voxels outside the core.
//
// # A brain
//
// [MakeBrain] makes a phantom whose tissues lie as in a head, to test pictures, masks and responses. A folded cortex
// follows the rim of an ellipsoid of 152 x 168 x 116 mm, CSF fills its folds, the cleft between the hemispheres and the
// ventricles, and deep grey matter lies beside them. Five bundles (corpus callosum, corticospinal tract, two
// association tracts, cingulum) have directions that are given by formulas, so that they are known exactly where
// bundles cross. Bundles cross in every fifth voxel of white matter. Outside the bundles, fibres run straight to the
// cortex. A voxel at a border holds shares of the tissues on both sides, found from 27 points in the voxel. Signals
// without diffusion weighting are those of a T2-weighted image with a smooth bias field. All workers make one volume at
// a time ([Brain.Volume]), so that the image can be written while it is made.
//
// As in a head, no single response fits all white matter. Fibres between the bundles are less anisotropic (1.45e-3
// along and 0.55e-3 mm2/s across) than the corpus callosum (1.75e-3 and 0.25e-3), where automatic responses come from,
// since anisotropy is highest there. Multi-tissue deconvolution takes for grey matter what this response does not
// explain. Voxels of 40 x 40 x 28 (seed 1, SNR 30) that are white matter alone have these fractions of white and grey
// matter, the rest being CSF:
//
//	response                      program            callosum     between bundles   all
//	kbench fit msmt's own         kbench fit msmt    1.00, 0.00   0.64, 0.35        0.71, 0.28
//	                              MRtrix3's dwi2fod  1.00, 0.00   0.64, 0.35        0.71, 0.28
//	dwi2response dhollander's     MRtrix3's dwi2fod  1.00, 0.00   0.69, 0.31        0.76, 0.24
//	that between the bundles      kbench fit msmt                 1.00, 0.00        1.00, 0.00
//
// With the same responses the fractions of the two programs differ by 1.4e-6 at most. Those of DIPY's
// MultiShellDeconvModel, divided by their sum, are 0.63 and 0.36 in eight voxels between bundles, where kbench has the
// same (MRtrix3 3.0.3, DIPY 1.12.1). The last line of the table was made with --response
// "0.00145,0.00055,0.00055,1000;0.00085,0.00085,0.00085,1400;0.003,0.003,0.003,2400". Large voxels also have little
// grey matter alone, so that its automatic response contains water. In voxels of grey matter alone, the fraction of
// grey matter is 0.63 with these voxels of 4.5 mm, and 0.96 in a slab of voxels of the default 1.75 mm.
//
// # Noise
//
// A scanner's magnitude image is the length of a complex number with equal Gaussian noise on both parts, so the noise
// is Rician (Gudbjartsson and Patz 1995). [Options].SNR is S0/sigma, with one sigma for the whole image, as at a
// scanner. A voxel of free water at b = 3000 s/mm2 is therefore nothing but noise. The same seed gives the same truth
// at every SNR.
//
// # The same everywhere
//
// Signal, Truth and Index are the same to the last bit for one seed on every platform that Go supports, for any number
// of workers and any Go version, so that the options of a phantom are enough to make it again, and nobody needs to keep
// it. Three things ensure this. Each voxel has random streams of its own, seeded by hashing (seed, purpose, row):
// PCG-DXSM of math/rand/v2, and only its Uint64, whose algorithm is fixed. Sums and products are written so that no
// compiler may fuse them into one rounding. And exponential, logarithm and cosine are this package's own, because the
// standard library's differ in the last bit between amd64 with FMA, amd64 without, arm64 and s390x. Golden checksums in
// the tests hold on amd64 (with and without FMA), 386, arm64, s390x, ppc64le and riscv64. For [HCP] this also needs
// sh.Repulsion, which makes the same promise.
//
// A change to any draw, range or formula makes other phantoms of the same options: it belongs in the
// changelog, and the golden checksums change with it.
package phantom

// Package commands times whole programs, from a file to maps: what a user waits for at a shell. `kbench compare
// --from-file` runs it. Package compare times the fit alone.
//
// # What is timed
//
// A [Line] has several programs that make the same maps. A program is one command, or several commands, each of
// which reads what the one before wrote. Its time is that of its commands together, from the start of each process
// to its end.
//
//	voxfit   kbench fit, which hashes its input and syncs its maps to the disk, compressed, with sidecars
//	MRtrix3  dwi2tensor and tensor2metric; dwi2fod csd and sh2peaks; dwi2fod msmt_csd. Its maps are uncompressed .nii
//	         files, the quickest that it can write
//	DIPY     a Python script (fit_dipy.py): nibabel loads the image, DIPY's model fits the voxels of the mask one after
//	         the other, nibabel saves compressed maps. The start of Python and its imports count
//
// In lines with MRtrix3, the programs fit the whole mask, or [Options.Voxels] of it. DIPY would take hours for that,
// so in its lines DIPY and voxfit fit [Options.DIPYVoxels]. The mask is reduced to so many voxels, spread evenly
// over it, and both programs read this mask. Nothing is extrapolated. In these lines nearly all of voxfit's time is
// decompression, because the whole image is still decompressed.
//
// All programs read the same image, tables, mask and responses. They run one at a time on the same CPUs: the calling
// thread is confined to these, and its children inherit them. Programs that can use several threads have one for
// each CPU. DIPY's own fit is serial, and its linear algebra uses one thread.
//
// For a compressed image, decompressors are timed as well, if they are installed: igzip, libdeflate-gunzip and
// rapidgzip, each writing to the null device. Their ratio is to voxfit's time in the first line.
//
// # Rounds
//
// A first round is not measured. It brings the image into memory, and each program's maps are checked: they must
// exist, and must not have the same value everywhere ([Times.Failure] says what was found). Then come the rounds
// that count. Each round runs every program once, so that a drift of the machine's speed affects all alike. Medians
// are over rounds, and a ratio is the median of the ratios of the same round.
//
// With [Options.Cold] the image's pages are dropped before each run (posix_fadvise), and mincore must show that they
// are gone. Only Linux has both. The tables, the mask and the programs themselves stay in memory.
//
// CPU time and peak memory are what the system reports about the ended processes. The reported peak of a child is
// never below that of the process that starts it. If a peak is no larger than that of kbench itself, it is only a
// bound, and the table says "<".
//
// Nothing checks whether other programs took the CPUs meanwhile. A CPU time that is far below the wall time times
// the number of threads may have this reason, or work may wait for the disk or for one thread.
package commands

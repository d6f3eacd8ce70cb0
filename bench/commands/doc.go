// Package commands times whole programs, from a file to maps: what a user waits for at a shell. It is what `kbench
// compare --from-file` runs. Package compare times the fit alone.
//
// # What is timed
//
// A [Line] is the same maps by several programs. A program is one command, or several of which each reads what the one
// before wrote; its time is that of its commands together, from the start of each process to its end.
//
//	voxfit   kbench fit, which hashes its input and syncs its maps to the disk, compressed, with sidecars
//	MRtrix3  dwi2tensor and tensor2metric; dwi2fod csd and sh2peaks; dwi2fod msmt_csd. Its maps are uncompressed .nii
//	         files, the quickest that it can write
//	DIPY     a Python script (fit_dipy.py): nibabel loads the image, DIPY's model fits the voxels of the mask one after
//	         the other, nibabel saves compressed maps. The start of Python and its imports count
//
// Each line that MRtrix3 has is of the whole mask, or of [Options.Voxels] of it. DIPY would take hours for that, so its
// lines are of [Options.DIPYVoxels], and voxfit fits these beside it: a mask is cut to voxels spread evenly over it, and
// both programs read that mask. Nothing is extrapolated. There voxfit's time is nearly all decompression, of which the
// image has as much as for the whole mask.
//
// All programs read the same image, tables, mask and responses. They run one at a time on the same CPUs, which the
// calling thread is confined to and its children inherit, with a thread for each of these CPUs where they can use
// several. DIPY's own fit is serial; its linear algebra is held to one thread.
//
// For a compressed image, decompressors run beside them, as far as they are installed: igzip, libdeflate-gunzip and
// rapidgzip, each to the null device. Their ratio is to voxfit's time in the first line.
//
// # Rounds
//
// A first round is not measured: it brings the image into memory, and after it each program's maps are looked at. They
// must be there, and not all the same value or zero ([Times.Failure] says what was found). Then come the rounds that
// count. Each runs every program once, so that a drift of the machine touches all alike. Medians are over rounds, and a
// ratio is the median of the ratios of the same round.
//
// With [Options.Cold] the image's pages are dropped before each run (posix_fadvise), and mincore must show that they are
// gone; Linux alone has both. The tables, the mask and the programs themselves stay in memory.
//
// CPU time and peak memory are what the kernel says of the ended processes. A child's peak counts from that of the
// process that starts it, so one below our own is only known to be below, and the table says "<".
//
// Whether other programs took the CPUs meanwhile is not watched. A CPU time that is far below the wall time times the
// threads may come from that, or from work that waits for the disk or for one thread.
package commands

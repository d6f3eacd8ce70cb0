// Package gunzip reads gzip files at the speed of the machine: on one core as fast as the fastest C libraries, and on
// many cores in pieces that are decoded at the same time, for any gzip file.
//
// # Use
//
// [NewReader] takes a file (an [io.ReaderAt] and its size) and a number of workers. The [Reader] gives the decompressed
// bytes, exactly those of package compress/gzip: of one member or many, of stored, fixed and dynamic blocks. Checksum
// and length of every member are always verified. A damaged file is an error that says where and what was found, and
// that wraps what compress/gzip would give; it is never silently short. [Reader.Close] stops the workers.
//
// # One core
//
// Deflate replaces bytes by codes of 1 to 15 bits: of a byte, or of a length and a distance, which say that some bytes
// occurred before. Each code can only be found once the one before is known, so that the decoder lives on latency: look
// up the next bits in a table, shift, look up again. libdeflate and igzip keep 64 bits in a register, refill them
// without a branch, and decode several literals from one lookup. What costs them most in diffusion data is guessing:
// half the symbols are noise in literals, the others matches of three bytes, and nothing tells which comes next.
//
// So the inner loop here (internal/deflate, assembly on amd64 with AVX2 and BMI2) does not guess. Each round looks up
// twice: first an entry of literals, a length, or a literal and a length; and then, in a table that the first entry
// chooses, the distance, or literals. Either way 16 bytes are copied, from the output or from the entry itself, and no
// branch depends on which it was. Long matches, overlapping ones and long codes, which are rare, leave the round.
//
// # Many cores
//
// A gzip file has no index, a block may begin at any bit, and matches reach back over 32 KiB that are not known in the
// middle of a file. Both obstacles fall (Kerbiriou and Chikhi 2019, "Parallel decompression of gzip-compressed files
// and random access to DNA sequences"; Knespel and Brunst 2023, "Rapidgzip: Parallel Decompression and Seeking in Gzip
// Files Using Cache Prefetching"):
//
//   - A worker takes 1 to 4 MiB of the file and tries each bit until one is found where a dynamic block's header, its
//     code lengths and the sums of its codes are right, or a stored block's length and its complement, or a member's
//     header. Noise hardly ever looks like one.
//   - It decodes from there on to symbols of 16 bits. Those from 256 on are markers: they stand for a byte of the
//     unknown window. Matches copy them like all else. Where the last 32 KiB hold no marker, it goes on with bytes.
//   - It ends at the first position behind its part that the search of the next worker will find.
//   - When the piece before is done, its last 32 KiB say what the markers are. The piece's own last 32 KiB, prepared but
//     for their markers, are handed on at once; all others are replaced by any worker, and summed. The CRC of the whole
//     is joined from those of parts.
//
// A piece that does not begin exactly where the one before ended is given up, and decoded again in its turn, so that
// the result never rests on the search. A piece whose output is large (more than some 6 times its part of the file)
// waits for its turn, and is then decoded to its end by the goroutine that joins the pieces: files of zeros need little
// memory, and gain little.
//
// [PeakMemory] says what is held at most, [Reader.Times] how long each step of each piece took, and [Times.SerialShare]
// what that means for many workers.
//
// # Instruction sets
//
// VOXFIT_ISA=generic chooses the portable code, as everywhere in voxfit, and so do processors without AVX2 and BMI2,
// and other architectures than amd64. The bytes are the same.
package gunzip

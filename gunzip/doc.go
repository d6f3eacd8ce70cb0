// Package gunzip reads gzip files fast. On one core it is about as fast as the fastest C libraries. On many cores it
// decodes several pieces of a file at the same time, and it can do so with any gzip file.
//
// # Use
//
// [NewReader] takes a file (an [io.ReaderAt] and its size) and a number of workers. The [Reader] gives the decompressed
// bytes, exactly those that package compress/gzip gives. Files may have one member or many, with stored, fixed and
// dynamic blocks. Checksum and length of every member are always verified. For a damaged file, the error says what was
// found and where, and it wraps the error of compress/gzip. The output never ends early without an error.
// [Reader.Close] stops the workers.
//
// # One core
//
// Deflate replaces bytes by codes of 1 to 15 bits. A code stands for a byte (a literal), or, together with a second
// code, for a length and a distance, which say that some bytes occurred before (a match). Where a code begins is known
// only when the code before it is decoded. The speed of a decoder is therefore set by latency: it looks up the next
// bits in a table, shifts, and looks up again. libdeflate and igzip keep 64 bits in a register, refill them without a
// branch, and decode several literals from one lookup. In diffusion data they lose most time by branches that the
// processor predicts wrongly: half the symbols are literals, the others are matches of three bytes, and nothing tells
// which comes next.
//
// The inner loop here (internal/deflate, assembly on amd64 with AVX2 and BMI2 and on arm64) has no such branch. Each
// round looks up twice. The first entry stands for literals, for a length, or for a literal and a length. It also
// chooses the table of the second look-up, which gives the distance or more literals. In both cases 16 bytes are
// copied, from the output or from the entry itself, and no branch depends on which case it is. Long matches,
// overlapping matches and long codes are rare, and other code handles them.
//
// # Many cores
//
// Two things make it hard to start in the middle of a gzip file. It has no index, and a block may begin at any bit. And
// matches reach back over the 32 KiB before them (the window), which are not known there. Both problems have known
// solutions (Kerbiriou and Chikhi 2019, "Parallel decompression of gzip-compressed files and random access to DNA
// sequences"; Knespel and Brunst 2023, "Rapidgzip: Parallel Decompression and Seeking in Gzip Files Using Cache
// Prefetching"):
//
//   - A worker takes 1 to 12 MiB of the file and tries each bit until a block seems to begin there. It seems so if
//     there is a valid header with valid code lengths of a dynamic block, a length and its complement as in a stored
//     block, or the header of a member. Other data hardly ever look like one of these.
//   - From there on it decodes to symbols of 16 bits. A symbol of 256 or more is a marker: it stands for a byte of the
//     unknown window. Matches copy markers like all other symbols. Once the last 32 KiB hold no marker, the worker goes
//     on with bytes.
//   - It ends at the first position after its part that the search of the next worker will find.
//   - When the piece before it is done, the last 32 KiB of that piece say which bytes the markers stand for. If the
//     worker has not begun by then, it needs neither search nor markers. If it is in the middle of its piece, as it
//     mostly is with two workers, it goes on with bytes, and gives its output while it decodes.
//   - If its piece is done, first the markers in its own last 32 KiB are replaced, so that the next piece can go on.
//     Any worker then replaces the other markers and computes the checksum of the piece. The checksum of the whole is
//     made from those of the pieces.
//
// A piece that does not begin exactly where the one before it ended is thrown away, and decoded again when its turn
// comes. The result is therefore right even where the search was wrong. All pieces share the room for output that
// waits. A piece for which there is none waits until all pieces before it are done. Files of zeros therefore need little
// memory, and are hardly faster with several workers.
//
// [PeakMemory] says how much memory a reader holds at most. [Reader.Times] says how long each step of each piece took,
// and [Times.SerialShare] computes from these times which share of the work many workers cannot divide.
//
// # Instruction sets
//
// VOXFIT_ISA=generic chooses the portable code, as everywhere in voxfit. It also runs on amd64 without AVX2 and BMI2, on
// architectures other than amd64 and arm64, and in builds with the tag purego. The bytes are the same. The assembly for
// arm64 was tested under an emulator. It has not run on a processor, and its speed is not known.
package gunzip

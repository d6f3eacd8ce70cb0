// Package deflate decodes the blocks of RFC 1951 from memory to memory. Package gunzip needs it to begin at any bit and
// to decode one block at a time. The output is bytes or, where the 32 KiB before are not known, symbols of 16 bits
// ([Symbol]).
//
// A [Decoder] is for one goroutine. Input and output must have some room behind their ends ([InputSlack],
// [OutputSlack]). The inner loop then checks both ends only once a round, and no second, careful loop is needed.
//
//	d := deflate.NewDecoder(false)
//	d.SetInput(input, 0, true)
//	end, err := deflate.Decode(d, out, 0, 0, limit)   // one block, or as much as there is room for
//
// From libdeflate and igzip, whose repositories describe their decoders, it has
//
//   - 64 bits of the stream in a register, which are refilled without a branch;
//   - tables of 11 and 8 bits, with subtables for longer codes;
//   - entries of two literals, where both codes fit into an index;
//   - matches that are copied in words, beyond their ends.
//
// Its own are entries of a literal and a length, and rounds that do the same for literals as for a match; the comment
// of type entry says how.
//
// There are three inner loops: in Go (codes.go), in assembly for amd64, which the program in _asm writes, and in
// assembly for arm64, written by hand (loop_arm64.h, which loop_arm64.s includes once for each function). All three
// stop at the same places.
package deflate

// Package deflate decodes the blocks of RFC 1951 from memory to memory, as package gunzip needs it: from any bit on, a
// block at a time, to bytes, or to symbols of 16 bits where the 32 KiB before are not known.
//
// A Decoder is for one goroutine. Both buffers have slack behind their ends, so that the inner loop looks at them once
// a round and no second, careful loop is needed: Slack says how much.
//
// From libdeflate's and igzip's decoders, whose repositories describe them, come 64 bits of the stream in a register that
// are refilled without a branch; tables of 11 and 8 bits with subtables for longer codes; entries of two literals where
// both codes fit an index; and matches copied in words, beyond their ends. Its own are entries of a literal and a length,
// and rounds that do the same whether they decode literals or a match: type entry says how.
//
// The inner loop is there three times: in Go (codes.go), in assembly for amd64, which the program in _asm writes, and in
// assembly for arm64, which is written by hand (loop_arm64.h, which loop_arm64.s includes once for each function). All
// three stop at the same places.
package deflate

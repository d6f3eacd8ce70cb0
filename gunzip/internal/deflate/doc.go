// Package deflate decodes the blocks of RFC 1951 from memory to memory, as package gunzip needs it: from any bit on, a
// block at a time, to bytes, or to symbols of 16 bits where the 32 KiB before are not known.
//
// A Decoder is for one goroutine. Both buffers have slack behind their ends, so that the inner loop looks at them once a
// round and no second, careful loop is needed: Slack says how much.
//
// The method is that of libdeflate's and igzip's decoders: 64 bits of the stream in a register, refilled without a
// branch; tables of 11 and 8 bits with subtables for longer codes; two literals from one entry where both codes fit its
// index; matches copied in words, beyond their ends.
package deflate

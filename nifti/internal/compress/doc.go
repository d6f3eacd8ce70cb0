// Package compress writes the gzip files of maps, in parts of 1 MiB that are compressed at the same time.
//
// The output has the same bytes as that of github.com/klauspost/pgzip v1.3.0 with parts of 1 MiB, on level 1 of
// github.com/klauspost/compress/flate v1.20.3, and tests compare the two. pgzip wrote these files before. Level 1 looks
// for a match in one table, by a hash of five bytes. The longer it finds none, the less often it looks. For each 65,535
// bytes it then chooses the shortest of these: matches and literals with new Huffman codes, the same with the codes of
// the last block, literals alone, or the bytes as they are.
//
// A map consists of long stretches of zeros, outside of the mask, and of stretches of numbers in which there is hardly
// a match. This package makes the same choices with less work for such data. It reads each part without a copy. Its
// list of tokens has only matches, and no literals. It counts literals in four tables, writes three codes at a time,
// and compares long matches 256 bytes at a time.
package compress

// Package compress writes the gzip files of maps, in parts of 1 MiB that are compressed at the same time.
//
// The bytes are those of level 1 of github.com/klauspost/compress/flate v1.20.3 in the frame of github.com/klauspost/pgzip
// v1.3.0 with parts of 1 MiB, which wrote these files before: a file is the same whichever of the two wrote it, and tests
// hold this package to it. Level 1 looks for a match in one table, by a hash of five bytes, and looks less often the longer
// it finds none. It then chooses for each 65,535 bytes: matches and literals with new Huffman codes, the same with the codes
// of the last block, literals alone, or the bytes as they are.
//
// A map is made of long stretches of zeros, outside of the mask, and of stretches of numbers in which hardly a match is
// found. This package makes the same choices with less work for such data. It reads each part where it lies, keeps matches
// alone in a list and never a literal, counts literals in four tables, writes up to four codes at a time, and compares long
// matches 256 bytes at a time.
package compress

package gunzip

import "github.com/voxfit/voxfit/gunzip/internal/deflate"

// PeakMemory returns the largest amount of memory, in bytes, that a Reader of a file of this size with this many
// workers holds, whatever the file contains. Each piece that is being decoded takes its part of the file, a decoder,
// and chunks of output. Files of diffusion data, which deflate makes half as large, take less than half of that. A
// Reader with one worker holds two chunks.
func PeakMemory(size int64, workers int) int64 {
	const decoder = 1 << 15
	if workers <= 1 || size <= leastPiece {
		return inputStep + decoder + 2*chunkMemory
	}
	return peakMemory(divide(size, workers, leastPiece, mostPiece(workers)), workers)
}

// peakMemory is PeakMemory for pieces that begin at these offsets.
func peakMemory(begins []int64, workers int) int64 {
	const (
		decoder = int64(1 << 15)
		windows = int64(8 * windowSize) // with gaps
	)
	pieces := int64(min(mostPieces(workers), len(begins)-1))
	piece := begins[1] // the largest one
	input := int64(inputStep + deflate.InputSlack)
	meanings := int64(workers) << 16
	return (pieces+1)*(input+decoder+windows) + pieces*int64(mostChunks(piece, workers))*chunkMemory + meanings
}

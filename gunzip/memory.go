package gunzip

import "github.com/voxfit/voxfit/gunzip/internal/deflate"

// PeakMemory is the most bytes that a Reader of a file of this size with this many workers holds, whatever is in it: for each
// piece under way its part of the file, a decoder and at most 24 chunks of output; for the goroutine that joins pieces another of
// each and 8 chunks. Files of diffusion data, which deflate by half, take less than half of it. One worker holds two chunks.
func PeakMemory(size int64, workers int) int64 {
	const (
		decoder  = int64(1 << 15)
		oneInput = int64(pieceSize + lookAhead + deflate.InputSlack)
		windows  = int64(3 * windowSize) // with its gaps
	)
	if workers <= 1 || size <= pieceSize {
		return inputStep + decoder + 2*chunkMemory
	}
	pieces := min(int64(mostPieces(workers)), (size+pieceSize-1)/pieceSize)
	return (pieces+1)*(oneInput+decoder+windows) + (pieces*mostChunks+mostStreamed+2)*chunkMemory
}

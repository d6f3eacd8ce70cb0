package gunzip

import "github.com/voxfit/voxfit/gunzip/internal/deflate"

// PeakMemory is the most bytes that a Reader with this many workers holds, whatever the file: for each piece under way its part of the
// file, a decoder and at most 24 chunks of output; for the goroutine that joins pieces another of each and 8 chunks. Files of
// diffusion data, which deflate by half, take about a third of it. One worker holds two chunks.
func PeakMemory(workers int) int64 {
	const (
		decoder  = int64(1 << 15)
		oneInput = int64(pieceSize + lookAhead + deflate.InputSlack)
	)
	if workers <= 1 {
		return inputStep + decoder + 2*chunkMemory
	}
	pieces := int64(mostPieces(workers))
	return (pieces+1)*(oneInput+decoder+windowSize) + (pieces*mostChunks+mostStreamed+2)*chunkMemory
}

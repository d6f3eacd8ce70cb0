package gunzip

import "time"

// PieceTimes says how long the steps of one piece of the file took. All but HandOver and InTurn are done by workers,
// beside those of other pieces.
type PieceTimes struct {
	Number  int           // of the piece, from 0
	Bytes   int64         // of its output
	Search  time.Duration // for the first block
	Decode  time.Duration
	Replace time.Duration // of markers, once the window before is known
	Hash    time.Duration // CRC-32
	// HandOver is how long the piece after had to wait for the window, once this piece and the one before were ready.
	HandOver time.Duration
	// InTurn is what was decoded after the pieces before only, because a search had found no or another beginning, or
	// because there was too much output to be kept.
	InTurn time.Duration
}

// Times are those of all pieces that were joined, and of what is done for each in the goroutine that reads: joining
// the CRCs.
type Times struct {
	Pieces []PieceTimes
	Join   time.Duration
}

// SerialShare is the share of the time that would pass with this many workers in which one of them alone could work, as
// Amdahl's law has it: that of hand-overs, of what was decoded in its turn, and of joining CRCs.
func (t Times) SerialShare(workers int) float64 {
	serial, parallel := t.Join, time.Duration(0)
	for _, p := range t.Pieces {
		serial += p.HandOver + p.InTurn
		parallel += p.Search + p.Decode + p.Replace + p.Hash
	}
	if serial+parallel == 0 {
		return 0
	}
	return float64(serial) / (float64(serial) + float64(parallel)/float64(workers))
}

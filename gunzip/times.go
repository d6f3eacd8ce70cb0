package gunzip

import "time"

// PieceTimes says how long the steps of one piece of the file took. Workers do all but HandOver and InTurn, at the same
// time as those of other pieces.
type PieceTimes struct {
	Number  int           // of the piece, from 0
	Bytes   int64         // of its output
	Search  time.Duration // for the first block
	Decode  time.Duration
	Replace time.Duration // of markers, once the window before is known
	Hash    time.Duration // CRC-32
	// HandOver is how long the next piece had to wait for its window, once this piece and the one before it were ready.
	HandOver time.Duration
	// InTurn is the time for what could only be decoded after all pieces before it were done. There are two reasons: the
	// search had found a wrong beginning or none, or there was too much output to keep it.
	InTurn time.Duration
}

// Times are those of all pieces that were joined. Join is how long the goroutine that reads took to join their
// checksums.
type Times struct {
	Pieces []PieceTimes
	Join   time.Duration
}

// SerialShare is the share of the time that would pass with this many workers in which only one of them could work, by
// Amdahl's law. Only one can work at hand-overs, at what is decoded in its turn, and at joining checksums.
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

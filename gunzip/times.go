package gunzip

import "time"

// PieceTimes says how long the steps of one piece of the file took. Workers do all of them but HandOver and InTurn,
// each at the same time as others work on other pieces.
type PieceTimes struct {
	Number  int           // number of the piece, from 0
	Bytes   int64         // bytes of its output
	Search  time.Duration // searching for the first block
	Decode  time.Duration
	Replace time.Duration // replacing markers, once the window before is known
	Hash    time.Duration // computing the CRC-32
	// HandOver is how long the next piece waited for its window after this piece and the one before it were ready.
	HandOver time.Duration
	// InTurn is the time for what could only be decoded after all pieces before it were done. There are two reasons for
	// that: the search had found no beginning or a wrong one, or there was too much output to keep.
	InTurn time.Duration
}

// Times has the times of all pieces that were joined. Join is how long the goroutine that reads took to combine their
// checksums.
type Times struct {
	Pieces []PieceTimes
	Join   time.Duration
}

// SerialShare returns the share of the time, with this many workers, in which only one of them could work, by Amdahl's
// law. Only one can work during hand-overs, on what is decoded in its turn, and on combining checksums.
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

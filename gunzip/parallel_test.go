package gunzip

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/voxfit/voxfit/internal/peer"
)

func TestPiecesGiveTheBytesOfTheWhole(t *testing.T) {
	size := 500_000
	if testing.Short() {
		size = 50_000
	}
	for name, data := range samples(size) {
		for _, level := range []int{gzip.HuffmanOnly, gzip.NoCompression, gzip.BestSpeed, gzip.DefaultCompression} {
			file := compressed(t, data, level)
			for _, isa := range []string{"auto", "generic"} {
				t.Setenv("VOXFIT_ISA", isa)
				for _, piece := range []int64{3000, 60_000} {
					got, err := decoded(file, 3, piece)
					if err != nil || !bytes.Equal(got, data) {
						t.Fatalf("%s, level %d, %s, pieces of %d: %d bytes, error %v, expected %d bytes", name, level, isa, piece, len(got), err, len(data))
					}
				}
			}
		}
	}
}

func TestPiecesOfRealFilesGiveTheStandardLibrarysBytes(t *testing.T) {
	peer.Slow(t)
	for name, file := range realFiles(t) {
		t.Run(name, func(t *testing.T) { wantSame(t, file, 3, 30_000) })
	}
}

// blocked returns many small members, as bgzip makes them. Some are empty.
func blocked(t *testing.T, data []byte, size int) []byte {
	var file []byte
	for at := 0; at < len(data); at += size {
		file = append(file, compressed(t, data[at:min(at+size, len(data))], 6)...)
		if at%7 == 0 {
			file = append(file, compressed(t, nil, 6)...)
		}
	}
	return file
}

func TestPiecesOfManyMembersAreJoined(t *testing.T) {
	data := signals(600_000)
	file := blocked(t, data, 60_000)
	for _, piece := range []int64{10_000, 100_000} {
		got, err := decoded(file, 3, piece)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("pieces of %d: %d bytes, error %v, expected %d bytes", piece, len(got), err, len(data))
		}
	}
}

// begunInOrder counts the pieces that were decoded ahead and could be joined.
func begunInOrder(times Times) (ahead, inTurn int) {
	for _, p := range times.Pieces {
		if p.InTurn > 0 {
			inTurn++
		} else {
			ahead++
		}
	}
	return ahead, inTurn
}

func TestMostPiecesAreDecodedAhead(t *testing.T) {
	data := signals(1_000_000)
	for name, file := range map[string][]byte{
		"one member":   compressed(t, data, 6),
		"many members": blocked(t, data, 60_000),
		"stored":       compressed(t, data, gzip.NoCompression),
	} {
		z, err := newReader(bytes.NewReader(file), int64(len(file)), 2, 80_000, 80_000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, z); err != nil {
			t.Fatal(err)
		}
		z.Close()
		if ahead, inTurn := begunInOrder(z.Times()); ahead < 5 || inTurn > 1 {
			t.Errorf("%s: %d pieces were decoded ahead and %d in their turn", name, ahead, inTurn)
		}
	}
}

func TestDamagedPiecesAreAnErrorAfterGoodBytes(t *testing.T) {
	data := signals(600_000)
	file := compressed(t, data, 6)
	r := rand.New(rand.NewPCG(3, 4))
	times := 20
	if testing.Short() {
		times = 3
	}
	for range times {
		damaged := bytes.Clone(file)
		damaged[20+r.IntN(len(file)-20)] ^= 1 << r.IntN(8)
		wantSame(t, damaged, 3, 30_000)
		wantSame(t, file[:r.IntN(len(file))], 3, 30_000)
	}
	wantSame(t, append(bytes.Clone(file), "this is garbage"...), 3, 30_000)
}

// thief returns a member that begins with a match of three bytes at distance 100. Its checksum is that of the output of
// a reader that wrongly lets the match reach the member before.
func thief(before []byte) []byte {
	member := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	at, bits := uint(0), uint32(0)
	put := func(v uint32, n uint) { bits |= v << at; at += n }
	put(1, 1)         // the last block
	put(1, 2)         // with the fixed codes, the highest bit first:
	put(0b1000000, 7) // the length 3
	put(0b10110, 5)   // the distance 97
	put(3, 5)         // and 3
	put(0, 7)         // the end
	member = binary.LittleEndian.AppendUint32(member, bits)
	member = binary.LittleEndian.AppendUint32(member, sumOf(before[len(before)-100:][:3]).crc)
	return binary.LittleEndian.AppendUint32(member, 3)
}

func TestNoMatchReachesTheMemberBefore(t *testing.T) {
	plain := signals(100_000)
	// Everything after the second block contains its window, as markers. They fill three chunks, and the member ends in
	// the fourth.
	echo := bytes.Repeat(samples(30_000)["random"], 30)
	for name, c := range map[string]struct {
		first  []byte
		begins []int64
	}{
		"one piece":               {plain, nil},
		"a piece for each member": {plain, []int64{0, int64(len(compressed(t, plain, 6)))}},
		"small pieces":            {plain, []int64{0, 10_000, 20_000, 30_000, 40_000}},
		"too much output":         {echo, []int64{0, 16_000}},
	} {
		file := append(compressed(t, c.first, 6), thief(c.first)...)
		size := int64(len(file))
		z, err := newReader(bytes.NewReader(file), size, 1, leastPiece, mostPiece(1))
		if err != nil {
			t.Fatal(err)
		}
		if c.begins != nil {
			z = &Reader{feed: newParallel(bytes.NewReader(file), size, 2, append(c.begins, size)).employ(2)}
		}
		got, err := io.ReadAll(z)
		var corrupt flate.CorruptInputError
		if !errors.As(err, &corrupt) || !bytes.Equal(got, c.first) {
			t.Errorf("%s: %d bytes, error %v, expected %d bytes and flate.CorruptInputError", name, len(got), err, len(c.first))
		}
		z.Close()
	}
}

// A brittle file returns an error for reads beyond some byte.
type brittle struct {
	*bytes.Reader
	good int64
}

var errBrittle = errors.New("the disk is gone")

func (b brittle) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > b.good {
		return 0, errBrittle
	}
	return b.Reader.ReadAt(p, at)
}

func TestAnErrorOfTheFileIsGiven(t *testing.T) {
	data := signals(600_000)
	file := compressed(t, data, 6)
	for _, workers := range []int{1, 3} {
		z, err := newReader(brittle{bytes.NewReader(file), int64(len(file)) * 3 / 4}, int64(len(file)), workers, 30_000, 30_000)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(z)
		if !errors.Is(err, errBrittle) || !bytes.HasPrefix(data, got) {
			t.Errorf("%d workers: %d bytes, error %v", workers, len(got), err)
		}
		z.Close()
	}
}

// stretched returns data that deflate to a thousandth, with some others in between.
func stretched(t *testing.T) (file []byte, size int64) {
	noise, zeros := signals(20_000), make([]byte, 3_000_000)
	for range 10 {
		one := bytes.Join([][]byte{noise, zeros}, nil)
		file, size = append(file, compressed(t, one, gzip.BestSpeed)...), size+int64(len(one))
	}
	return file, size
}

func TestMemoryIsBoundedForAllData(t *testing.T) {
	peer.Slow(t)
	const piece, workers = 10_000, 2
	file, size := stretched(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	z, err := newReader(bytes.NewReader(file), int64(len(file)), workers, piece, piece)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	// A slow reader makes the workers keep as much as they ever do.
	time.Sleep(100 * time.Millisecond)
	if n, err := io.Copy(io.Discard, z); err != nil || n != size {
		t.Fatalf("%d bytes, error %v, expected %d bytes", n, err, size)
	}
	runtime.ReadMemStats(&after)
	// All memory is used again, so that the allocated bytes are those that were held. Only windows of 32 KiB are
	// allocated anew.
	windows := uint64(size/windowSize/8) * windowSize
	if took, most := after.TotalAlloc-before.TotalAlloc, uint64(peakMemory(divide(int64(len(file)), workers, piece, piece), workers))+windows; took > most {
		t.Errorf("%d bytes were allocated, expected at most %d", took, most)
	}
}

func TestCloseStopsEveryGoroutineAtAnyMoment(t *testing.T) {
	file := compressed(t, signals(1_500_000), 1)
	before := runtime.NumGoroutine()
	for taken := 0; taken < 1_400_000; taken += 200_000 {
		z, err := newReader(bytes.NewReader(file), int64(len(file)), 4, 60_000, 60_000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, z, int64(taken)); err != nil {
			t.Fatal(err)
		}
		z.Close()
		// A goroutine that has ended may still be counted for a moment.
		for range 10_000 {
			if runtime.NumGoroutine() <= before {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Fatalf("%d goroutines after Close, expected the %d from before", n, before)
		}
	}
}

func TestPiecesCoverTheFileAndGetSmaller(t *testing.T) {
	for _, size := range []int64{leastPiece + 1, 3 << 20, 74_077_943, 2_400_000_000} {
		for _, workers := range []int{2, 16, 64} {
			begins := divide(size, workers, leastPiece, mostPiece(workers))
			if begins[0] != 0 || begins[len(begins)-1] != size {
				t.Errorf("%d bytes, %d workers: from %d to %d", size, workers, begins[0], begins[len(begins)-1])
			}
			before := mostPiece(workers)
			for i, end := range begins[1:] {
				piece := end - begins[i]
				if piece > before || piece < leastPiece && end < size {
					t.Errorf("%d bytes, %d workers: piece %d of %d bytes after one of %d", size, workers, i, piece, before)
				}
				before = piece
			}
		}
	}
}

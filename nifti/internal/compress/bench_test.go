package compress

import (
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/pgzip"
)

// aBrain returns data like the maps of a masked brain: rows of 60 numbers and 60 zeros, in two fifths of each volume.
// Only the given share of the numbers are not zeros.
func aBrain(share float64) []byte {
	const row, rows = 120, 80000
	r := rand.New(rand.NewPCG(1, 5))
	data := make([]byte, 4*row*rows)
	for y := range rows {
		if y%1000 >= 800 {
			continue
		}
		for x := 30; x < 90; x++ {
			if r.Float64() < share {
				binary.LittleEndian.PutUint32(data[4*(y*row+x):], math.Float32bits(float32(0.3*r.NormFloat64())))
			}
		}
	}
	return data
}

// BenchmarkMaps compresses 38 MB of maps on one CPU (-cpu 1), by this package and by the library whose bytes it writes.
func BenchmarkMaps(b *testing.B) {
	for name, share := range map[string]float64{"dense": 1, "sparse": 0.04} {
		data := aBrain(share)
		run := func(writer string, open func() io.WriteCloser) {
			b.Run(name+"/"+writer, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					w := open()
					if _, err := w.Write(data); err != nil {
						b.Fatal(err)
					}
					if err := w.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("ours", func() io.WriteCloser { return NewWriter(io.Discard, 1) })
		run("library", func() io.WriteCloser {
			w, err := pgzip.NewWriterLevel(io.Discard, 1)
			if err != nil {
				b.Fatal(err)
			}
			return w
		})
	}
}

package deflate_test

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"slices"
)

// noise writes n random bits, of which a share is 1. Many ones give long codes, since long codes begin with ones.
func (b *bits) noise(r *rand.Rand, n int, ones float64) *bits {
	for range n {
		bit := uint32(0)
		if r.Float64() < ones {
			bit = 1
		}
		b.put(bit, 1)
	}
	return b
}

// completeCode returns the lengths of a random complete code of n symbols, at most 15 and the shortest first. A steep
// code has a few short lengths and many long ones.
func completeCode(r *rand.Rand, n int, steep bool) []int {
	lengths := []int{1}
	for len(lengths) < n {
		if len(lengths) == 1 {
			lengths = []int{1, 1}
			continue
		}
		i := r.IntN(len(lengths))
		if steep {
			i = len(lengths) - 1 - r.IntN(min(3, len(lengths)))
		}
		if lengths[i] == 15 {
			i = 0
			for lengths[i] == 15 {
				i++
			}
		}
		longer := lengths[i] + 1
		lengths = append(lengths[:i], lengths[i+1:]...)
		at := len(lengths)
		for at > 0 && lengths[at-1] > longer {
			at--
		}
		lengths = append(lengths[:at], append([]int{longer, longer}, lengths[at:]...)...)
	}
	return lengths
}

// randomCode gives the lengths of a random code to some of the symbols below a number, the shortest lengths to the
// first symbols.
func randomCode(r *rand.Rand, below, used int, first ...int) map[int]int {
	code := map[int]int{}
	symbols := r.Perm(below)
	for i, symbol := range first {
		at := slices.Index(symbols, symbol)
		symbols[i], symbols[at] = symbols[at], symbols[i]
	}
	for i, length := range completeCode(r, used, r.IntN(2) == 0) {
		code[symbols[i]] = length
	}
	return code
}

// randomDynamic returns a dynamic block with random codes and random data, which always stand for some symbols. The end
// of the block has a long code, so that many symbols come before it. Half of the blocks have only short distances, 1 to
// 16. Half have many zeros and ones, because a pair of these looks like a distance in the table.
func randomDynamic(r *rand.Rand) []byte {
	const symbols, end = 286, 256
	litlens := randomCode(r, symbols, 2+r.IntN(symbols-1), [][]int{nil, {0, 1}}[r.IntN(2)]...)
	longest := 0
	for symbol, length := range litlens {
		if length > litlens[longest] || length == litlens[longest] && symbol < longest {
			longest = symbol
		}
	}
	litlens[longest], litlens[end] = litlens[end], litlens[longest]
	fars := []int{30, 8}[r.IntN(2)]
	distances := map[int]int{}
	if used := r.IntN(fars + 1); used > 0 {
		distances = randomCode(r, fars, used)
	}
	return new(bits).dynamic(litlens, symbols, distances, 30).noise(r, r.IntN(40_000), []float64{0.2, 0.5, 0.8, 0.95}[r.IntN(4)]).bytes
}

// randomFixed returns a fixed block of random data.
func randomFixed(r *rand.Rand) []byte {
	return new(bits).put(1, 1).put(1, 2).noise(r, r.IntN(2_000), 0.3+0.4*r.Float64()).bytes
}

// randomDeflated returns blocks of all kinds that the standard library makes of data with repeats at every distance.
// Some have a wrong bit.
func randomDeflated(r *rand.Rand) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.BestCompression}[r.IntN(4)])
	if err != nil {
		panic(err)
	}
	var data []byte
	for range 1 + r.IntN(20) {
		for range 1 + r.IntN(200) {
			data = append(data, byte(r.Uint32()))
		}
		distance := 1 + r.IntN(min(len(data), []int{15, 400, 32768}[r.IntN(3)]))
		for range r.IntN(1000) {
			data = append(data, data[len(data)-distance])
		}
	}
	for len(data) > 0 {
		n := min(len(data), 1+r.IntN(20_000))
		_, _ = w.Write(data[:n]) // to memory
		if r.IntN(3) == 0 {
			_ = w.Flush()
		}
		data = data[n:]
	}
	_ = w.Close()
	stream := b.Bytes()
	if r.IntN(3) == 0 {
		stream[r.IntN(len(stream))] ^= 1 << r.IntN(8)
	}
	return stream
}

// randomStream returns a stream of one of these kinds. One in five is cut off.
func randomStream(r *rand.Rand) []byte {
	stream := []func(*rand.Rand) []byte{randomDynamic, randomDynamic, randomFixed, randomDeflated}[r.IntN(4)](r)
	if r.IntN(5) == 0 {
		stream = stream[:r.IntN(len(stream))]
	}
	return stream
}

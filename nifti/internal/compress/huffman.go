package compress

import "math/bits"

const (
	literalCodes  = 286 // 256 literals, the end of a block, and 29 of lengths
	endOfBlock    = 256
	distanceCodes = 30
	lengthCodes   = 19 // codes of code lengths
	deepest       = 15
)

// A code has its length in the lowest byte, and its bits above that. The lowest of these is written first. 0 is no
// code.
type code uint32

func (c code) length() uint { return uint(uint8(c)) }
func (c code) bits() uint64 { return uint64(c >> 8) }

// A huffman makes codes from counts.
type huffman struct {
	codes   [literalCodes + 2]code
	sorted  [literalCodes + 1]uint32 // symbols, with their counts in the upper 16 bits
	scratch [literalCodes + 1]uint32
	lists   [2][2 * literalCodes]uint32
	leaves  [deepest + 1][2 * literalCodes]uint16 // how many of the first items of a level's list are symbols
}

// make makes the codes of up to limit bits with the smallest total length for the symbols that occur. If several sets
// of codes are equally short, it takes those of the package-merge algorithm (Larmore and Hirschberg 1990) that prefers
// packages to leaves.
func (h *huffman) make(counts []uint16, limit int) {
	n := 0
	for symbol, count := range counts {
		h.codes[symbol] = 0
		if count != 0 {
			h.sorted[n] = uint32(count)<<16 | uint32(symbol)
			n++
		}
	}
	if n <= 2 {
		for i, x := range h.sorted[:n] {
			h.codes[uint16(x)] = code(i<<8 | 1)
		}
		return
	}
	h.sort(n)
	depths := h.depths(n, min(limit, n-1))
	// The rarest symbols have the longest codes.
	var next [deepest + 1]uint16
	of, first := n, uint16(0)
	for length, count := range depths {
		if length > 0 {
			first = (first + depths[length-1]) << 1
			next[length] = first
		}
		for _, x := range h.sorted[of-int(count) : of] {
			h.codes[uint16(x)] = code(length)
		}
		of -= int(count)
	}
	for symbol := range counts {
		if length := h.codes[symbol] & deepest; length != 0 {
			h.codes[symbol] = code(bits.Reverse16(next[length])>>(16-length))<<8 | length
			next[length]++
		}
	}
}

// sort sorts the first n symbols by count. Symbols with equal counts stay in the order of their numbers.
func (h *huffman) sort(n int) {
	from, to, all := h.sorted[:n], h.scratch[:n], uint32(0)
	for _, x := range from {
		all |= x
	}
	for shift := 16; shift < 32; shift += 8 {
		if all>>shift == 0 { // no count has a higher digit
			break
		}
		var places [257]uint16
		for _, x := range from {
			places[int(uint8(x>>shift))+1]++
		}
		for i := 1; i < 256; i++ {
			places[i] += places[i-1]
		}
		for _, x := range from {
			digit := uint8(x >> shift)
			to[places[digit]] = x
			places[digit]++
		}
		from, to = to, from
	}
	if &from[0] != &h.sorted[0] {
		copy(h.sorted[:n], from)
	}
}

// depths returns how many of the n sorted symbols have codes of each length.
func (h *huffman) depths(n, limit int) [deepest + 1]uint16 {
	if depths, fits := h.treeDepths(n, limit); fits {
		return depths
	}
	return h.packageDepths(n, limit)
}

// treeDepths is Huffman's algorithm, with a queue of symbols and a queue of packages. The two rarest of both make a new
// package. A package goes before a symbol of the same count. The depths are those of the package-merge algorithm. fits
// is false if one of them exceeds the limit.
func (h *huffman) treeDepths(n, limit int) (depths [deepest + 1]uint16, fits bool) {
	const never = ^uint32(0)
	var weights [literalCodes + 2]uint32
	var in [literalCodes + 2]uint16 // the package that contains a package
	symbol, taken := 0, 0
	for made := range n - 1 {
		weights[made] = never // this package does not exist yet
		var sum uint32
		for range 2 {
			rarest := never
			if symbol < n {
				rarest = h.sorted[symbol] >> 16
			}
			if weights[taken] <= rarest {
				sum += weights[taken]
				in[taken] = uint16(made)
				taken++
			} else {
				sum += rarest
				symbol++
			}
		}
		weights[made] = sum
	}
	// Each package contains two packages or symbols of the level below.
	var packages [literalCodes + 2]uint16
	var depth [literalCodes + 2]uint16
	packages[0] = 1
	for p := n - 3; p >= 0; p-- {
		depth[p] = depth[in[p]] + 1
		packages[depth[p]]++
	}
	if int(depth[0]) >= limit {
		return depths, false
	}
	for level := 1; level <= int(depth[0])+1; level++ {
		depths[level] = 2*packages[level-1] - packages[level]
	}
	return depths, true
}

// packageDepths is the package-merge algorithm. It makes a list for each bit of the limit. A list has all symbols, and
// packages of two neighbours in the list before, in the order of their counts.
func (h *huffman) packageDepths(n, limit int) (depths [deepest + 1]uint16) {
	need := 2*n - 2
	below := h.lists[0][:n]
	for i, x := range h.sorted[:n] {
		below[i] = x >> 16
	}
	for level := 1; level < limit; level++ {
		below = h.merge(h.lists[level&1][:0], below, n, need, &h.leaves[level])
	}
	// The first need items of the last list are needed. Their packages need the first items of the list before, and so
	// on.
	var symbols [deepest + 1]uint16
	for level := limit - 1; level >= 0; level-- {
		leaf := min(need, n)
		if level > 0 {
			leaf = int(h.leaves[level][need])
		}
		symbols[level+1] = uint16(leaf)
		need = 2 * (need - leaf)
	}
	for length := 1; length <= limit; length++ {
		depths[length] = symbols[limit-length+1] - symbols[limit-length]
	}
	return depths
}

// merge appends symbols, and packages of two items of below, to list until it has need items. A package goes before a
// symbol of the same count. symbols gets, for each number of items, how many of them are symbols.
func (h *huffman) merge(list, below []uint32, n, need int, symbols *[2 * literalCodes]uint16) []uint32 {
	taken := 0
	for first := 0; len(list) < need; {
		more := first+1 < len(below)
		switch {
		case taken < n && !(more && below[first]+below[first+1] <= h.sorted[taken]>>16):
			list = append(list, h.sorted[taken]>>16)
			taken++
		case more:
			list = append(list, below[first]+below[first+1])
			first += 2
		default:
			return list
		}
		symbols[len(list)] = uint16(taken)
	}
	return list
}

package compress

import (
	"math/bits"
	"unsafe"
)

const (
	hashBits    = 15
	hashed      = 40           // bits of a hash's bytes
	hashPrime   = 889523592379 // a prime of so many bits
	farthest    = 1 << 15      // of a match; only one that follows another at once may be as far
	farAway     = -2 * farthest
	inputMargin = 11  // a match begins at least so many bytes before the end
	slowing     = 5   // each 32 bytes without a match make the steps a byte longer
	longest     = 258 // of a match as it is written
	shortest    = 3
	compared    = 256 // bytes at a time of long matches
)

// A sequence is some literals and a match that follows them. Its length may be that of several written ones.
type sequence struct {
	literals, length int32
	distance         int32
}

// A finder finds matches. Its table has where a hash was seen last.
type finder struct {
	table     [1 << hashBits]int32
	sequences []sequence
	literals  int // after the last sequence
}

// begin forgets all that was seen.
func (f *finder) begin() {
	for i := range f.table {
		f.table[i] = farAway
	}
}

func load64(data unsafe.Pointer, at int) uint64 { return *(*uint64)(unsafe.Add(data, at)) }
func load32(data unsafe.Pointer, at int) uint32 { return *(*uint32)(unsafe.Add(data, at)) }

func hash(bytes uint64) uint64 { return (bytes << (64 - hashed) * hashPrime) >> (64 - hashBits) }

// find finds the sequences of data from begin to its end; matches may reach into what is before.
func (f *finder) find(data []byte, begin int) {
	f.sequences = f.sequences[:0]
	src, end := unsafe.Pointer(unsafe.SliceData(data)), len(data)
	limit, emitted := end-inputMargin, begin // what is before emitted is in sequences
	table := &f.table
	at := begin
	current := load64(src, at)
	for {
		var next, found int
		for { // look at two neighbours in each step
			key := hash(current)
			found = int(table[key])
			next = at + 2 + (at-emitted)>>slowing
			if next > limit {
				f.literals = end - emitted
				return
			}
			ahead := load64(src, next)
			table[key] = int32(at)
			key = hash(ahead)
			if at-found < farthest && uint32(current) == load32(src, found) {
				table[key] = int32(next)
				break
			}
			current, at = ahead, next
			next++
			found = int(table[key])
			table[key] = int32(at)
			if at-found < farthest && uint32(current) == load32(src, found) {
				table[key] = int32(next)
				break
			}
			current, at = ahead>>8, next
		}
		for {
			length := 4 + matched(src, at+4, found+4, end)
			for found > 0 && at > emitted && *(*byte)(unsafe.Add(src, found-1)) == *(*byte)(unsafe.Add(src, at-1)) {
				at, found, length = at-1, found-1, length+1
			}
			f.sequences = append(f.sequences, sequence{int32(at - emitted), int32(length), int32(at - found)})
			at += length
			emitted = at
			at = max(at, next+1)
			if at >= limit {
				if at+length+8 < end {
					table[hash(load64(src, at))] = int32(at)
				}
				f.literals = end - emitted
				return
			}
			around := load64(src, at-2)
			table[hash(around)] = int32(at - 2)
			around >>= 16
			key := hash(around)
			found = int(table[key])
			table[key] = int32(at)
			if at-found > farthest || uint32(around) != load32(src, found) {
				current = around >> 8
				at++
				break
			}
		}
	}
}

// matched is how many bytes at a equal those at the earlier b, up to the end of data.
func matched(src unsafe.Pointer, a, b, end int) int {
	from := a
	for a+compared <= end && unsafe.String((*byte)(unsafe.Add(src, a)), compared) == unsafe.String((*byte)(unsafe.Add(src, b)), compared) {
		a, b = a+compared, b+compared
	}
	for a+8 <= end {
		if different := load64(src, a) ^ load64(src, b); different != 0 {
			return a - from + bits.TrailingZeros64(different)/8
		}
		a, b = a+8, b+8
	}
	for a < end && *(*byte)(unsafe.Add(src, a)) == *(*byte)(unsafe.Add(src, b)) {
		a, b = a+1, b+1
	}
	return a - from
}

// split is how a match is written: so many of the longest, one of 255 where the rest would be too short for a match otherwise,
// and the rest.
func split(length int) (full int, one bool, rest int) {
	if length > longest+shortest {
		full = (length - shortest - 1) / longest
		length -= full * longest
	}
	if length > longest {
		return full, true, length - (longest - shortest)
	}
	return full, false, length
}

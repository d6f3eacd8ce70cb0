package compress

import (
	"math/bits"
	"unsafe"
)

const (
	hashBits    = 15
	hashed      = 40           // bits of the data that are hashed: five bytes
	hashPrime   = 889523592379 // a prime of 40 bits
	farthest    = 1 << 15      // the distance of a match is below this, except right after another match
	farAway     = -2 * farthest
	inputMargin = 11  // a match begins at least this many bytes before the end
	slowing     = 5   // each 32 bytes without a match make the steps one byte longer
	longest     = 258 // the longest match that one code can have
	shortest    = 3
	compared    = 256 // bytes that are compared at a time in long matches
)

// A sequence is some literals and a match after them. A match longer than 258 bytes is written as several.
type sequence struct {
	literals, length int32
	distance         int32
}

// A finder finds matches. Its table has the place at which each hash was seen last.
type finder struct {
	table     [1 << hashBits]int32
	sequences []sequence
	after     int // literals after the last sequence
}

// begin clears the table.
func (f *finder) begin() {
	for i := range f.table {
		f.table[i] = farAway
	}
}

func load64(data unsafe.Pointer, at int) uint64 { return *(*uint64)(unsafe.Add(data, at)) }
func load32(data unsafe.Pointer, at int) uint32 { return *(*uint32)(unsafe.Add(data, at)) }

func hash(bytes uint64) uint64 { return (bytes << (64 - hashed) * hashPrime) >> (64 - hashBits) }

// find finds the sequences of data from begin to the end. Matches may reach back before begin.
func (f *finder) find(data []byte, begin int) {
	f.sequences = f.sequences[:0]
	src, end := unsafe.Pointer(unsafe.SliceData(data)), len(data)
	limit, emitted := end-inputMargin, begin // everything before emitted is in sequences
	table := &f.table
	at := begin
	current := load64(src, at)
	for {
		var next, found int
		for { // each step tries two neighbouring places
			key := hash(current)
			found = int(table[key])
			next = at + 2 + (at-emitted)>>slowing
			if next > limit {
				f.after = end - emitted
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
				f.after = end - emitted
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

// matched returns how many bytes from a on equal those from the earlier place b on, up to the end of data.
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

// split divides a match into those that are written: full matches of the longest length, one of 255 bytes if the rest
// would otherwise be too short, and the rest.
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

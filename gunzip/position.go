package gunzip

import (
	"encoding/binary"

	"github.com/voxfit/voxfit/gunzip/internal/deflate"
)

// A position is a place where decoding can begin: a bit at which a block begins, or a byte at which a member's header
// begins.
type position struct {
	bit    int64
	member bool
}

// lookAhead is how many bytes after a position are needed to tell if decoding can begin there: those of a stored block,
// and of the next block's header.
const lookAhead = 1<<16 + deflate.InputMargin

// A prober tells where decoding can begin. The end of a piece and the beginning of the next are found by the same
// rules, so that they meet.
type prober struct {
	decoder *deflate.Decoder
	data    []byte // has at least lookAhead bytes after the place that is asked about, or ends with the file
	base    int64  // offset in the file at which data begins
}

// block returns the position of a block that begins at a bit; false unless a search would find it. A search finds
// dynamic blocks that are not the last, and stored blocks before a dynamic or stored one. Some zero bits before a
// stored block may belong to it or not; its position is the last possible bit.
func (p prober) block(bit int64) (position, bool) {
	at := int(bit - 8*p.base)
	if at>>3 >= len(p.data) {
		return position{}, false
	}
	if header := binary.LittleEndian.Uint16(p.data[at>>3:at>>3+2:cap(p.data)]) >> (at & 7) & 7; header != 0 {
		return position{bit: bit}, p.decoder.Dynamic(p.data, at)
	}
	length := (at + 3 + 7) >> 3
	return position{bit: 8*(p.base+int64(length)) - 3}, p.storedBefore(length) && p.zeros(at, 8*length)
}

func (p prober) zeros(from, to int) bool {
	for ; from < to; from++ {
		if p.data[from>>3]>>(from&7)&1 != 0 {
			return false
		}
	}
	return true
}

// storedLength returns the length at a byte, and false unless its complement follows.
func (p prober) storedLength(at int) (int, bool) {
	if at+4 > len(p.data) {
		return 0, false
	}
	both := binary.LittleEndian.Uint32(p.data[at:])
	return int(both & 0xffff), both>>16^both&0xffff == 0xffff
}

// storedBefore says whether a stored block that a search finds has its length at this byte.
func (p prober) storedBefore(at int) bool {
	length, ok := p.storedLength(at)
	if !ok || at == 0 || p.data[at-1]>>5 != 0 {
		return false
	}
	next := at + 4 + length
	if next >= len(p.data) {
		return false
	}
	if p.data[next]>>1&3 == 0 {
		_, ok := p.storedLength(next + 1)
		return ok && p.data[next]>>3 == 0
	}
	return p.decoder.LastOrDynamic(p.data, 8*next)
}

// memberAt tells whether a member's header begins at a byte, and a block after it.
func (p prober) memberAt(at int) bool {
	if at+leastHeader > len(p.data) || p.data[at] != 0x1f || p.data[at+1] != 0x8b {
		return false
	}
	length, err := headerLength(p.data[at:min(len(p.data), at+1<<16)])
	if err != nil || at+length >= len(p.data) {
		return false
	}
	at += length
	switch p.data[at] >> 1 & 3 {
	case 0:
		_, ok := p.storedLength(at + 1)
		return ok
	case 1:
		return true
	}
	return p.decoder.LastOrDynamic(p.data, 8*at)
}

// searchStep is how many bytes are searched for one kind of position before they are searched for the next kind.
const searchStep = 16 << 10

// search returns the first position in [from, to), in bits of the file.
func (p prober) search(from, to int64) (position, bool) {
	for ; from < to; from += 8 * searchStep {
		end := min(to, from+8*searchStep)
		if block := p.decoder.FindDynamic(p.data, int(from-8*p.base), min(int(end-8*p.base), 8*len(p.data))); block >= 0 {
			end = 8*p.base + int64(block)
		}
		if found, ok := p.searchBytes(from, end); ok {
			return found, true
		}
		if end < min(to, from+8*searchStep) {
			return position{bit: end}, true
		}
	}
	return position{}, false
}

// searchBytes returns the first position of a stored block or a member. Both begin at whole bytes, or three bits before
// one.
func (p prober) searchBytes(from, to int64) (position, bool) {
	last := min(int((to-8*p.base+3+7)/8), len(p.data)-4)
	for at := int((from - 8*p.base + 7) / 8); at < last; at++ {
		next := binary.LittleEndian.Uint32(p.data[at:])
		if next>>16^next&0xffff != 0xffff && next&0xffffff != 0x088b1f {
			continue
		}
		if bit := 8*(p.base+int64(at)) - 3; bit >= from && bit < to && p.storedBefore(at) {
			return position{bit: bit}, true
		}
		if bit := 8 * (p.base + int64(at)); bit < to && p.memberAt(at) {
			return position{bit: bit, member: true}, true
		}
	}
	return position{}, false
}

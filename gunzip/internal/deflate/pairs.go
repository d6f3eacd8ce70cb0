package deflate

// pairLiterals joins the entry of a literal with that of the next symbol, another literal or a length, where both codes
// fit into the table's index. sorted are the symbols in the order of their codes.
//
// What an entry gains depends on its literal only through the length of its code. It is therefore computed once for all
// literals with codes of one length.
func pairLiterals(table *[litlenEntries]entry, sorted []uint16, counts *[maxCodeBits + 1]uint16) {
	if len(sorted) < 2 {
		return
	}
	var single [1 << (litlenBits - 1)]entry // what follows a code of at least one bit
	copy(single[:], table[:])
	var added [1 << (litlenBits - 1)]entry
	least := 1
	for counts[least] == 0 {
		least++
	}
	code := uint32(0)
	for length := 1; length+least <= litlenBits; length++ {
		n := int(counts[length])
		if n == 0 {
			continue
		}
		follow := added[:1<<(litlenBits-length)]
		for x := range follow {
			follow[x] = joined(single[x], litlenBits-length)
		}
		for _, symbol := range sorted[:n] {
			if symbol < endSymbol {
				at := code
				for _, more := range follow {
					table[at&(1<<litlenBits-1)] += more
					at += 1 << length
				}
			}
			code = following(code, length)
		}
		sorted = sorted[n:]
	}
}

// joined returns what the entry of a literal gains from the next entry, if room bits hold the code of that.
func joined(next entry, room int) entry {
	if next&isSpecial != 0 || int(next>>8&63) > room {
		return 0
	}
	// The index bits become those of the next entry.
	gain := next&^noLiterals - litlenBits<<indexShift
	if next&isMatch == 0 { // its literal goes into the second place
		gain += next&(0xff<<valueShift)<<8 - 0xff<<(valueShift+8)
	}
	return gain
}

package compress

const (
	blockBytes  = 1<<16 - 1 // of data: a block without codes may have no more
	fewTokens   = 250       // blocks of fewer tokens may take the fixed codes
	newCodesLog = 7         // new codes count as a 128th longer than the estimate
	smallest    = 128       // shorter data at the end of a part are not searched for matches
	tiny        = 32        // up to so many bytes at the end of a part are stored without codes
	storedHead  = 5 * 8     // bits of the head of a block without codes, with up to 7 bits of padding
	guessedHead = 70 * 8    // a guess of the bits of the head of a block of literals alone
)

// An encoder compresses one part.
type encoder struct {
	finder
	writer
	counts
	literals, tried, distances huffman
	// head is the number of bits of the last block's head, if that block is still open: the next data may continue it
	// with the same codes. It is 0 if no block is open. literalsAlone says that the codes of the open block are for
	// literals alone.
	head          int
	literalsAlone bool
	lengths       codeLengths
}

// compress compresses data from begin on. The last part ends the stream.
func (e *encoder) compress(data []byte, begin int, last bool) {
	e.writer.begin()
	e.finder.begin()
	e.head, e.literalsAlone = 0, false
	if begin > 0 {
		e.find(data[:begin], 0)
	}
	for at := begin; at < len(data); at += blockBytes {
		end := min(at+blockBytes, len(data))
		e.block(data[:end], at, end == len(data))
	}
	e.stored(nil) // an empty block without codes fills the last byte
	if last {
		e.put(3, 3) // the last block, of fixed codes
		e.put(0, 7) // its end
		e.align()
	}
}

// block writes a block of the data from begin on. The last block of a part is closed.
func (e *encoder) block(data []byte, begin int, last bool) {
	bytes := data[begin:]
	switch {
	case len(bytes) <= tiny && last:
		e.stored(bytes)
		return
	case len(bytes) < smallest && last:
		e.literalBlock(bytes, last)
		return
	}
	e.find(data, begin)
	tokens := e.tokens()
	switch {
	case len(e.sequences) == 0:
		e.stored(bytes)
	case tokens > len(bytes)-len(bytes)>>4:
		e.literalBlock(bytes, last)
	default:
		e.matchBlock(bytes, tokens, last)
	}
}

// endOpen closes the open block, if there is one.
func (e *encoder) endOpen() {
	if e.head > 0 {
		e.putCode(e.literals.codes[endOfBlock])
		e.head = 0
	}
}

// stored writes bytes as a block without codes.
func (e *encoder) stored(bytes []byte) {
	e.endOpen()
	e.put(0, 3)
	e.align()
	e.put(uint64(len(bytes))|uint64(^uint16(len(bytes)))<<16, 32)
	e.copy(bytes)
}

// literalBlock writes bytes as literals alone, or without codes if that is shorter.
func (e *encoder) literalBlock(bytes []byte, last bool) {
	e.clear()
	e.countBytes(bytes)
	e.gather()
	if len(bytes) > 1024 && e.even(len(bytes)) {
		e.stored(bytes)
		return
	}
	e.ofLiterals[endOfBlock] = 1
	e.tried.make(e.ofLiterals[:endOfBlock+1], deepest)
	estimate := codesBits(&e.tried.codes, e.ofLiterals[:endOfBlock+1]) + e.head
	if e.head == 0 {
		estimate += guessedHead
	}
	estimate += estimate >> newCodesLog
	if 8*len(bytes)+storedHead <= estimate {
		e.stored(bytes)
		return
	}
	if e.head > 0 && (!holds(&e.literals.codes, e.ofLiterals[:endOfBlock]) || estimate < codesBits(&e.literals.codes, e.ofLiterals[:endOfBlock])) {
		e.endOpen()
	}
	if e.head == 0 {
		e.literals.codes = e.tried.codes
		e.lengths.describe(&e.literals.codes, endOfBlock+1, &onlyDistance, 1)
		e.putHead(&e.lengths)
		e.head, e.literalsAlone = e.lengths.size(), true
	}
	e.putLiterals(bytes, &e.literals.codes)
	if last {
		e.endOpen()
	}
}

// matchBlock writes a block of sequences, in the shortest way.
func (e *encoder) matchBlock(bytes []byte, tokens int, last bool) {
	e.countAll(bytes, e.sequences, e.after)
	if last {
		tokens++
		e.ofLiterals[endOfBlock]++
	}
	if e.literalsAlone || !e.reusable() {
		e.endOpen()
	}
	symbols, distances := e.ready()
	extra, plain := e.extraBits(), 8*len(bytes)+storedHead
	if e.head > 0 {
		size := e.reusedSize(tokens, extra)
		if tokens < fewTokens && e.fixedSize(extra)+7 < size {
			e.plainOrFixed(bytes, plain <= size)
			return
		}
		if plain <= size {
			e.stored(bytes)
			return
		}
	}
	if e.head == 0 {
		e.literals.make(e.ofLiterals[:literalCodes], deepest)
		e.distances.make(e.ofDistances[:], deepest)
		e.lengths.describe(&e.literals.codes, symbols, &e.distances.codes, distances)
		size := e.lengths.size() + codesBits(&e.literals.codes, e.ofLiterals[:literalCodes]) + codesBits(&e.distances.codes, e.ofDistances[:]) + extra
		if fixed := e.fixedSize(extra); tokens < fewTokens && fixed <= size {
			e.plainOrFixed(bytes, plain <= fixed)
			return
		}
		if plain <= size {
			e.stored(bytes)
			return
		}
		e.putHead(&e.lengths)
		e.head, e.literalsAlone = e.lengths.size(), false
	}
	e.putSequences(bytes, e.sequences, &e.literals.codes, &e.distances.codes)
	if last {
		e.endOpen()
	}
}

// reusable says whether the open block has codes for all symbols.
func (e *encoder) reusable() bool {
	return holds(&e.literals.codes, e.ofLiterals[:literalCodes]) && holds(&e.distances.codes, e.ofDistances[:])
}

// reusedSize returns the number of bits of the sequences with the codes of the open block. If new codes should be
// shorter, it closes that block and returns the estimate for new codes.
func (e *encoder) reusedSize(tokens, extra int) int {
	estimate := e.head + e.estimate(tokens)
	estimate += int(e.literals.codes[endOfBlock].length()) + estimate>>newCodesLog
	reused := codesBits(&e.literals.codes, e.ofLiterals[:literalCodes]) + codesBits(&e.distances.codes, e.ofDistances[:]) + extra
	if estimate < reused {
		e.endOpen()
		return estimate
	}
	return reused
}

func (e *encoder) fixedSize(extra int) int {
	return 3 + codesBits(&fixedLiterals, e.ofLiterals[:literalCodes]) + codesBits(&fixedDistances, e.ofDistances[:]) + extra
}

// plainOrFixed writes the bytes without codes, or the sequences with fixed codes.
func (e *encoder) plainOrFixed(bytes []byte, plain bool) {
	if plain {
		e.stored(bytes)
		return
	}
	e.endOpen()
	e.put(2, 3)
	e.putSequences(bytes, e.sequences, &fixedLiterals, &fixedDistances)
	e.putCode(fixedLiterals[endOfBlock])
}

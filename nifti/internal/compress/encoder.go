package compress

const (
	blockBytes  = 1<<16 - 1 // of data: the most that a block without codes may have
	fewTokens   = 250       // blocks of fewer may take the fixed codes
	newCodesLog = 7         // new codes are thought to take a 128th more than the estimate says
	smallest    = 128       // bytes of data of which matches are looked for at the end of a part
	tiny        = 32        // as many are stored as they are
	storedHead  = 5 * 8     // bits of the head of a block without codes, with up to 7 bits to the next byte
	guessedHead = 70 * 8    // bits of the head of a block of literals alone
)

// An encoder compresses one part.
type encoder struct {
	finder
	writer
	counts
	literals, tried, distances huffman
	// head is the bits of the head of the last block, where that goes on: the next block may go on with its codes. 0 is no
	// such block. literalsAlone says that its codes are for literals alone.
	head          int
	literalsAlone bool
	lengths       codeLengths
}

// compress compresses data from begin on. A part that is the last ends the stream.
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
	e.stored(nil) // which brings what was written to a whole byte
	if last {
		e.put(3, 3) // the last block, of fixed codes
		e.put(0, 7) // its end
		e.align()
	}
}

// block writes a block of the data from begin on. After the last one of a part no code is kept.
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

// endOpen ends the block that goes on, if there is one.
func (e *encoder) endOpen() {
	if e.head > 0 {
		e.putCode(e.literals.codes[endOfBlock])
		e.head = 0
	}
}

// stored writes a block of bytes as they are.
func (e *encoder) stored(bytes []byte) {
	e.endOpen()
	e.put(0, 3)
	e.align()
	e.put(uint64(len(bytes))|uint64(^uint16(len(bytes)))<<16, 32)
	e.copy(bytes)
}

// literalBlock writes a block of literals alone, if that is shorter than the bytes.
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
		e.literalsAlone = false
	}
}

// matchBlock writes a block of sequences, in the shortest way.
func (e *encoder) matchBlock(bytes []byte, tokens int, last bool) {
	e.countAll(bytes, e.sequences, e.finder.literals)
	if last {
		tokens++
		e.ofLiterals[endOfBlock]++
	}
	if e.literalsAlone || !e.reusable() {
		if e.head > 0 {
			e.endOpen()
			e.literalsAlone = false
		}
	}
	symbols, distances := e.ready()
	extra, plain := e.extraBits(), 8*len(bytes)+storedHead
	if e.head > 0 {
		size := e.reusedSize(tokens, last, extra)
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

// reusable tells whether the codes of the block that goes on are enough.
func (e *encoder) reusable() bool {
	return holds(&e.literals.codes, e.ofLiterals[:literalCodes]) && holds(&e.distances.codes, e.ofDistances[:])
}

// reusedSize is the bits of the sequences with the codes of the block that goes on. Where new codes should be better, it ends
// that block, and returns what these were thought to take.
func (e *encoder) reusedSize(tokens int, last bool, extra int) int {
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

// plainOrFixed writes the bytes as they are, or the sequences in fixed codes.
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

package main

// A pair is 32 bytes in two vector registers: four numbers in double precision, eight in single. It takes the place of
// a register of 256 bits on amd64, so that memory looks the same on both.
type pair [2]vec

// An operand is a pair, or one register that is used with both halves of the other operands.
type operand interface{ half(i int) vec }

func (r vec) half(int) vec    { return r }
func (r pair) half(i int) vec { return r[i] }

// pairOf is the i-th of the sixteen pairs.
func pairOf(i int) pair { return pair{vec(2 * i), vec(2*i + 1)} }

func pairs(first, n int) []pair {
	list := make([]pair, n)
	for i := range list {
		list[i] = pairOf(first + i)
	}
	return list
}

func vecs(first, n int) []vec {
	list := make([]vec, n)
	for i := range list {
		list[i] = vec(first + i)
	}
	return list
}

// pairBytes is the size of a pair.
const pairBytes = 32

// each visits the registers of an operand: one or two.
func each(d operand, visit func(i int)) {
	visit(0)
	if _, both := d.(pair); both {
		visit(1)
	}
}

// three writes an instruction as a word that has a result and two operands.
func (p *program) three(name string, d, n, m operand) {
	each(d, func(i int) { p.encoded(name, d.half(i), n.half(i), m.half(i), 0) })
}

// two writes an instruction as a word that has a result and one operand.
func (p *program) two(name string, d, n operand) {
	each(d, func(i int) { p.encoded(name, d.half(i), n.half(i), 0, 0) })
}

// byElement writes an instruction as a word whose second operand is an element of a register, the same for all lanes.
func (p *program) byElement(name string, d, n operand, m vec, index int) {
	each(d, func(i int) { p.encoded(name, d.half(i), n.half(i), m, index) })
}

// These write arithmetic in the program's format, such as d = n + m.
func (p *program) fadd(d, n, m operand)  { p.three("fadd"+p.format.vectors, d, n, m) }
func (p *program) fsub(d, n, m operand)  { p.three("fsub"+p.format.vectors, d, n, m) }
func (p *program) fmul(d, n, m operand)  { p.three("fmul"+p.format.vectors, d, n, m) }
func (p *program) fdiv(d, n, m operand)  { p.three("fdiv"+p.format.vectors, d, n, m) }
func (p *program) fmax(d, n, m operand)  { p.three("fmax"+p.format.vectors, d, n, m) } // NaN where either is
func (p *program) fmin(d, n, m operand)  { p.three("fmin"+p.format.vectors, d, n, m) }
func (p *program) fcmgt(d, n, m operand) { p.three("fcmgt"+p.format.vectors, d, n, m) }
func (p *program) fabs(d, n operand)     { p.two("fabs"+p.format.vectors, d, n) }
func (p *program) fneg(d, n operand)     { p.two("fneg"+p.format.vectors, d, n) }
func (p *program) fsqrt(d, n operand)    { p.two("fsqrt"+p.format.vectors, d, n) }

// fma computes d += n m, and fms d -= n m, in one rounding.
func (p *program) fma(d, n, m operand) { p.known("VFMLA", d, n, m) }
func (p *program) fms(d, n, m operand) { p.known("VFMLS", d, n, m) }

// known writes an instruction in the program's format that Go's assembler knows.
func (p *program) known(operation string, d, n, m operand) {
	lanes := p.format.assembler
	each(d, func(i int) {
		p.ins("%s %v.%s, %v.%s, %v.%s", operation, m.half(i), lanes, n.half(i), lanes, d.half(i), lanes)
	})
}

// fmaElement computes d += n m[index], fmsElement d -= n m[index], and fmulElement d = n m[index].
func (p *program) fmaElement(d, n operand, m vec, index int) {
	p.byElement("fmla"+p.format.vectors+"Element", d, n, m, index)
}

func (p *program) fmsElement(d, n operand, m vec, index int) {
	p.byElement("fmls"+p.format.vectors+"Element", d, n, m, index)
}

func (p *program) fmulElement(d, n operand, m vec, index int) {
	p.byElement("fmul"+p.format.vectors+"Element", d, n, m, index)
}

// in runs body with another format.
func (p *program) in(f format, body func()) {
	before := p.format
	p.format = f
	body()
	p.format = before
}

// bits writes an operation on all bits of registers.
func (p *program) bits(operation string, d, n, m operand) {
	each(d, func(i int) { p.ins("%s %v.B16, %v.B16, %v.B16", operation, m.half(i), n.half(i), d.half(i)) })
}

func (p *program) and(d, n, m operand) { p.bits("VAND", d, n, m) }
func (p *program) or(d, n, m operand)  { p.bits("VORR", d, n, m) }
func (p *program) xor(d, n, m operand) { p.bits("VEOR", d, n, m) }

// insert replaces the bits of d that are set in mask by those of n.
func (p *program) insert(d, n, mask operand) { p.bits("VBIT", d, n, mask) }

// choose replaces the bits of a mask: by those of n where it is set, and by those of m elsewhere.
func (p *program) choose(mask, n, m operand) { p.bits("VBSL", mask, n, m) }

func (p *program) zero(list ...operand) {
	for _, d := range list {
		p.xor(d, d, d)
	}
}

func (p *program) copy(d, n operand) {
	each(d, func(i int) { p.ins("VMOV %v.B16, %v.B16", n.half(i), d.half(i)) })
}

// loadPair and storePair move a pair from and to the bytes at an offset from a pointer. loadNext and storeNext move it
// from and to the pointer itself, and then move the pointer on.
func (p *program) loadPair(d pair, pointer gp, offset int) {
	p.ins("FLDPQ %d(%v), (%s, %s)", offset, pointer, d[0].scalar(), d[1].scalar())
}

func (p *program) storePair(d pair, pointer gp, offset int) {
	p.ins("FSTPQ (%s, %s), %d(%v)", d[0].scalar(), d[1].scalar(), offset, pointer)
}

func (p *program) loadNext(d pair, pointer gp, bytes int) {
	p.ins("FLDPQ.P %d(%v), (%s, %s)", bytes, pointer, d[0].scalar(), d[1].scalar())
}

func (p *program) storeNext(d pair, pointer gp, bytes int) {
	p.ins("FSTPQ.P (%s, %s), %d(%v)", d[0].scalar(), d[1].scalar(), bytes, pointer)
}

// loadVec moves 16 bytes.
func (p *program) loadVec(d vec, pointer gp, offset int) {
	p.ins("FMOVQ %d(%v), %s", offset, pointer, d.scalar())
}

// loadNumbers loads n numbers of the program's format into registers, from the first on. It moves the pointer on.
func (p *program) loadNumbers(first vec, pointer gp, n int) {
	bytes := n * p.format.bytes
	for ; bytes >= pairBytes; bytes -= pairBytes {
		p.loadNext(pair{first, first + 1}, pointer, pairBytes)
		first += 2
	}
	for i, move := range []string{"FMOVQ", "FMOVD", "FMOVS"} {
		if part := 16 >> i; bytes&part != 0 {
			p.ins("%s.P %d(%v), %s", move, part, pointer, first.scalar())
			first++
		}
	}
}

// fill puts a constant in all lanes.
func (p *program) fill(d operand, v float64)       { p.fillBits(d, p.constant(v)) }
func (p *program) fillPattern(d operand, v uint64) { p.fillBits(d, p.pattern(v)) }
func (p *program) fillBits(d operand, constant int) {
	if both, ok := d.(pair); ok {
		p.loadPair(both, p.base, constant)
		return
	}
	p.loadVec(d.half(0), p.base, constant)
}

// broadcast puts a parameter in all lanes.
func (p *program) broadcast(d vec, parameter string) {
	p.scratch(func() {
		r := p.load(parameter)
		p.ins("VDUP %v, %v.D2", r, d)
	})
}

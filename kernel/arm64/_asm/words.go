package main

// words writes a function for each encoding, so that a test can see what each instruction does by itself. The function
// works on registers 5, 17 and 30, and on the last element.
func words(p *program) {
	p.stubs.WriteString("\n// Instructions has each encoding of _asm/encodings.go as a function of its operands. An instruction that adds to its\n// result finds in d what is added to.\nvar Instructions = []Instruction{\n")
	for _, e := range encodings {
		_, instruction := e.with(5, 17, 30, e.last())
		p.stubs.WriteString("\t{\"" + instruction + "\", " + e.name + suffix + "},\n")
	}
	p.stubs.WriteString("}\n")
	for _, e := range encodings {
		_, instruction := e.with(5, 17, 30, e.last())
		p.function(e.name, "d, n, m *[16]byte", "is "+instruction+".")
		d, n, m := p.load("d"), p.load("n"), p.load("m")
		p.loadVec(5, d, 0)
		p.loadVec(17, n, 0)
		p.loadVec(30, m, 0)
		p.encoded(e.name, 5, 17, 30, e.last())
		p.ins("FMOVQ F5, (%v)", d)
		p.end()
	}
}

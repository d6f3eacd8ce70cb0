package main

// words writes a function for each encoding, so that a test can see what each instruction does by itself: of
// registers 5, 17 and 30, and of the last element.
func words(p *program) {
	p.stubs.WriteString("\n// Instructions are the encodings of _asm/encodings.go, each as a function of its operands. The result is what\n// was in it before where an instruction adds to it.\nvar Instructions = []Instruction{\n")
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

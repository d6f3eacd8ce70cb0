package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// suffix ends the names of functions, like the name of a set on amd64.
const suffix = "NEON"

// program is a file of assembly and the Go declarations of its functions, while it is written.
type program struct {
	text, stubs strings.Builder
	labels      int
	format      format // of the numbers that arithmetic is on

	// These are about the function that is being written.
	name       string
	doc        []string
	body       strings.Builder
	parameters map[string]string // operands
	size       int               // of parameters and results
	registers  int               // general registers that are taken
	constants  []uint64          // numbers that it has in memory
	base       gp                // the register that points to them
}

// gp is a general register, vec a vector register.
type (
	gp  int
	vec int
)

// register returns the i-th general register that a function may change. R18 belongs to the platform, and R26 to R29 to
// the assembler and Go.
func register(i int) gp {
	if i >= 18 {
		i++
	}
	if i > 25 {
		panic("no general register is left")
	}
	return gp(i)
}

func (r gp) String() string  { return fmt.Sprintf("R%d", int(r)) }
func (r vec) String() string { return fmt.Sprintf("V%d", int(r)) }

// scalar is the name of a vector register in moves from and to memory.
func (r vec) scalar() string { return fmt.Sprintf("F%d", int(r)) }

// function begins a function on pairs, with the given parameters and results, as in Go. doc is its comment, without the
// name with which the comment begins. Words in braces stand for sizes.
func (p *program) function(name, signature string, doc ...string) {
	p.begin(name, signature, pairBytes/p.format.bytes, doc)
}

// begin does so for a function on a number of voxels that is given.
func (p *program) begin(name, signature string, lanes int, doc []string) {
	p.name, p.registers, p.constants, p.size = name+suffix, 0, nil, 0
	sizes := strings.NewReplacer("{lanes}", strconv.Itoa(lanes), "{panel}", strconv.Itoa(csdPanel), "{tile}", strconv.Itoa(csdTile))
	p.doc = wrapped(p.name + " " + sizes.Replace(strings.Join(doc, " ")))
	p.parameters = map[string]string{}
	p.body.Reset()
	p.base = p.reg() // the first register
	p.stubs.WriteString("\n// " + strings.Join(p.doc, "\n// ") + "\n//\n//go:noescape\nfunc " + p.name + "(" + signature + ")\n")
	parameters, results, _ := strings.Cut(signature, ") (")
	p.place(parameters)
	p.size = (p.size + 7) / 8 * 8
	p.place(results)
}

// wrapped breaks a comment into lines. With the slashes, they have at most 120 columns.
func wrapped(text string) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > 117 {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// place finds the operands of parameters and results.
func (p *program) place(list string) {
	if list == "" {
		return
	}
	fields := strings.Split(list, ", ")
	kind := ""
	kinds := make([]string, len(fields))
	for i := len(fields) - 1; i >= 0; i-- { // a type counts for all names before it
		if name, t, typed := strings.Cut(fields[i], " "); typed {
			fields[i], kind = name, t
		}
		kinds[i] = kind
	}
	for i, name := range fields {
		size := 8
		if kinds[i] == "float32" {
			size = 4
		}
		p.size = (p.size + size - 1) / size * size
		p.parameters[name] = fmt.Sprintf("%s+%d(FP)", name, p.size)
		p.size += size
	}
}

// end returns from the function, and adds its text to the file.
func (p *program) end() {
	p.ins("RET")
	if len(p.constants) > 0 {
		name := "constants_" + p.name
		p.text.WriteString("\n")
		for i, bits := range p.constants {
			for k := range 4 {
				fmt.Fprintf(&p.text, "DATA %s<>+%d(SB)/8, $0x%016x\n", name, 32*i+8*k, bits)
			}
		}
		fmt.Fprintf(&p.text, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", name, 32*len(p.constants))
	}
	p.text.WriteString("\n")
	for _, line := range p.doc {
		p.text.WriteString("// " + line + "\n")
	}
	fmt.Fprintf(&p.text, "TEXT ·%s(SB), NOSPLIT, $0-%d\n", p.name, p.size)
	if len(p.constants) > 0 {
		fmt.Fprintf(&p.text, "\tMOVD $constants_%s<>(SB), %v\n", p.name, p.base)
	}
	p.text.WriteString(p.body.String())
}

// ins writes an instruction that Go's assembler knows.
func (p *program) ins(format string, operands ...any) {
	fmt.Fprintf(&p.body, "\t"+format+"\n", operands...)
}

// comment writes a line about what follows.
func (p *program) comment(text string) { p.ins("// %s", text) }

// holds writes which registers hold what in the function at work. #3 stands for pair 3. Three spaces stand between what
// registers hold, and a long line is broken there.
func (p *program) holds(registers ...string) {
	for _, line := range registers {
		line = pairNumbers.ReplaceAllStringFunc(line, func(numbers string) string {
			first, last, _ := strings.Cut(strings.ReplaceAll(numbers, "#", ""), "-")
			i, _ := strconv.Atoi(first)
			k, err := strconv.Atoi(last)
			if err != nil {
				k = i
			}
			return pairOf(i)[0].String() + "-" + pairOf(k)[1].String()
		})
		for len(line) > 117 {
			end := strings.LastIndex(line[:117], "   ")
			p.comment(line[:end])
			line = line[end+3:]
		}
		p.comment(line)
	}
}

var pairNumbers = regexp.MustCompile(`#\d+(-#\d+)?`)

// encoded writes an instruction as a word, from the table of encodings.
func (p *program) encoded(name string, d, n, m vec, index int) {
	word, instruction := find(name).with(d, n, m, index)
	p.ins("WORD $0x%08x // %s", word, instruction)
}

// reg takes a general register that is free.
func (p *program) reg() gp {
	r := register(p.registers)
	p.registers++
	return r
}

// load puts a parameter in a register of its own.
func (p *program) load(name string) gp {
	r := p.reg()
	p.reload(name, r)
	return r
}

func (p *program) reload(name string, r gp) {
	operand, ok := p.parameters[name]
	if !ok {
		panic(p.name + " has no parameter " + name)
	}
	p.ins("MOVD %s, %v", operand, r)
}

// result writes a register to a result.
func (p *program) result(name string, r gp) { p.ins("MOVD %v, %s", r, p.parameters[name]) }

func (p *program) move(from, to gp) { p.ins("MOVD %v, %v", from, to) }

func (p *program) copied(from gp) gp {
	r := p.reg()
	p.move(from, r)
	return r
}

// advance adds a number to registers.
func (p *program) advance(bytes int, registers ...gp) {
	for _, r := range registers {
		p.ins("ADD $%d, %v", bytes, r)
	}
}

// times multiplies a register by a number, with a spare one.
func (p *program) times(n int, r, spare gp) {
	p.ins("MOVD $%d, %v", n, spare)
	p.ins("MUL %v, %v", spare, r)
}

// label makes a name that no other place has.
func (p *program) label(name string) string {
	p.labels++
	return fmt.Sprintf("%s%d", name, p.labels)
}

func (p *program) at(label string) { fmt.Fprintf(&p.body, "%s:\n", label) }

// repeat writes a loop that counts a register down to zero. The loop has no turns where the register is not positive at
// first.
func (p *program) repeat(name string, counter gp, body func()) {
	again, done := p.label(name), p.label("after_"+name)
	p.ins("CMP $0, %v", counter)
	p.ins("BLE %s", done)
	p.at(again)
	body()
	p.ins("SUB $1, %v", counter)
	p.ins("CBNZ %v, %s", counter, again)
	p.at(done)
}

// scratch runs body, and then frees the registers that body has taken.
func (p *program) scratch(body func()) {
	taken := p.registers
	body()
	p.registers = taken
}

// constant is the offset, from the function's base, of a number that is there for every lane of a pair.
func (p *program) constant(v float64) int { return p.pattern(p.format.bits(v)) }

// pattern is the offset of 64 bits that are there four times.
func (p *program) pattern(bits uint64) int {
	for i, known := range p.constants {
		if known == bits {
			return 32 * i
		}
	}
	p.constants = append(p.constants, bits)
	return 32 * (len(p.constants) - 1)
}

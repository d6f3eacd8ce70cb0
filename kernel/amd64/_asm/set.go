package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// A set is an instruction set, as the generators of all models see it. What they write follows from this description
// and from the sizes of blocks that the type vectors adds to it.
type set struct {
	name      string // the names of its functions end with it
	bytes     int    // of a vector register
	registers []reg.VecPhysical
	evex      bool // instructions can have masks, and can take one number in memory for all lanes
}

var (
	avx512 = set{name: "AVX512", bytes: 64, evex: true, registers: []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}}
	avx2 = set{name: "AVX2", bytes: 32, registers: []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
	}}
)

// is512 says whether registers have 512 bits. Moves across lanes are then other instructions.
func (s set) is512() bool { return s.bytes == 64 }

// function begins a function. doc is its comment, without the name with which the comment begins. In the assembly, where
// the name stands above it, the comment begins with "It". The declaration in Go has structures of package ops as
// parameters. In the generator they are pointers to the numbers in them.
func (s set) function(name, signature string, doc ...string) {
	name += s.name
	numbers := singleStructure.ReplaceAllString(signature, "*float32")
	numbers = structure.ReplaceAllString(numbers, "*float64")
	TEXT(name, NOSPLIT, "func("+numbers+")")
	Pragma("noescape")
	comment := strings.Join(doc, " ")
	Doc(wrapped(name + " " + comment)...)
	Comment(wrapped("It " + comment)...)
	declarations[name] = signature
}

// holds writes which registers hold what in the function at work. #3 stands for vector register 3 of the set. A line
// that begins with a number of registers is for the sets that have so many.
func (s set) holds(registers ...string) {
	letter := "Y"
	if s.is512() {
		letter = "Z"
	}
	var lines []string
	for _, line := range registers {
		number, rest, conditional := strings.Cut(line, " registers: ")
		if conditional && number != strconv.Itoa(len(s.registers)) {
			continue
		}
		if conditional {
			line = rest
		}
		lines = append(lines, strings.ReplaceAll(line, "#", letter))
	}
	Comment(lines...)
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

var (
	singleStructure = regexp.MustCompile(`\*ops\.\w+Single\b`)
	structure       = regexp.MustCompile(`\*ops\.\w+`)
)

// declarations are the parameters and results of functions in Go, by the names of the functions.
var declarations = map[string]string{}

// declare completes the declarations that avo has written. avo knows no packages, so declare puts the structures of
// package ops in.
func declare(path string) error {
	written, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(written)
	for name, signature := range declarations {
		if structure.MatchString(signature) {
			declaration := regexp.MustCompile(`(?m)^func ` + name + `\(.*$`)
			text = declaration.ReplaceAllLiteralString(text, "func "+name+"("+signature+")")
		}
	}
	if structure.MatchString(text) {
		text = strings.Replace(text, "\npackage amd64\n", "\npackage amd64\n\nimport \"github.com/voxfit/voxfit/kernel/internal/ops\"\n", 1)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

//go:build linux

package main

import (
	"debug/elf"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A symbol is a function of a program, with what counting needs to know of it.
type symbol struct {
	name       string
	start, end uint64
	step       string // of a kernel in assembly: its name without the instruction set
	isa        string // of a kernel
	left       bool   // code of the runtime, which is not counted
	grows      bool   // code of the runtime that a function calls when it begins and its stack must grow
}

// A program is a Go executable whose instructions are counted.
type program struct {
	path    string
	symbols []symbol // with code, by address
	begin   *symbol  // of the fits' program, else nil
	end     *symbol
	text    []byte // all code
	first   uint64 // its address
}

// kernelSymbol matches the names of kernels in the packages of instruction sets: csdFactoriseAVX2 is the step
// csd/Factorise. The capitals and digits at the end are the name of the set.
var kernelSymbol = regexp.MustCompile(`/kernel/a(?:md|rm)64\.([a-z]+)([A-Z]\w*?)([A-Z][A-Z0-9]+)\.abi0$`)

// readProgram reads the table of symbols of an executable.
func readProgram(path string) (*program, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	all, err := file.Symbols()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p := &program{path: path}
	if section := file.Section(".text"); section != nil {
		if p.text, err = section.Data(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		p.first = section.Addr
	}
	for _, s := range all {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Size > 0 {
			p.symbols = append(p.symbols, describe(s))
		}
	}
	slices.SortFunc(p.symbols, func(a, b symbol) int {
		if a.start < b.start {
			return -1
		}
		return 1
	})
	for i := range p.symbols {
		switch s := &p.symbols[i]; s.name {
		case "main.begin":
			p.begin = s
		case "main.end":
			p.end = s
		}
	}
	return p, nil
}

func describe(s elf.Symbol) symbol {
	d := symbol{name: s.Name, start: s.Value, end: s.Value + s.Size}
	if m := kernelSymbol.FindStringSubmatch(s.Name); m != nil && m[1] != "peak" {
		d.step, d.isa = m[1]+"/"+m[2], strings.ToLower(m[3])
	}
	d.grows = strings.HasPrefix(s.Name, "runtime.morestack")
	// The runtime and the packages that it uses. Some of its assembly has no package in its name.
	d.left = !strings.Contains(s.Name, ".") || slices.ContainsFunc([]string{"runtime.", "runtime/", "internal/", "type:", "go:", "_rt0_"},
		func(prefix string) bool { return strings.HasPrefix(s.Name, prefix) })
	return d
}

// at finds the symbol that an address is in, or nil.
func (p *program) at(address uint64) *symbol {
	i, found := slices.BinarySearchFunc(p.symbols, address, func(s symbol, a uint64) int {
		switch {
		case a < s.start:
			return 1
		case a >= s.end:
			return -1
		}
		return 0
	})
	if !found {
		return nil
	}
	return &p.symbols[i]
}

// ranges are the addresses of the chosen symbols in the form of qemu's -dfilter. qemu checks each range for each
// block that it executes, so there must be few. Those with the smallest gaps between them are joined.
func (p *program) ranges(chosen func(*symbol) bool) string {
	const most = 32
	var list [][2]uint64
	for i := range p.symbols {
		if s := &p.symbols[i]; chosen(s) {
			list = append(list, [2]uint64{s.start, s.end})
		}
	}
	for len(list) > most {
		least := 1
		for i := 1; i < len(list); i++ {
			if list[i][0]-list[i-1][1] < list[least][0]-list[least-1][1] {
				least = i
			}
		}
		list[least-1][1] = list[least][1]
		list = slices.Delete(list, least, least+1)
	}
	var text []string
	for _, r := range list {
		text = append(text, fmt.Sprintf("0x%x+0x%x", r[0], r[1]-r[0]))
	}
	return strings.Join(text, ",")
}

// steps names the kernels of an instruction set, in the order of the alphabet.
func (p *program) steps(isa string) []string {
	var names []string
	for _, s := range p.symbols {
		if s.isa == isa {
			names = append(names, s.step)
		}
	}
	slices.Sort(names)
	return names
}

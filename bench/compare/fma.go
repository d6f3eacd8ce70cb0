package compare

import (
	"debug/elf"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// The values of Engine.Build.
const (
	withFMA    = "with FMA"
	withoutFMA = "without FMA"
	unknownFMA = "FMA unknown"
)

// leastFMA is how many fused multiply-adds a program must have for each byte of code to count as built with them.
// Builds of MRtrix3 with FMA have one in some hundred bytes. In other code, one of 250,000 places looks like one by
// chance.
const leastFMA = 1e-4

// fmaOf says whether a program of the PATH was built with fused multiply-add. It looks at the machine code of the
// file and of MRtrix3's library, which it expects in ../lib. It knows code for x86-64 in ELF files.
func fmaOf(program string) string {
	path, err := exec.LookPath(program)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return unknownFMA
	}
	code, libraries, err := machineCode(path)
	if err != nil {
		return unknownFMA
	}
	if hasFMA(code) {
		return withFMA
	}
	for _, library := range libraries {
		if !strings.HasPrefix(library, "libmrtrix") {
			continue
		}
		if code, _, err = machineCode(filepath.Join(filepath.Dir(path), "..", "lib", library)); err != nil {
			return unknownFMA
		}
		if hasFMA(code) {
			return withFMA
		}
	}
	return withoutFMA
}

// machineCode is the code of an ELF file for x86-64, and the libraries that it names.
func machineCode(path string) (code []byte, libraries []string, err error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	text := file.Section(".text")
	if file.Machine != elf.EM_X86_64 || text == nil {
		return nil, nil, fmt.Errorf("%s: found machine %v, expected code for x86-64", path, file.Machine)
	}
	if code, err = text.Data(); err != nil {
		return nil, nil, err
	}
	libraries, err = file.ImportedLibraries()
	return code, libraries, err
}

// hasFMA says whether code has more fused multiply-adds than there can be by chance.
func hasFMA(code []byte) bool {
	found := 0
	for i := range len(code) - 4 {
		if isFMA(code[i : i+5]) {
			found++
		}
	}
	return float64(found) > leastFMA*float64(len(code))
}

// isFMA says whether bytes begin as an instruction of FMA3: a VEX prefix of three bytes (C4) or an EVEX prefix (62), the
// opcode map 0F38, the prefix 66, and an opcode of vfmadd, vfmsub, vfnmadd, vfnmsub in one of their three orders (96 to
// 9F, A6 to AF, B6 to BF).
func isFMA(b []byte) bool {
	var opcode byte
	switch {
	case b[0] == 0xc4 && b[1]&0x1f == 2 && b[2]&3 == 1:
		opcode = b[3]
	case b[0] == 0x62 && b[1]&0x0f == 2 && b[2]&7 == 5:
		opcode = b[4]
	default:
		return false
	}
	return opcode>>4 >= 9 && opcode>>4 <= 0xb && opcode&0xf >= 6
}

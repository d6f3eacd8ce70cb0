package main

import (
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// machines are the processors of a library, by GOARCH, as each format of files names them.
var machines = map[string]struct {
	elf   elf.Machine
	macho macho.Cpu
	pe    uint16
}{
	"amd64": {elf.EM_X86_64, macho.CpuAmd64, pe.IMAGE_FILE_MACHINE_AMD64},
	"arm64": {elf.EM_AARCH64, macho.CpuArm64, pe.IMAGE_FILE_MACHINE_ARM64},
}

// wheelTag is the platform tag of a wheel with this library, read from the library itself: its processor, and the oldest
// glibc (PEP 600) or macOS on which it loads. A library for another processor than that of the platform is an error.
func wheelTag(path string, p platform) (string, error) {
	if _, err := p.WheelTag(""); err != nil {
		return "", err
	}
	var oldest string
	var err error
	switch p.OS {
	case "linux":
		oldest, err = glibcOf(path, p)
	case "darwin":
		oldest, err = macOSOf(path, p)
	case "windows": // its tag names no version
		err = checkWindows(path, p)
	}
	if err != nil {
		return "", err
	}
	return p.WheelTag(oldest)
}

// notFor is the error for a library of another processor than that of a platform.
func notFor(p platform, path string, found any) error {
	return fmt.Errorf("%s is for the processor %v, expected one for %s", path, found, p)
}

func unreadable(p platform, path string, err error) error {
	return fmt.Errorf("%s: %w, expected a library for %s", path, err, p)
}

func glibcOf(path string, p platform) (string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", unreadable(p, path, err)
	}
	defer file.Close()
	if file.Machine != machines[p.Arch].elf {
		return "", notFor(p, path, file.Machine)
	}
	return glibc(path, file)
}

func macOSOf(path string, p platform) (string, error) {
	file, err := macho.Open(path)
	if err != nil {
		return "", unreadable(p, path, err)
	}
	defer file.Close()
	if file.Cpu != machines[p.Arch].macho {
		return "", notFor(p, path, file.Cpu)
	}
	return oldestMacOS(path, file)
}

func checkWindows(path string, p platform) error {
	file, err := pe.Open(path)
	if err != nil {
		return unreadable(p, path, err)
	}
	defer file.Close()
	if file.Machine != machines[p.Arch].pe {
		return notFor(p, path, fmt.Sprintf("%#x", file.Machine))
	}
	return nil
}

// noMusl says why there is no library for musl.
const noMusl = "Go's c-shared libraries cannot be loaded on musl (Alpine Linux; golang.org/issue/54805): " +
	"use a system with glibc, or the static program kbench"

// glibc is the version of the newest symbol that the library asks of glibc, at least 2.17, as in manylinux_2_17.
func glibc(path string, file *elf.File) (string, error) {
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if slices.ContainsFunc(libraries, func(name string) bool { return strings.HasPrefix(name, "libc.musl") || name == "libc.so" }) {
		return "", fmt.Errorf("%s is linked with musl: %s", path, noMusl)
	}
	needs, err := file.DynamicVersionNeeds()
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	newest := 17
	for _, library := range needs {
		for _, need := range library.Needs {
			number, isGlibc := strings.CutPrefix(need.Dep, "GLIBC_2.")
			number, _, _ = strings.Cut(number, ".")
			minor, err := strconv.Atoi(number)
			if !isGlibc || err != nil {
				return "", fmt.Errorf("%s needs %s of %s, expected versions of glibc 2 alone", path, need.Dep, library.Name)
			}
			newest = max(newest, minor)
		}
	}
	return "2_" + strconv.Itoa(newest), nil
}

const loadBuildVersion = 0x32 // LC_BUILD_VERSION

// oldestMacOS is the version in the field minos of the library's LC_BUILD_VERSION, as in macosx_12_0.
func oldestMacOS(path string, file *macho.File) (string, error) {
	for _, load := range file.Loads {
		raw := load.Raw() // command, its size, platform, minos and more, four bytes each
		if order := file.ByteOrder; len(raw) >= 16 && order.Uint32(raw) == loadBuildVersion {
			oldest := order.Uint32(raw[12:])
			return fmt.Sprintf("%d_%d", oldest>>16, oldest>>8&0xff), nil
		}
	}
	return "", fmt.Errorf("%s does not say from which macOS on it loads (no LC_BUILD_VERSION)", path)
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/voxfit/voxfit/internal/release"
)

// command runs a command of go in the folder of the module, and returns what it printed. Where $GO is set, that is
// the program to run.
func command(module string, environment []string, words ...string) (string, error) {
	words = append([]string{cmp.Or(os.Getenv("GO"), "go")}, words...)
	c := exec.Command(words[0], words[1:]...)
	c.Dir, c.Env, c.Stderr = module, append(os.Environ(), environment...), os.Stderr
	printed, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	return strings.TrimSpace(string(printed)), nil
}

// moduleFolder is the folder of go.mod.
func moduleFolder() (string, error) {
	file, err := command(".", nil, "env", "GOMOD")
	if err == nil && filepath.Base(file) != "go.mod" {
		err = errors.New("run this in a folder of voxfit: there is no go.mod")
	}
	return filepath.Dir(file), err
}

// compiler is the command of the C compiler for a platform. Without zig it is "", and go takes $CC.
func compiler(module string, p platform, zig string) (string, error) {
	if zig == "" {
		return "", nil
	}
	target, known := targets[p]
	if !known {
		return "", fmt.Errorf("no target of zig is known for %s", p)
	}
	cc := zig + " cc -target " + target
	if p.OS == "darwin" {
		// These files name the few functions of macOS that Go's runtime calls. Apple's own files come only with
		// Xcode.
		stubs := filepath.Join(module, "capi", "build", "macos")
		cc += " '-F" + stubs + "' '-L" + stubs + "'" // go splits $CC into words, and respects quotes
	}
	return cc, nil
}

// build makes the library for a platform in a folder, with its header and voxfit.pc, and returns the tag of its wheel.
func build(module, out string, p platform, zig string) (tag string, err error) {
	out, err = filepath.Abs(out)
	if err != nil {
		return "", err
	}
	cc, err := compiler(module, p, zig)
	if err != nil {
		return "", err
	}
	header, err := os.ReadFile(filepath.Join(module, "capi", "voxfit.h"))
	if err != nil {
		return "", err
	}
	version := interfaceVersion(header)
	environment := []string{"CGO_ENABLED=1", "GOOS=" + p.OS, "GOARCH=" + p.Arch}
	if cc != "" {
		// -g0, because what zig writes for debuggers has the paths of its own headers.
		environment = append(environment, "CC="+cc, "CGO_CFLAGS=-O2 -g0")
	}
	library := filepath.Join(out, libraryFile(p))
	// The same sources give the same bytes in any folder. For this the file has no paths of this machine
	// (-trimpath), no state of git (-buildvcs), and no path of the C compiler (the empty -buildid). -s and -w leave
	// out what debuggers read. On arm64 they keep the parts of glibc that zig has compiled, with their paths.
	// --strip-all removes these.
	if _, err := command(module, environment, "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -buildid="+linkerFlags(p, version), "-o", library, "./capi"); err != nil {
		return "", err
	}
	if p.OS == "windows" {
		if err := forgetLinkTime(library); err != nil {
			return "", err
		}
	}
	// cgo also writes a header, with functions that are not for users.
	generated := strings.TrimSuffix(library, filepath.Ext(library)) + ".h"
	if err := os.Remove(generated); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(out, "voxfit.h"), header, 0o644); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(out, "voxfit.pc"), []byte(pkgConfig), 0o644); err != nil {
		return "", err
	}
	if link := versionedFile(p, version); link != "" {
		os.Remove(filepath.Join(out, link))
		if err := os.Symlink(libraryFile(p), filepath.Join(out, link)); err != nil {
			return "", err
		}
	}
	tag, err = wheelTag(library, p)
	if err != nil {
		os.Remove(library)
	}
	return tag, err
}

// linkerFlags set the name by which programs that are linked with the library ask for it. On Linux the name ends
// with the version of the interface.
func linkerFlags(p platform, interfaceVersion string) string {
	switch p.OS {
	case "linux":
		return " -extldflags=-Wl,-soname," + versionedFile(p, interfaceVersion) + ",--strip-all"
	case "darwin":
		return " -extldflags=-Wl,-install_name,@rpath/" + libraryFile(p)
	}
	return ""
}

// interfaceVersion is VOXFIT_ABI_VERSION of voxfit.h.
func interfaceVersion(header []byte) string {
	return string(regexp.MustCompile(`#define VOXFIT_ABI_VERSION (\d+)`).FindSubmatch(header)[1])
}

// pkgConfig is lib/pkgconfig/voxfit.pc. Its paths are relative to where it lies, so that an archive can be unpacked
// anywhere.
const pkgConfig = `prefix=${pcfiledir}/../..
libdir=${prefix}/lib
includedir=${prefix}/include

Name: voxfit
Description: Diffusion-MRI models, fitted to many voxels at once by SIMD kernels
Version: ` + release.Version + `
License: BSD-3-Clause
Libs: -L${libdir} -lvoxfit
Cflags: -I${includedir}
`

// Build makes the C library for this platform, or with zig as the compiler for another:
//
//	go run ./capi/build -o bin
//	go run ./capi/build -o out -platform linux/arm64 -zig "python -m ziglang"
//	go run ./capi/build -sources folder
//	go run ./capi/build -pkg-config
//
// It writes the library, voxfit.h and voxfit.pc (for pkg-config), and prints the name of the library and the tag of
// a wheel with it. `make library` and python/setup.py call it. With -sources it builds nothing, and copies the
// sources of the library, with those of all modules, into a folder. There the same command builds the library
// without a network. -pkg-config and -platforms print voxfit.pc and the platforms of a release.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"

	"github.com/voxfit/voxfit/internal/release"
)

func main() {
	out := flag.String("o", "bin", "the `folder` to write into")
	name := flag.String("platform", "", "the platform to build for, as `OS/ARCH`; this one if empty")
	zig := flag.String("zig", os.Getenv("VOXFIT_ZIG"), "the `command` of zig, to compile C with instead of $CC, words with spaces quoted as there; $VOXFIT_ZIG if not given")
	sources := flag.String("sources", "", "copy what the library is built from into this `folder`, and build nothing")
	printed := flag.Bool("pkg-config", false, "print voxfit.pc, and build nothing")
	list := flag.Bool("platforms", false, "print the platforms that libraries are released for, and build nothing")
	flag.Parse()
	if *list {
		for _, p := range release.Libraries {
			fmt.Println(p)
		}
		return
	}
	if *printed {
		fmt.Print(pkgConfig)
		return
	}
	if err := run(*out, *name, *zig, *sources); err != nil {
		fmt.Fprintln(os.Stderr, "voxfit:", err)
		os.Exit(1)
	}
}

func run(out, name, zig, sources string) error {
	module, err := moduleFolder()
	if err != nil {
		return err
	}
	if sources != "" {
		return copySources(module, sources)
	}
	p, err := platform{OS: runtime.GOOS, Arch: runtime.GOARCH}, nil
	if name != "" {
		p, err = parsePlatform(name)
	}
	if err != nil {
		return err
	}
	tag, err := build(module, out, p, zig)
	if err == nil {
		fmt.Println(libraryFile(p), tag)
	}
	return err
}

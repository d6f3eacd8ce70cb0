package main

import (
	"fmt"
	"slices"
	"strings"
)

// A platform is what Go calls GOOS and GOARCH.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

// targets are the platforms of the wheels, in the words of zig: with the oldest C library, and the oldest macOS, on which
// the library is to load. 2.17 is the glibc of CentOS 7, and the oldest for which zig has files on arm64. Go 1.26 runs on
// macOS 12 and later.
var targets = map[platform]string{
	{"linux", "amd64"}:   "x86_64-linux-gnu.2.17",
	{"linux", "arm64"}:   "aarch64-linux-gnu.2.17",
	{"darwin", "arm64"}:  "aarch64-macos.12.0",
	{"darwin", "amd64"}:  "x86_64-macos.12.0",
	{"windows", "amd64"}: "x86_64-windows-gnu",
}

// platforms are those of targets, in a fixed order.
func platforms() []platform {
	var all []platform
	for p := range targets {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b platform) int { return strings.Compare(a.String(), b.String()) })
	return all
}

func parsePlatform(text string) (platform, error) {
	os, arch, found := strings.Cut(text, "/")
	if !found || os == "" || arch == "" {
		return platform{}, fmt.Errorf("the platform is %q, expected OS/ARCH as in linux/arm64", text)
	}
	return platform{os, arch}, nil
}

// library is the name of the library's file, which is also how Python looks for it.
func (p platform) library() string {
	switch p.os {
	case "darwin":
		return "libvoxfit.dylib"
	case "windows":
		return "voxfit.dll"
	}
	return "libvoxfit.so"
}

// versioned is the name by which programs that were linked with the library ask for it, or "" where that is its name: the
// number is VOXFIT_ABI_VERSION of voxfit.h, which changes when old programs no longer work.
func (p platform) versioned(interfaceVersion string) string {
	if p.os != "linux" {
		return ""
	}
	return p.library() + "." + interfaceVersion
}

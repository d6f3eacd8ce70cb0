package main

import (
	"fmt"
	"strings"

	"github.com/voxfit/voxfit/internal/release"
)

type platform = release.Platform

// targets are zig's names for the platforms of the wheels. They include the oldest glibc or macOS on which the
// library must load. 2.17 is the glibc of CentOS 7, and the oldest for which zig has files on arm64. Go 1.26 runs on
// macOS 12 and later.
var targets = map[platform]string{
	{OS: "linux", Arch: "amd64"}:   "x86_64-linux-gnu.2.17",
	{OS: "linux", Arch: "arm64"}:   "aarch64-linux-gnu.2.17",
	{OS: "darwin", Arch: "arm64"}:  "aarch64-macos.12.0",
	{OS: "darwin", Arch: "amd64"}:  "x86_64-macos.12.0",
	{OS: "windows", Arch: "amd64"}: "x86_64-windows-gnu",
}

func parsePlatform(text string) (platform, error) {
	system, processor, found := strings.Cut(text, "/")
	if !found || system == "" || processor == "" {
		return platform{}, fmt.Errorf("the platform is %q, expected OS/ARCH as in linux/arm64", text)
	}
	return platform{OS: system, Arch: processor}, nil
}

// libraryFile is the name of the library's file, which is also how Python looks for it.
func libraryFile(p platform) string {
	switch p.OS {
	case "darwin":
		return "libvoxfit.dylib"
	case "windows":
		return "voxfit.dll"
	}
	return "libvoxfit.so"
}

// versionedFile is the name by which programs that were linked with the library ask for it, or "" where they ask for
// libraryFile. Its number is VOXFIT_ABI_VERSION of voxfit.h, which changes when old programs no longer work.
func versionedFile(p platform, interfaceVersion string) string {
	if p.OS != "linux" {
		return ""
	}
	return libraryFile(p) + "." + interfaceVersion
}

package main

import (
	"archive/zip"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/voxfit/voxfit/internal/release"
)

func platformOfWheel(file string) (platform, error) {
	words := strings.Split(strings.TrimSuffix(filepath.Base(file), ".whl"), "-")
	p, err := release.PlatformOfTag(words[len(words)-1])
	if err != nil {
		err = fmt.Errorf("%s: %w", file, err)
	}
	return p, err
}

// wheelsOf returns the paths of the wheels in a folder, by platform.
func wheelsOf(dist string) (map[platform]string, error) {
	files, err := filepath.Glob(filepath.Join(dist, "voxfit-*.whl"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s has no wheels: run `make wheels` first", dist)
	}
	found := map[platform]string{}
	for _, file := range files {
		p, err := platformOfWheel(file)
		if err != nil {
			return nil, err
		}
		found[p] = file
	}
	return found, err
}

// unpackLibrary copies the library out of a wheel into a folder of work, and returns its path.
func unpackLibrary(wheel, work string, p platform) (string, error) {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return "", err
	}
	defer archive.Close()
	for _, file := range archive.File {
		name := path.Base(file.Name)
		if extension := path.Ext(name); extension != ".so" && extension != ".dylib" && extension != ".dll" {
			continue
		}
		content, err := file.Open()
		if err != nil {
			return "", err
		}
		defer content.Close()
		all, err := io.ReadAll(content)
		if err != nil {
			return "", err
		}
		target := filepath.Join(work, p.OS+"-"+p.Arch, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return "", err
		}
		return target, os.WriteFile(target, all, 0o755)
	}
	return "", fmt.Errorf("%s has no library", wheel)
}

// packLibraries packs the library of each wheel for C, without changing its bytes: below lib, with its header and
// voxfit.pc.
func packLibraries(module, work, dist string, made time.Time) error {
	wheels, err := wheelsOf(dist)
	if err != nil {
		return err
	}
	header := filepath.Join(module, "capi", "voxfit.h")
	pkgConfig, err := command(module, nil, "go", "run", "./capi/build", "-pkg-config")
	if err != nil {
		return err
	}
	configuration := filepath.Join(work, "voxfit.pc")
	if err := os.WriteFile(configuration, []byte(pkgConfig+"\n"), 0o644); err != nil {
		return err
	}
	for _, p := range release.Libraries {
		wheel, there := wheels[p]
		if !there {
			continue
		}
		library, err := unpackLibrary(wheel, work, p)
		if err != nil {
			return err
		}
		folder, file := archiveName("libvoxfit", p), filepath.Base(library)
		entries := []entry{
			{name: folder + "/include/voxfit.h", from: header},
			{name: folder + "/lib/" + file, from: library, executable: true},
			{name: folder + "/lib/pkgconfig/voxfit.pc", from: configuration},
			{name: folder + "/LICENSE", from: filepath.Join(module, "LICENSE")},
			{name: folder + "/NOTICE", from: filepath.Join(module, "NOTICE")},
			{name: folder + "/README.md", from: filepath.Join(module, "capi", "README.md"), page: "capi/README.md"},
		}
		if p.OS == "linux" {
			asked, err := soname(library)
			if err != nil {
				return err
			}
			entries = append(entries, entry{name: folder + "/lib/" + asked, link: file})
		}
		if err := pack(filepath.Join(dist, folder), p, entries, made); err != nil {
			return err
		}
	}
	return nil
}

// soname returns the name under which programs that were linked with a library for Linux look for it.
func soname(library string) (string, error) {
	file, err := elf.Open(library)
	if err != nil {
		return "", fmt.Errorf("%s: %w", library, err)
	}
	defer file.Close()
	names, err := file.DynString(elf.DT_SONAME)
	if err == nil && len(names) != 1 {
		err = fmt.Errorf("%s has %d names for programs that are linked with it, expected one", library, len(names))
	}
	if err != nil {
		return "", err
	}
	return names[0], nil
}

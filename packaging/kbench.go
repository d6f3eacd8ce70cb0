package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/voxfit/voxfit/internal/release"
)

type platform = release.Platform

// programFile returns the name of kbench's file on a platform.
func programFile(p platform) string {
	if p.OS == "windows" {
		return "kbench.exe"
	}
	return "kbench"
}

// command runs a command in a folder, and returns what it prints.
func command(folder string, environment []string, words ...string) (string, error) {
	c := exec.Command(words[0], words[1:]...)
	c.Dir, c.Env, c.Stderr = folder, append(os.Environ(), environment...), os.Stderr
	printed, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	return strings.TrimSpace(string(printed)), err
}

// buildProgram builds kbench for a platform, static, into a folder of work, and returns its path. Its version has the
// hash of its sources, as with `make build`, and not the commit. So the same sources give the same bytes in any folder,
// in git or not.
func buildProgram(module, work string, p platform) (string, error) {
	sources, err := command(module, nil, "scripts/hash-sources")
	if err != nil {
		return "", err
	}
	path := builtProgram(work, p)
	_, err = command(module, []string{"CGO_ENABLED=0", "GOOS=" + p.OS, "GOARCH=" + p.Arch},
		"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid= -X main.sources="+sources, "-o", path, "./cmd/kbench")
	return path, err
}

func builtProgram(work string, p platform) string {
	return filepath.Join(work, p.OS+"-"+p.Arch, programFile(p))
}

// packPrograms builds kbench for each platform and packs it: as .zip for Windows, and as .tar.gz for all others.
func packPrograms(module, work, dist string, made time.Time) error {
	for _, p := range release.Programs {
		path, err := buildProgram(module, work, p)
		if err != nil {
			return err
		}
		folder := archiveName("kbench", p)
		entries := []entry{
			{name: folder + "/" + programFile(p), from: path, executable: true},
			{name: folder + "/LICENSE", from: filepath.Join(module, "LICENSE")},
			{name: folder + "/NOTICE", from: filepath.Join(module, "NOTICE")},
			{name: folder + "/README.md", from: filepath.Join(module, "README.md"), page: "README.md"},
		}
		if err := pack(filepath.Join(dist, folder), p, entries, made); err != nil {
			return err
		}
	}
	return nil
}

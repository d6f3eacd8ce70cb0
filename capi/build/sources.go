package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/internal/release"
)

// A listing is a package as `go list -json` prints it. Files that only other platforms need are "ignored" on this
// one.
type listing struct {
	Dir    string
	Module *struct{ Main bool }

	GoFiles, CgoFiles, CFiles, HFiles, SFiles, EmbedFiles, IgnoredGoFiles, IgnoredOtherFiles []string
}

func (l *listing) files() []string {
	return slices.Concat(l.GoFiles, l.CgoFiles, l.CFiles, l.HFiles, l.SFiles, l.EmbedFiles, l.IgnoredGoFiles, l.IgnoredOtherFiles)
}

// sourcesOf lists the files of the module from which the library is built on any platform, and those of this
// program. Their paths are relative to the folder of the module.
func sourcesOf(module string) ([]string, error) {
	all := []string{"go.mod", "go.sum", "LICENSE", "NOTICE", "capi/README.md"}
	stubs, err := filepath.Glob(filepath.Join(module, "capi", "build", "macos", "*.tbd"))
	if err != nil {
		return nil, err
	}
	frameworks, err := filepath.Glob(filepath.Join(module, "capi", "build", "macos", "*", "*.tbd"))
	if err != nil {
		return nil, err
	}
	for _, file := range slices.Concat(stubs, frameworks) {
		name, err := filepath.Rel(module, file)
		if err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	for _, p := range release.Libraries {
		printed, err := command(module, []string{"GOOS=" + p.OS, "GOARCH=" + p.Arch, "CGO_ENABLED=1"},
			"list", "-deps", "-json", "./capi", "./capi/build")
		if err != nil {
			return nil, err
		}
		for decoder := json.NewDecoder(strings.NewReader(printed)); ; {
			var l listing
			if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			if l.Module == nil || !l.Module.Main {
				continue
			}
			folder, err := filepath.Rel(module, l.Dir)
			if err != nil {
				return nil, err
			}
			for _, name := range l.files() {
				if !strings.HasSuffix(name, "_test.go") {
					all = append(all, filepath.Join(folder, name))
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// copyFiles copies the sources of the library into a folder.
func copyFiles(module, folder string) error {
	files, err := sourcesOf(module)
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return err
		}
		target := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copySources copies the sources of the library into a folder, and those of the modules that it needs into vendor below
// it.
func copySources(module, folder string) error {
	if err := copyFiles(module, folder); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(module, "vendor")); err == nil { // module is a copy that copySources has made
		return os.CopyFS(filepath.Join(folder, "vendor"), os.DirFS(filepath.Join(module, "vendor")))
	}
	_, err := command(folder, nil, "mod", "vendor")
	return err
}

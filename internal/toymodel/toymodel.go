// Package toymodel adds a model to a build, for tests of what it takes to add one: a file in the folder model and a line
// in the list of Kinds. The model is the isotropic apparent diffusion coefficient; testdata has its file. The tree
// stays as it is: the go command puts the files in place of the tree's while it builds.
//
//	overlay, err := toymodel.Write(folder)
//	go build -overlay OVERLAY ./cmd/kbench
//
// Overlay does the same with any files, for tests of the how-tos.
//
// For other languages' tests, `go run ./internal/toymodel/overlay FOLDER` writes the same and prints its path.
package toymodel

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Name is the model's.
const Name = "adc"

//go:embed testdata/toy.go.txt
var source []byte

// line is what the list of Kinds gets, after the last of them.
const line = "\ttoyKind,\n"

// Write makes in a folder the model's file, the table with its line, and the overlay that puts them into the tree. It
// returns the overlay's path.
func Write(folder string) (overlay string, err error) {
	root, err := moduleFolder()
	if err != nil {
		return "", err
	}
	table, err := os.ReadFile(filepath.Join(root, "model", "table.go"))
	if err != nil {
		return "", err
	}
	const first = "var Kinds = []*Kind{\n"
	before, after, found := strings.Cut(string(table), first)
	end := strings.Index(after, "}\n")
	if !found || end < 0 {
		return "", fmt.Errorf("model/table.go: found no list of Kinds")
	}
	longer := before + first + after[:end] + line + after[end:]
	return Overlay(folder, map[string]string{"model/toy.go": string(source), "model/table.go": longer})
}

// Overlay writes an overlay for the go command into a folder and returns its path. With it, go builds as if the tree
// held these files: they are texts by their paths in the tree.
func Overlay(folder string, files map[string]string) (overlay string, err error) {
	root, err := moduleFolder()
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for path, text := range files {
		in := filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(in), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, path)] = in
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(folder, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

func moduleFolder() (string, error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("the module's folder: %w", err)
	}
	return strings.TrimSpace(string(root)), nil
}

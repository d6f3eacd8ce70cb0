// Package toymodel adds a model to a build: a file in the folder model, and a line in the list of Kinds. Tests check
// with it that this is all that it takes to add a model. The model is the isotropic apparent diffusion coefficient, and
// its file is in testdata. The tree is not changed: the go command reads the new files in place of the tree's while it
// builds.
//
//	overlay, err := toymodel.Write(folder)
//	go build -overlay OVERLAY ./cmd/kbench
//
// Overlay does the same with any files. Tests of the how-tos use it.
//
// `go run ./internal/toymodel/overlay FOLDER` writes the same overlay and prints its path, for tests in other
// languages.
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

// Name is the model's name.
const Name = "adc"

//go:embed testdata/toy.go.txt
var source []byte

// line is the line that is added to the end of the list of Kinds.
const line = "\ttoyKind,\n"

// Write writes into a folder the model's file, the table with the new line, and the overlay that puts both into the
// tree. It returns the overlay's path.
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
// had these files. files has their texts by their paths in the tree.
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

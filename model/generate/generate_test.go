package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestGeneratedFilesAreThoseOfTheTable(t *testing.T) {
	root := filepath.Join("..", "..")
	files, err := generated(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		have, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(have, f.text) {
			t.Errorf("%s is not what the table of models gives: go generate ./model makes it anew", f.path)
		}
	}
}

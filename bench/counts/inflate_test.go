//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestDecompressionIsCountedOfAssemblyAndOfThePortableCode(t *testing.T) {
	if _, err := exec.LookPath(emulated["neon"].program); err != nil {
		t.Skipf("no %s", emulated["neon"].program)
	}
	var data []byte
	for i := range 2000 {
		data = fmt.Append(data, i*i%1013, " ")
	}
	var file bytes.Buffer
	w := gzip.NewWriter(&file)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data.gz")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join("..", ".."))
	var out strings.Builder
	if err := printInflate(&out, path); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	var n int
	var fast, plain float64
	if _, err := fmt.Sscanf(rows[len(rows)-1], "| data.gz | %d | neon | %f | %f |", &n, &fast, &plain); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	// Every byte takes some instructions, and the assembly fewer of them.
	if n != len(data) || fast < 1 || plain <= fast {
		t.Errorf("%d bytes, %g and %g instructions a byte; expected %d bytes, and fewer of assembly than of the portable code", n, fast, plain, len(data))
	}
}

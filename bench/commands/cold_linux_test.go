package commands

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestADroppedFileIsGoneFromMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	resident := func() int {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		n, pages, err := residentPages(f, 1<<20)
		if err != nil || pages != (1<<20)/os.Getpagesize() {
			t.Fatalf("found %d pages, %v", pages, err)
		}
		return n
	}
	if n := resident(); n == 0 {
		t.Fatal("a file that was just written has no page in memory")
	}
	if err := dropFile(path); err != nil {
		t.Skipf("skipped: this file system keeps files in memory: %v", err)
	}
	if n := resident(); n != 0 {
		t.Errorf("%d pages are in memory after the file was dropped", n)
	}
}

// A file that a program has mapped and touched keeps its pages.
func TestAFileThatStaysInMemoryIsAnError(t *testing.T) {
	program, err := os.Executable() // this very program, which is running
	if err != nil {
		t.Fatal(err)
	}
	if err := dropFile(program); err == nil || !strings.Contains(err.Error(), "a cold run cannot be timed") {
		t.Errorf("the error is %v", err)
	}
}

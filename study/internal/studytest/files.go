package studytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Read returns the text of a file.
func Read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Write writes a text to a new file.
func Write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// WantOneLine fails the test unless the error is one line that names the file.
func WantOneLine(t testing.TB, path string, err error) {
	t.Helper()
	if strings.ContainsAny(err.Error(), "\n\r") || !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("the error is %q, want one line that names %s", err, path)
	}
}

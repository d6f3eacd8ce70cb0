package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const checksums = "SHA256SUMS"

// writeChecksums writes SHA256SUMS for all files of the folder, as `sha256sum --check` reads it.
func writeChecksums(dist string) error {
	entries, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, e := range entries {
		if e.IsDir() || e.Name() == checksums {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dist, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(content), e.Name())
	}
	fmt.Println(checksums)
	return os.WriteFile(filepath.Join(dist, checksums), []byte(lines.String()), 0o644)
}

//go:build linux

package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A table has the counts of one instruction set: those of steps, and those of whole fits, whose names begin with
// fit/.
type table struct {
	isa     string
	how     string // ptrace, or the emulator with its version
	version string // of Go, on which the counts of Go code depend
	machine string // the processor that counted, if it was not an emulator
	counts  map[string]count
}

const fitPrefix = "fit/"

// names lists the steps and then the fits, each in the order of the alphabet.
func (t table) names() []string {
	var names []string
	for name := range t.counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if fit := strings.HasPrefix(a, fitPrefix); fit != strings.HasPrefix(b, fitPrefix) {
			if fit {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	return names
}

// bytes is the content of the table's file.
func (t table) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "# Instructions executed, written by `make counts-keep`; package bench/counts says what they are.")
	fmt.Fprintf(&b, "# counted by: %s\n# Go: %s\n", t.how, t.version)
	if t.machine != "" {
		fmt.Fprintf(&b, "# machine: %s\n", t.machine)
	}
	fmt.Fprintln(&b, "work,kernels,go")
	for _, name := range t.names() {
		c := t.counts[name]
		fmt.Fprintf(&b, "%s,%d,%d\n", name, c.kernels, c.code)
	}
	return b.Bytes()
}

func tableFile(folder, isa string) string { return filepath.Join(folder, isa+".csv") }

// readTable reads the kept table of an instruction set.
func readTable(folder, isa string) (table, error) {
	path := tableFile(folder, isa)
	content, err := os.ReadFile(path)
	if err != nil {
		return table{}, err
	}
	t := table{isa: isa, counts: map[string]count{}}
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "# counted by":
			t.how = value
		case "# Go":
			t.version = value
		case "# machine":
			t.machine = value
		}
	}
	rows := csv.NewReader(bytes.NewReader(content))
	rows.Comment = '#'
	rows.FieldsPerRecord = 3
	records, err := rows.ReadAll()
	if err != nil {
		return table{}, fmt.Errorf("%s: %w", path, err)
	}
	for i, r := range records {
		if i == 0 {
			continue
		}
		kernels, err := strconv.Atoi(r[1])
		code, err2 := strconv.Atoi(r[2])
		if err != nil || err2 != nil {
			return table{}, fmt.Errorf("%s: %s: found %s and %s, expected two numbers of instructions", path, r[0], r[1], r[2])
		}
		t.counts[r[0]] = count{kernels, code}
	}
	return t, nil
}

//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/gunzip"
)

// inflateArgument is the first argument with which this program decompresses a file.
const inflateArgument = "inflate"

// inflate decompresses a file with one worker, and writes how many bytes came out. isa may also name the portable
// code.
func inflate(path, isa string, out io.Writer) error {
	if err := os.Setenv("VOXFIT_ISA", isa); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	z, err := gunzip.NewReader(file, info.Size(), 1)
	if err != nil {
		return err
	}
	defer z.Close()
	n, err := io.Copy(io.Discard, z)
	if err == nil {
		_, err = fmt.Fprintln(out, n)
	}
	return err
}

// inflated counts the instructions of package gunzip/internal/deflate that decompress a file under an emulator, and
// returns the number of bytes that came out. Instructions that fill tables before main are left out.
func inflated(e emulator, p *program, path, isa string) (instructions, bytes int, err error) {
	ranges := p.ranges(func(s *symbol) bool {
		name, ours := strings.CutPrefix(s.name, "github.com/voxfit/voxfit/gunzip/internal/deflate.")
		return ours && !strings.HasPrefix(name, "init")
	})
	printed, err := e.run("in_asm,exec,nochain", ranges, func(log io.Reader) error {
		return readTrace(log, func(b block) { instructions += b.instructions })
	}, p.path, inflateArgument, path, isa)
	if err != nil {
		return 0, 0, err
	}
	bytes, err = strconv.Atoi(strings.TrimSpace(printed))
	return instructions, bytes, err
}

// printInflate writes a table in Markdown: the instructions for each byte of output on each emulated set, beside
// those of the portable code on the same architecture.
func printInflate(out io.Writer, path string) error {
	folder, err := os.MkdirTemp("", "counts")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	fmt.Fprintln(out, "| file | bytes | set | instructions a byte | portable | ratio |\n|---|---|---|---|---|---|")
	for isa, e := range emulated {
		file := filepath.Join(folder, isa)
		if err := compile(e.architecture, "build", "-o", file, "./bench/counts"); err != nil {
			return err
		}
		p, err := readProgram(file)
		if err != nil {
			return err
		}
		plain, n, err := inflated(e, p, path, portable)
		if err != nil {
			return err
		}
		fast, _, err := inflated(e, p, path, isa)
		if err != nil {
			return err
		}
		each := func(instructions int) float64 { return float64(instructions) / float64(n) }
		fmt.Fprintf(out, "| %s | %d | %s | %.1f | %.1f | %.2f |\n", filepath.Base(path), n, isa, each(fast), each(plain), each(fast)/each(plain))
	}
	return nil
}

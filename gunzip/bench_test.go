package gunzip

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"

	kgzip "github.com/klauspost/compress/gzip"
)

// benchmarkFile returns the gzip file that VOXFIT_GUNZIP_FILE names, or else one of 32 MiB of synthetic diffusion data.
func benchmarkFile(b *testing.B) []byte {
	if path := os.Getenv("VOXFIT_GUNZIP_FILE"); path != "" {
		file, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		return file
	}
	return compressed(b, signals(32<<20), 6)
}

// counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// BenchmarkReader reads a file to its end, with the assembly and without, with one worker and with two. It also reads
// the file twice at the same time with one worker each, which is the most that two workers could reach. klauspost is
// the library of that name.
func BenchmarkReader(b *testing.B) {
	file := benchmarkFile(b)
	for _, isa := range []string{"auto", "generic"} {
		for _, workers := range []int{1, 2, 4} {
			b.Run(fmt.Sprintf("%s/workers=%d", isa, workers), func(b *testing.B) {
				b.Setenv("VOXFIT_ISA", isa)
				for b.Loop() {
					b.SetBytes(readAll(b, file, workers))
				}
			})
		}
		b.Run(isa+"/two at once", func(b *testing.B) {
			b.Setenv("VOXFIT_ISA", isa)
			for b.Loop() {
				other := make(chan int64)
				go func() { other <- readAll(b, file, 1) }()
				b.SetBytes(readAll(b, file, 1) + <-other)
			}
		})
	}
	b.Run("klauspost", func(b *testing.B) {
		for b.Loop() {
			z, err := kgzip.NewReader(bytes.NewReader(file))
			if err != nil {
				b.Fatal(err)
			}
			n, err := io.Copy(new(counter), z)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(n)
		}
	})
}

// readAll reads a file to its end and returns how many bytes it gave.
func readAll(b *testing.B, file []byte, workers int) int64 {
	z, err := NewReader(bytes.NewReader(file), int64(len(file)), workers)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer z.Close()
	n, err := z.WriteTo(new(counter))
	if err != nil {
		b.Error(err)
	}
	if workers > 1 {
		b.ReportMetric(1e6*z.Times().SerialShare(64), "ppm-serial-on-64")
	}
	return n
}

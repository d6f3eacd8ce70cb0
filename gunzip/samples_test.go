package gunzip

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// onEachSet runs a test with the assembly, if there is one, and with the portable code.
func onEachSet(t *testing.T, test func(t *testing.T)) {
	for _, isa := range []string{"auto", "generic"} {
		t.Run(isa, func(t *testing.T) {
			t.Setenv("VOXFIT_ISA", isa)
			test(t)
		})
	}
}

// decoded reads all of a file, with a given number of workers and size of pieces.
func decoded(file []byte, workers int, piece int64) ([]byte, error) {
	z, err := newReader(bytes.NewReader(file), int64(len(file)), workers, piece, piece)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return io.ReadAll(z)
}

// asStandard reads all of a file with the standard library.
func asStandard(file []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// compressed returns data as one member.
func compressed(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// samples returns data of many kinds, each of about n bytes.
func samples(n int) map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, n)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	far := random[:min(n, 40000)]
	return map[string][]byte{
		"nothing":       {},
		"a byte":        {7},
		"random":        random,
		"zeros":         make([]byte, n),
		"text":          []byte(strings.Repeat("It was the best of times, it was the worst of times. ", n/53)),
		"diffusion":     diffusion(r, n/2, false),
		"masked":        diffusion(r, n/2, true),
		"far matches":   bytes.Repeat(far, max(1, n/len(far))),
		"short periods": periods(r, n),
	}
}

// signals returns n bytes of diffusion data.
func signals(n int) []byte { return diffusion(rand.New(rand.NewPCG(1, 2)), n/2, false) }

// diffusion returns numbers like those of a volume, little-endian int16: noise about a signal that changes slowly. If
// masked, most corners of the slices are zero.
func diffusion(r *rand.Rand, voxels int, masked bool) []byte {
	out := make([]byte, 0, 2*voxels)
	level := 300.0
	for i := range voxels {
		level += 4*r.NormFloat64() - (level-300)/100
		v := uint16(level + 12*r.NormFloat64())
		if masked && i%100 < 60 {
			v = 0
		}
		out = binary.LittleEndian.AppendUint16(out, v)
	}
	return out
}

// periods returns runs of every short period.
func periods(r *rand.Rand, n int) []byte {
	var out []byte
	for len(out) < n {
		period := 1 + r.IntN(40)
		for range period {
			out = append(out, byte(r.Uint32()))
		}
		for range r.IntN(600) {
			out = append(out, out[len(out)-period])
		}
	}
	return out[:n]
}

// realFiles returns the .nii.gz files of the shared data.
func realFiles(t *testing.T) map[string][]byte {
	files := map[string][]byte{}
	for _, pattern := range []string{"*/*.nii.gz", "*/expected/*.nii.gz"} {
		paths, err := filepath.Glob(filepath.Join(peer.Data(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path)] = data
		}
	}
	return files
}

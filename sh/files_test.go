package sh

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// readImage reads the few NIfTI-1 files of these tests: 4D, float32 or uint16, little-endian, unscaled.
// The result is voxels x volumes.
func readImage(t *testing.T, name string) [][]float64 {
	t.Helper()
	f, err := os.Open(peer.Data(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	dim := func(i int) int { return int(binary.LittleEndian.Uint16(raw[40+2*i:])) }
	voxels, volumes := dim(1)*dim(2)*dim(3), dim(4)
	body := raw[int(math.Float32frombits(binary.LittleEndian.Uint32(raw[108:]))):]
	image := make([][]float64, voxels)
	for i := range image {
		image[i] = make([]float64, volumes)
		for v := range volumes {
			at := v*voxels + i
			switch datatype := binary.LittleEndian.Uint16(raw[70:]); datatype {
			case 16:
				image[i][v] = float64(math.Float32frombits(binary.LittleEndian.Uint32(body[4*at:])))
			case 512:
				image[i][v] = float64(binary.LittleEndian.Uint16(body[2*at:]))
			default:
				t.Fatalf("%s: found datatype %d, expected 16 or 512", name, datatype)
			}
		}
	}
	return image
}

// readColumns reads a text file of numbers, skipping comments.
func readColumns(t *testing.T, name string) [][]float64 {
	t.Helper()
	text, err := os.ReadFile(peer.Data(t, name))
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]float64
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		var row []float64
		for _, field := range strings.Fields(line) {
			var x float64
			if err := json.Unmarshal([]byte(field), &x); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	return rows
}

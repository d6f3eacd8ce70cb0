package sh

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// askDIPY runs a Python script that reads JSON (as data) and leaves its answer in result.
func askDIPY(t *testing.T, data, result any, script string) {
	t.Helper()
	python := os.Getenv("VOXFIT_PYTHON")
	if python == "" {
		python = filepath.Join("..", ".venv", "bin", "python")
		if _, err := os.Stat(python); err != nil {
			t.Skip("skipped: no Python with DIPY (set VOXFIT_PYTHON, or make .venv in the repository)")
		}
	}
	input, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", "import json, sys, warnings\nwarnings.simplefilter('ignore')\nimport numpy as np\n"+
		"data = json.load(sys.stdin)\n"+script+"\njson.dump(result, sys.stdout)")
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", python, err, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), result); err != nil {
		t.Fatalf("%s: %v", python, err)
	}
}

// askMRtrix runs one of MRtrix3's programs and gives what it prints.
func askMRtrix(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Skipf("skipped: MRtrix3's %s is not installed", args[0])
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(args[0], append(args[1:], "-quiet")...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String()
}

// sharedData is the path of a file of the project's reference data.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("skipped: no reference data: %v", err)
	}
	return path
}

// readImage reads the few NIfTI-1 files of these tests: 4D, float32 or uint16, little-endian, unscaled.
// The result is voxels x volumes.
func readImage(t *testing.T, name string) [][]float64 {
	t.Helper()
	f, err := os.Open(sharedData(t, name))
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
	text, err := os.ReadFile(sharedData(t, name))
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

package main

import (
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

func TestTheTablesOfAProfileAddUp(t *testing.T) {
	dir := t.TempDir()
	succeed(t, "phantom", "--voxels", "3000", "-o", dir)
	out := succeed(t, "fit", "csdm", filepath.Join(dir, "dwi.nii.gz"), "-o", filepath.Join(dir, "maps"), "--profile", "--threads", "2")
	for _, table := range []struct {
		head    string
		columns int
		names   []string
	}{
		{"phase", 3, []string{"set up", "read", "fit", "write", "all"}},
		{"stage", 1, []string{"idle", "all"}},
	} {
		rows := tableAfter(t, out, table.head)
		for _, name := range table.names {
			if rows[name] == nil {
				t.Fatalf("table %q has no row %q:\n%s", table.head, name, out)
			}
		}
		for c := range table.columns {
			sum := 0.0
			for name, row := range rows {
				if name != "all" {
					sum += row[c]
				}
			}
			// Rows are rounded to milliseconds, and idle time is never negative.
			if want := rows["all"][c]; math.Abs(sum-want) > 0.02+0.01*want {
				t.Errorf("column %d of table %q: rows add up to %.3f, the last is %.3f:\n%s", c, table.head, sum, want, out)
			}
		}
	}
	if !strings.Contains(out, "serial share: ") {
		t.Errorf("no serial share:\n%s", out)
	}
}

// tableAfter reads the numbers of each row of a table.
func tableAfter(t *testing.T, text, head string) map[string][]float64 {
	t.Helper()
	_, after, found := strings.Cut(text, "\n"+head)
	if !found {
		t.Fatalf("no table %q:\n%s", head, text)
	}
	row := regexp.MustCompile(`^([a-z ]+?) +([0-9.]+)((?: +[0-9.]+%?)*)$`)
	rows := map[string][]float64{}
	for _, line := range strings.Split(after, "\n")[1:] {
		m := row.FindStringSubmatch(line)
		if m == nil {
			break
		}
		for _, word := range strings.Fields(m[2] + m[3]) {
			x, err := strconv.ParseFloat(strings.TrimSuffix(word, "%"), 64)
			if err != nil {
				t.Fatal(err)
			}
			rows[m[1]] = append(rows[m[1]], x)
		}
	}
	return rows
}

func TestTheFunctionsOfASampleDecideItsStage(t *testing.T) {
	const voxfit = "github.com/voxfit/voxfit/"
	for want, stack := range map[string][]string{ // innermost first
		"kernel":    {voxfit + "kernel/amd64.csdFactoriseAVX512", voxfit + "kernel.(*laneWorker).Fit", voxfit + "fit.Block.func1"},
		"derive":    {voxfit + "kernel/amd64.peaksMaximaSingleAVX512", voxfit + "kernel.(*PeakWorker).Peaks", voxfit + "model.(*csdDeriver).Derive"},
		"hash":      {"crypto/internal/fips140/sha256.blockSHANI", "crypto/sha256.(*digest).Write", voxfit + "nifti.(*Image).SHA256"},
		"inflate":   {"runtime.memmove", "github.com/klauspost/compress/flate.(*decompressor).Read", voxfit + "nifti.(*gzipSource).read"},
		"compress":  {voxfit + "nifti/internal/compress.putCodes", voxfit + "nifti/internal/compress.(*encoder).matchBlock", voxfit + "nifti/internal/compress.(*encoder).compress"},
		"transpose": {voxfit + "nifti/internal/transpose.int16Rows", voxfit + "nifti.storedToRows[go.shape.int16]", voxfit + "nifti.(*rowMaker).make"},
		"read":      {"internal/runtime/syscall/linux.Syscall6", "os.(*File).ReadAt", voxfit + "nifti.(*pieces).read"},
		"write":     {"internal/runtime/syscall/linux.Syscall6", "os.(*File).Write", voxfit + "disk.(*File).Write", voxfit + "nifti/internal/compress.(*Writer).put", voxfit + "nifti.writeFile"},
		"other":     {"runtime.gcBgMarkWorker"},
	} {
		s := &profile.Sample{}
		for _, name := range stack {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		if got := stageOf(s); got != want {
			t.Errorf("%v is of stage %q, expected %q", stack, got, want)
		}
	}
}

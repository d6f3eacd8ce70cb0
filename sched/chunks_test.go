package sched_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/sched"
	"pgregory.net/rapid"
)

func TestEveryVoxelIsInExactlyOneChunk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		voxels := rapid.IntRange(0, 5000).Draw(t, "voxels")
		d := sched.Divide(voxels, rapid.IntRange(1, 6000).Draw(t, "chunks"))
		next := 0
		for i := range d.Count() {
			r := d.At(i)
			if r.Begin != next || r.Len() < 1 || r.Len() > d.PerChunk {
				t.Fatalf("chunk %d is %+v after %d, want 1 to %d voxels from there", i, r, next, d.PerChunk)
			}
			next = r.End
		}
		if next != voxels {
			t.Fatalf("the chunks end at %d, want %d", next, voxels)
		}
	})
}

// testdata/dipy_chunks.txt comes from DIPY 1.12.1 by dipy_chunks.py beside it.
func TestChunksAreThoseOfDIPY(t *testing.T) {
	text, err := os.ReadFile("testdata/dipy_chunks.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cases++
		var voxels, chunks, perChunk, count, first, last int
		if _, err := fmt.Sscan(line, &voxels, &chunks, &perChunk, &count, &first, &last); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		d := sched.Divide(voxels, chunks)
		if d.PerChunk != perChunk || d.Count() != count || d.At(0).Len() != first || d.At(count-1).Len() != last {
			t.Errorf("%d voxels in %d chunks: %d a chunk, %d chunks, the first of %d and the last of %d; DIPY: %s",
				voxels, chunks, d.PerChunk, d.Count(), d.At(0).Len(), d.At(d.Count()-1).Len(), line)
		}
	}
	if cases < 10 {
		t.Errorf("read %d cases, want at least 10", cases)
	}
}

func TestMoreChunksThanVoxelsMeansOneVoxelAChunk(t *testing.T) {
	d := sched.Divide(5, 8)
	if d.PerChunk != 1 || d.Count() != 5 {
		t.Errorf("%d chunks of %d, want 5 of 1", d.Count(), d.PerChunk)
	}
}

func TestLargestDivisionDoesNotOverflow(t *testing.T) {
	d := sched.Division{Voxels: math.MaxInt, PerChunk: math.MaxInt - 1}
	if d.Count() != 2 || d.At(1) != (sched.Range{Begin: math.MaxInt - 1, End: math.MaxInt}) {
		t.Errorf("%d chunks, the second %+v; want 2 and a second of one voxel", d.Count(), d.At(1))
	}
}

func TestRangesAreWrittenWithBothEndsIncluded(t *testing.T) {
	for want, r := range map[string]sched.Range{
		"voxels 64-127": {Begin: 64, End: 128}, "voxel 3": {Begin: 3, End: 4}, "no voxels": {Begin: 3, End: 3},
	} {
		if got := r.String(); got != want {
			t.Errorf("%+v written %q, want %q", r, got, want)
		}
	}
}

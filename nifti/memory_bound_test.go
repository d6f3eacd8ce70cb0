package nifti

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// allocated returns the bytes that a function allocates, on all goroutines. Tests of this package
// do not run beside each other.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestReadingAndWritingTakeLittleMemoryBesideTheData(t *testing.T) {
	h := NewHeader([]int{100, 100, 10, 160}, nil, [4][4]float64{})
	index := FullMask(h).Index
	values := make([]float32, len(index)*160)
	data := uint64(4 * len(values))
	const small = 2 << 20 // chunks, runs, headers
	path := filepath.Join(t.TempDir(), "dwi.nii")
	written := allocated(func() {
		if err := WriteMap(path, h, index, 160, values, WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	})
	if written > data/8+small {
		t.Errorf("WriteMap allocated %d bytes for %d of data, expected at most an eighth", written, data)
	}
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	read := allocated(func() {
		if err := m.ReadMasked(context.Background(), values, index, ReadOptions{Workers: 2}); err != nil {
			t.Fatal(err)
		}
	})
	if read > data/4+small {
		t.Errorf("ReadMasked allocated %d bytes for %d of data, expected at most a quarter", read, data)
	}
}

func TestNoMemoryIsAllocatedForAHeaderThatClaimsTooMuch(t *testing.T) {
	// 60 MB of zeros are 60 KB of gzip, which could hold the 60 MB that the header promises; but
	// the stream ends after the first megabyte.
	h := NewHeader([]int{1000, 1000, 60}, nil, [4][4]float64{})
	h.Datatype = Uint8
	data := append(gzipped(t, append(h.bytes(), make([]byte, 1<<20)...)), make([]byte, 60<<10)...)
	took := allocated(func() {
		_, err := readMask("mask.nii.gz", data)
		wantLine(t, err, "mask.nii.gz")
	})
	if took > 4<<20 {
		t.Errorf("reading the mask allocated %d bytes, expected no more than for what the file holds", took)
	}
}

func TestNoGoroutineIsLeftBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	m, err := openBytes("a.nii.gz", gzipped(t, bigFile()))
	if err != nil {
		t.Fatal(err)
	}
	mask := FullMask(m.Header)
	dst := make([]float32, len(mask.Index)*m.Header.Volumes())
	for _, chunks := range []int{0, 1, 5, 40} {
		ctx, cancel := context.WithCancel(context.Background())
		_ = m.ReadMasked(ctx, dst, mask.Index, ReadOptions{Workers: 2, Progress: func(done, _ int) {
			if done >= chunks {
				cancel()
			}
		}})
		cancel()
		_ = WriteSignal(filepath.Join(t.TempDir(), "a.nii.gz"), m.Header, dst, WriteOptions{Context: &cancelAfter{context.Background(), chunks}})
	}
	// A goroutine that has ended may still be counted for a moment.
	for range 60_000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, expected the %d from before", runtime.NumGoroutine(), before)
}

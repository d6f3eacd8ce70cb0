package fit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/fit"
	"github.com/voxfit/voxfit/sched"
)

// Whatever a checkpoint's file holds, its complete blocks of this fit are found, and the rest is cut off. A block that
// is saved after that is found when the file is opened again. With mended, the bytes after the head get the checksum of
// a block.
func FuzzCheckpointsAreGoneOnWithOrStartedAnew(f *testing.F) {
	path := filepath.Join(f.TempDir(), "partial")
	f.Add([]byte{}, false, false)
	f.Add([]byte("voxfit checkpoint 1\n"), true, false)
	key := sha256.Sum256([]byte("key"))
	head := append([]byte("voxfit checkpoint 3\n"), key[:]...)
	voxels := func(begin, end uint64, n int) []byte {
		block := append([]byte{}, key[:]...)
		block = binary.LittleEndian.AppendUint64(block, begin)
		block = binary.LittleEndian.AppendUint64(block, end)
		block = binary.LittleEndian.AppendUint64(block, uint64(5*n))
		return append(block, make([]byte, 5*n)...)
	}
	f.Add(voxels(0, 2, 2), false, true)
	f.Add(voxels(5, 5, 0), false, true)
	f.Add(voxels(1<<63, 1<<63+1, 1), false, true)
	f.Add(voxels(0, 1<<62, 3), false, true)
	marked := voxels(0, 2, 2)
	marked[len(marked)-6], marked[len(marked)-1] = 0xfc, 0xff // claims parameters that the model does not have
	f.Add(marked, false, true)
	endless := voxels(0, 1, 1)
	endless[len(endless)-6] = 0x7f // claims more bytes than there are
	f.Add(endless, false, true)
	f.Fuzz(func(t *testing.T, data []byte, whole, mended bool) {
		if mended {
			data = binary.LittleEndian.AppendUint32(bytes.Clone(data), crc32.ChecksumIEEE(data))
		}
		if !whole {
			data = append(bytes.Clone(head), data...)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
		c, err := fit.OpenCheckpoint(path, "key", 2)
		if err != nil {
			t.Fatal(err)
		}
		before := c.Blocks()
		if most := len(data) / 5; before > most {
			t.Errorf("%d blocks in %d bytes", before, len(data))
		}
		part := sched.Range{Begin: 100, End: 103}
		if err := c.Save(part, block(3, 1), nil); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if c, err = fit.OpenCheckpoint(path, "key", 2); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		got := block(3, 0)
		if found, err := c.Load(part, got); !found || err != nil || c.Blocks() < before || c.Anew() != "" {
			t.Errorf("the saved block is found: %v, %v; %d blocks, %d before; %q", found, err, c.Blocks(), before, c.Anew())
		}
		if got.Parameters[5] != block(3, 1).Parameters[5] {
			t.Errorf("the saved block has other numbers: %v", got.Parameters)
		}
	})
}

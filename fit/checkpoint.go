package fit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/sched"
)

// A Checkpoint keeps the finished blocks of a long fit in one file, so that a run that was killed goes on where it
// stopped. The file starts with the SHA-256 of a key that names the fit (inputs, options, version). Each block after it
// carries the same 32 bytes under its checksum, so that no block of another fit is ever taken for one of this fit. A
// block that a kill left incomplete is dropped when the file is opened. One process at a time may have the file open
// (package lock). Parameters that are zero take a bit each, not eight bytes.
type Checkpoint struct {
	file       *disk.File
	key        [sha256.Size]byte
	parameters int
	blocks     map[sched.Range]savedVoxels
	anew       string
}

// savedVoxels says where the voxels of a block are in the file. They follow the block's head.
type savedVoxels struct{ offset, bytes int64 }

const (
	checkpointName  = "voxfit checkpoint "
	checkpointMagic = checkpointName + "3\n"
	blockHead       = sha256.Size + 24 // the key, and as int64 the first voxel, the one after the last, and the bytes of all voxels
)

// OpenCheckpoint opens the checkpoint at path, or creates it. key is any text that changes when the results would. p is
// the number of parameters of a voxel. A file of another fit or of an older version is replaced by a new one, and Anew
// says so. The file must be a regular one: a link and a named pipe are refused.
func OpenCheckpoint(path, key string, p int) (*Checkpoint, error) {
	opened, err := lock.Open(path)
	if err != nil {
		return nil, err
	}
	file := disk.Adopt(opened)
	c := &Checkpoint{file: file, key: sha256.Sum256([]byte(key)), parameters: p, blocks: map[sched.Range]savedVoxels{}}
	head := append([]byte(checkpointMagic), c.key[:]...)
	found := make([]byte, len(head))
	n, err := io.ReadFull(file, found)
	switch {
	case err == nil && bytes.Equal(found, head):
		if err := c.scan(int64(len(head))); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return c, nil
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.Join(err, file.Close())
	case n > 0:
		if err := c.replace(found[:n]); err != nil {
			return nil, err
		}
	}
	if err := c.begin(head); err != nil { // on a full disk, for example: nothing may stay behind
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

// begin writes the head of a new file, and syncs the folder: otherwise a power loss may remove the file's name, and
// with it all blocks that were synced.
func (c *Checkpoint) begin(head []byte) error {
	if _, err := c.file.WriteAt(head, 0); err != nil {
		return err
	}
	if _, err := c.file.Seek(int64(len(head)), io.SeekStart); err != nil {
		return err
	}
	return disk.SyncFolder(filepath.Dir(c.file.Name()))
}

// replace makes a new file in the place of one with another head. The old one is removed and not emptied, because it
// may have another name elsewhere.
func (c *Checkpoint) replace(found []byte) error {
	path := c.file.Name()
	switch {
	case bytes.HasPrefix(found, []byte(checkpointMagic)):
		c.anew = path + " was of a fit of other inputs, options or version, and was started anew"
	case bytes.HasPrefix(found, []byte(checkpointName)):
		c.anew = path + " was of another version of voxfit, and was started anew"
	default:
		c.anew = path + " was not a checkpoint, and was started anew"
	}
	c.file.Close()
	if err := disk.Remove(path); err != nil {
		return err
	}
	opened, err := lock.Open(path)
	if err == nil {
		c.file = disk.Adopt(opened)
	}
	return err
}

// Anew says in one line why the content of the file was not used. It is empty when the file was new, and when its
// content was used.
func (c *Checkpoint) Anew() string { return c.anew }

// scan finds the complete blocks from offset on, and cuts off what follows them.
func (c *Checkpoint) scan(offset int64) error {
	for {
		part, voxels, err := c.check(offset)
		if err != nil {
			if err := c.file.Truncate(offset); err != nil {
				return err
			}
			_, err = c.file.Seek(offset, io.SeekStart)
			return err
		}
		c.blocks[part] = voxels
		offset = voxels.offset + voxels.bytes + crc32.Size
	}
}

var errTorn = errors.New("torn block, or one of another fit")

// check reads the block at offset and verifies its key and its checksum.
func (c *Checkpoint) check(offset int64) (part sched.Range, voxels savedVoxels, err error) {
	info, err := c.file.Stat()
	if err != nil {
		return part, voxels, err
	}
	var head [blockHead]byte
	if _, err := c.file.ReadAt(head[:], offset); err != nil {
		return part, voxels, err
	}
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint64(head[sha256.Size+8*i:])) }
	begin, end := number(0), number(1)
	part = sched.Range{Begin: int(begin), End: int(end)}
	voxels = savedVoxels{offset + blockHead, number(2)}
	room := info.Size() - voxels.offset
	if !bytes.Equal(head[:sha256.Size], c.key[:]) || begin < 0 || end <= begin || voxels.bytes > room || end-begin > voxels.bytes/int64(leastVoxel(c.parameters)) {
		return part, voxels, errTorn
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(c.file, offset, blockHead+voxels.bytes)); err != nil {
		return part, voxels, err
	}
	var stored uint32
	if err := binary.Read(io.NewSectionReader(c.file, voxels.offset+voxels.bytes, crc32.Size), binary.LittleEndian, &stored); err != nil {
		return part, voxels, err
	}
	if stored != sum.Sum32() {
		return part, voxels, errTorn
	}
	return part, voxels, nil
}

// Blocks is the number of finished blocks in the file.
func (c *Checkpoint) Blocks() int { return len(c.blocks) }

// Load fills result with the block of part and reports whether the file has it.
func (c *Checkpoint) Load(part sched.Range, result Result) (bool, error) {
	voxels, ok := c.blocks[part]
	if !ok {
		return false, nil
	}
	in := newVoxelReader(bufio.NewReaderSize(io.NewSectionReader(c.file, voxels.offset, voxels.bytes), 1<<20), c.parameters)
	for v := range part.Len() {
		var err error
		if result.Status[v], err = in.read(result.Parameters[v*c.parameters : (v+1)*c.parameters]); err != nil {
			return false, fmt.Errorf("%s: %w", c.file.Name(), err)
		}
	}
	return true, nil
}

// Save appends the finished block of part and syncs it to disk. It calls taken, unless that is nil, when all of the
// result is in the file and may change, before the sync.
func (c *Checkpoint) Save(part sched.Range, result Result, taken func()) error {
	start, err := c.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	voxels := savedVoxels{start + blockHead, voxelBytes(len(result.Status), result.Parameters)}
	sum := crc32.NewIEEE()
	out := bufio.NewWriterSize(io.MultiWriter(c.file, sum), 1<<20)
	buf := append(make([]byte, 0, blockHead+leastVoxel(c.parameters)+8*c.parameters+8), c.key[:]...)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(part.Begin))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(part.End))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(voxels.bytes))
	if _, err := out.Write(buf); err != nil {
		return err
	}
	for v, s := range result.Status {
		buf = appendVoxel(buf[:0], s, result.Parameters[v*c.parameters:(v+1)*c.parameters])
		if _, err := out.Write(buf); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := binary.Write(c.file, binary.LittleEndian, sum.Sum32()); err != nil {
		return err
	}
	if taken != nil {
		taken()
	}
	if err := c.file.Sync(); err != nil {
		return err
	}
	c.blocks[part] = voxels
	return nil
}

// Close keeps the file for a later run.
func (c *Checkpoint) Close() error { return c.file.Close() }

// Remove deletes the file after the fit is complete. If another file has its name by now, that file stays.
func (c *Checkpoint) Remove() error {
	own, err := c.file.Stat()
	if err != nil {
		return errors.Join(err, c.file.Close())
	}
	if err := c.file.Close(); err != nil {
		return err
	}
	if there, err := os.Lstat(c.file.Name()); err != nil || !os.SameFile(own, there) {
		return err
	}
	return disk.Remove(c.file.Name())
}

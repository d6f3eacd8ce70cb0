package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/voxfit/voxfit/lock"
)

// heldLocks has the locks of the shards that a merge reads, by their paths.
type heldLocks map[string]*lock.Lock

func (h heldLocks) release() {
	for _, held := range h {
		_ = held.Release() // if this fails, the end of the process releases it
	}
}

// lockShards takes the locks of all shards that are to be joined, so that no fit replaces one while it is read. A
// folder that cannot be written to is read without a lock, because no fit of this user can replace its maps.
func (o *mergeOptions) lockShards() (heldLocks, error) {
	held := heldLocks{}
	for _, folder := range o.folders {
		sets, err := readMapSets(folder, "")
		if err != nil {
			return held, err
		}
		place, err := filepath.EvalSymlinks(folder) // a folder that is named twice is refused later
		if err != nil {
			return held, err
		}
		for _, s := range sets {
			if s.shard.of == 0 || !o.wants(s) {
				continue
			}
			if err := held.take(filepath.Join(place, ".kbench-"+s.lockName()), folder, o.command); err != nil {
				return held, err
			}
		}
	}
	return held, nil
}

// take takes the lock of one set. hidden is the path of its staging folder. It refuses a set that was not moved
// completely.
func (h heldLocks) take(hidden, folder, command string) error {
	path := hidden + ".lock"
	if h[path] != nil {
		return nil
	}
	taken, err := lock.Take(path, lock.Holder(command))
	var other *lock.HeldError
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
	case errors.As(err, &other):
		return fmt.Errorf("%s: another process is using the maps: %s; wait for its end", folder, other.Holder)
	case err != nil:
		return err
	default:
		h[path] = taken
	}
	if _, err := os.Lstat(filepath.Join(hidden, journalName)); err == nil {
		return fmt.Errorf("%s: a fit was stopped while its maps were moved there: start the same fit again", folder)
	}
	return nil
}

package powerloss

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/voxfit/voxfit/disk"
)

// A node is a file or a folder, whatever its names are.
type node struct {
	folder   bool
	synced   []byte // content that is on the disk for certain
	changed  time.Time
	unsynced []operation // writes since then
}

// A naming is a change of the names in folders. from is empty for a new name, and to is empty for a removed one.
type naming struct {
	from, to string
	made     *node
	waits    map[string]bool // the folders that were not synced since; if there is none, the change is on the disk
}

// Disk writes into dir, which must be empty, what may be left of the root if the power fails after k operations.
func (r *Recorder) Disk(t testing.TB, k int, random *rand.Rand, dir string) {
	t.Helper()
	r.mu.Lock()
	operations := r.operations[:k]
	r.mu.Unlock()
	before := map[string]*node{}
	for name, n := range r.before {
		own := *n
		before[name] = &own
	}
	left := survivors(before, namings(before, operations), lottery(random))
	for _, name := range slices.Sorted(maps.Keys(left)) { // a folder is sorted before what is in it
		if err := left[name].write(filepath.Join(dir, name), lottery(random), random); err != nil {
			t.Fatal(err)
		}
	}
}

// lottery returns a function that says, for one change after another that is not safe, whether it is on the disk. None
// of them are, or all, or the first few, or each with a chance of a half.
func lottery(random *rand.Rand) func() bool {
	switch random.IntN(4) {
	case 0:
		return func() bool { return false }
	case 1:
		return func() bool { return true }
	case 2:
		left := random.IntN(10)
		return func() bool { left--; return left >= 0 }
	}
	return func() bool { return random.IntN(2) == 0 }
}

// namings goes through the operations, adds writes to their nodes, and returns the changes of names.
func namings(before map[string]*node, operations []operation) []naming {
	live := maps.Clone(before)
	var all []naming
	change := func(from, to string, made *node) {
		n := naming{from, to, made, map[string]bool{}}
		if from != "" {
			n.waits[filepath.Dir(from)] = true
			delete(live, from)
		}
		if to != "" {
			n.waits[filepath.Dir(to)] = true
			live[to] = made
		}
		all = append(all, n)
	}
	for _, o := range operations {
		n := live[o.Path]
		switch o.Kind {
		case disk.Opened:
			if n == nil {
				change("", o.Path, &node{})
			}
		case disk.MadeFolder:
			change("", o.Path, &node{folder: true})
		case disk.Renamed:
			change(o.Path, o.To, n)
		case disk.Removed:
			change(o.Path, "", nil)
		case disk.Wrote, disk.Truncated:
			if n != nil { // otherwise it has no name any more
				n.unsynced = append(n.unsynced, o)
			}
		case disk.Synced:
			if n != nil {
				n.sync(o.changed)
			}
		case disk.SyncedFolder:
			for _, n := range all {
				delete(n.waits, o.Path)
			}
		}
	}
	return all
}

// survivors returns the names on the disk, after all changes that are safe and those that the lottery draws.
func survivors(before map[string]*node, all []naming, drawn func() bool) map[string]*node {
	left := maps.Clone(before)
	for _, n := range all {
		if len(n.waits) > 0 && !drawn() {
			continue
		}
		if n.to != "" && left[filepath.Dir(n.to)] == nil {
			continue // the folder does not exist
		}
		made := n.made
		if n.from != "" {
			if made = left[n.from]; made == nil {
				continue // the file does not exist
			}
			maps.DeleteFunc(left, func(name string, _ *node) bool {
				return name == n.from || strings.HasPrefix(name, n.from+string(filepath.Separator))
			})
		}
		if n.to != "" {
			left[n.to] = made
		}
	}
	return left
}

// sync makes all writes safe.
func (n *node) sync(changed time.Time) {
	for _, o := range n.unsynced {
		n.synced = o.apply(n.synced)
	}
	n.unsynced, n.changed = nil, changed
}

// apply returns a file's content after the operation.
func (o operation) apply(content []byte) []byte {
	end := int(o.Offset)
	if o.Kind == disk.Wrote {
		end = max(end+len(o.Data), len(content))
	}
	after := make([]byte, end)
	copy(after, content)
	if o.Kind == disk.Wrote {
		copy(after[o.Offset:], o.Data)
	}
	return after
}

// write creates the file or folder, with those unsynced writes that the lottery draws, some of them in part.
func (n *node) write(path string, drawn func() bool, random *rand.Rand) error {
	if n.folder {
		return os.MkdirAll(path, 0o777)
	}
	content := n.synced
	for _, o := range n.unsynced {
		if !drawn() {
			continue
		}
		if len(o.Data) > 1 && random.IntN(3) == 0 {
			o.Data = o.Data[:1+random.IntN(len(o.Data)-1)]
		}
		content = o.apply(content)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		return err
	}
	if n.changed.IsZero() {
		return nil
	}
	return os.Chtimes(path, time.Time{}, n.changed)
}

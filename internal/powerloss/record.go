package powerloss

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/voxfit/voxfit/disk"
)

// A Recorder keeps what is done to the disk below one folder.
type Recorder struct {
	root   string
	before map[string]*node // what was there at the beginning
	stop   func()

	mu         sync.Mutex
	operations []operation
}

// An operation is one of package disk, with paths below the root.
type operation struct {
	disk.Operation
	changed time.Time // Synced: when the file was changed last, which a sync puts on the disk too
}

// Record begins to keep what is done below root. Everything that is there counts as being on the disk.
func Record(t testing.TB, root string) *Recorder {
	t.Helper()
	r := &Recorder{root: root, before: map[string]*node{}}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		n := &node{folder: e.IsDir()}
		if !n.folder {
			info, err := e.Info()
			if err != nil {
				return err
			}
			n.changed = info.ModTime()
			if n.synced, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		name, _ := r.below(path)
		r.before[name] = n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.stop = disk.Observe(r.keep)
	t.Cleanup(r.Stop)
	return r
}

// Stop ends the keeping; a second call does nothing.
func (r *Recorder) Stop() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// Operations is the number of operations that were kept.
func (r *Recorder) Operations() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.operations)
}

// Count is how many of the first k operations are of a kind and of a path, or lead to one, with this ending.
func (r *Recorder) Count(k int, kind disk.Kind, ending string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.operations[:k] {
		if o.Kind == kind && (strings.HasSuffix(o.Path, ending) || o.To != "" && strings.HasSuffix(o.To, ending)) {
			n++
		}
	}
	return n
}

// below is a path as seen from the root, and whether it is below it.
func (r *Recorder) below(path string) (string, bool) {
	name, err := filepath.Rel(r.root, path)
	return name, err == nil && filepath.IsLocal(name)
}

func (r *Recorder) keep(o disk.Operation) {
	kept := operation{Operation: o}
	if o.Kind == disk.Synced {
		if info, err := os.Stat(o.Path); err == nil {
			kept.changed = info.ModTime()
		}
	}
	var inside bool
	if kept.Path, inside = r.below(o.Path); !inside {
		return
	}
	if o.To != "" {
		kept.To, _ = r.below(o.To)
	}
	kept.Data = bytes.Clone(o.Data)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = append(r.operations, kept)
}

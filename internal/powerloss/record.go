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

// A Recorder records the operations of package disk below one folder.
type Recorder struct {
	root   string
	before map[string]*node // files and folders at the beginning
	stop   func()

	mu         sync.Mutex
	operations []operation
}

// An operation is an operation of package disk, with paths below the root.
type operation struct {
	disk.Operation
	changed time.Time // of Synced: when the file was changed last, which a sync also writes
}

// Record starts recording below root. Everything that is there already counts as being on the disk.
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

// Stop ends the recording. A second call does nothing.
func (r *Recorder) Stop() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// Operations returns the number of operations that were recorded.
func (r *Recorder) Operations() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.operations)
}

// Count returns how many of the first k operations are of a kind and have this ending in their path, old or new.
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

// below returns a path relative to the root, and whether it is below the root.
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

package disk

import "sync/atomic"

// A Kind says what was done.
type Kind int

// The kinds of operation.
const (
	Opened       Kind = iota // the file at Path, for writing; it was made where there was none
	Wrote                    // Data at Offset of the file
	Truncated                // the file to the size Offset
	Synced                   // the file: what was written to it is on the disk
	Renamed                  // Path to To
	Removed                  // a file, or a folder that was empty
	MadeFolder               // at Path
	SyncedFolder             // the folder: the names in it are on the disk
)

// An Operation is a change of what is on the disk, or a sync.
type Operation struct {
	Kind     Kind
	Path, To string
	Offset   int64
	Data     []byte // the writer's own; valid during the call
}

var observer atomic.Pointer[func(Operation)]

// Observe hands every operation to f, after it was done, until stop is called. There is one observer at a time, which
// may be called by several goroutines.
func Observe(f func(Operation)) (stop func()) {
	observer.Store(&f)
	return func() { observer.Store(nil) }
}

func observed() bool { return observer.Load() != nil }

func tell(o Operation) {
	if f := observer.Load(); f != nil {
		(*f)(o)
	}
}

// Package guarded gives tests memory between forbidden pages, so that assembly that reads or writes too far ends the
// test. Nothing outside of tests imports it.
package guarded

// An Edge is the end of a guarded slice that touches a forbidden page, on Linux.
type Edge bool

// The two ends of a slice.
const (
	Begin Edge = false
	End   Edge = true
)

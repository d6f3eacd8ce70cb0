// Package guarded gives tests memory between pages that may not be touched, which shows assembly that reads or writes too
// far. Nothing outside of tests imports it.
package guarded

// An Edge is the end of a guarded slice that lies right beside a forbidden page: on Linux only.
type Edge bool

// The two ends of a slice.
const (
	Begin Edge = false
	End   Edge = true
)

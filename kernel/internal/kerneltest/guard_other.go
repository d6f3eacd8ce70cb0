//go:build !linux

package kerneltest

import "testing"

// An Edge is the end of a guarded slice that lies right beside a forbidden page: on Linux only.
type Edge bool

// The two ends of a slice.
const (
	Begin Edge = false
	End   Edge = true
)

// Guarded returns n zero values. Only on Linux do they lie between forbidden pages.
func Guarded[T any](_ testing.TB, n int, _ Edge) []T { return make([]T, n) }

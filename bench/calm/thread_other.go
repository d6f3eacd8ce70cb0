//go:build !linux

package calm

import "time"

// threadTime is not known here.
func threadTime() time.Duration { return 0 }

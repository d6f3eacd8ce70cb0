//go:build !linux

package calm

import "time"

// ThreadTime returns 0, since only on Linux is it known.
func ThreadTime() time.Duration { return 0 }

//go:build !linux

package calm

import "time"

// ThreadTime is not known here.
func ThreadTime() time.Duration { return 0 }

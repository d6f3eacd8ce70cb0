//go:build !linux

package calm

import "time"

// ReadDelays returns nil, since only on Linux are they known.
func ReadDelays() Delays { return nil }

func threadDelay() (waited time.Duration, thread int, known bool) { return 0, 0, false }

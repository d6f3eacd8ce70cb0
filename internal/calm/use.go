package calm

import (
	"os"
	"time"
)

// Least is the least share of its CPU that a program has on a machine with nothing else to do.
const Least = 0.95

// A Use is the time that went by while something ran, and the CPU time that it had meanwhile. Busy is 0 where the
// system does not say.
type Use struct{ Wall, Busy time.Duration }

// OfThread runs work and returns what the calling thread had of its CPU meanwhile. The thread should be pinned.
func OfThread(work func()) Use {
	begin, before := time.Now(), ThreadTime()
	work()
	return Use{time.Since(begin), ThreadTime() - before}
}

// OfProcess is the use that a program made which began then and has just ended.
func OfProcess(begin time.Time, ended *os.ProcessState) Use {
	return Use{time.Since(begin), ended.UserTime() + ended.SystemTime()}
}

// Plus is both uses together.
func (u Use) Plus(v Use) Use { return Use{u.Wall + v.Wall, u.Busy + v.Busy} }

// Share is the part of the time that it had the CPU, 1 where the system does not say.
func (u Use) Share() float64 {
	if u.Busy <= 0 || u.Wall <= 0 {
		return 1
	}
	return u.Busy.Seconds() / u.Wall.Seconds()
}

// Disturbed says that other programs took more of the CPU than on a calm machine.
func (u Use) Disturbed() bool { return u.Share() < Least }

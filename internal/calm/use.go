package calm

import (
	"os"
	"time"
)

// Least is the share of its CPU that a program has at least on a machine with nothing else to do.
const Least = 0.95

// Disturbs says whether a share of a CPU that others took is more than on a machine with nothing else to do.
func Disturbs(taken float64) bool { return taken > 1-Least }

// A Use is the time on the clock while something ran (Wall), and its CPU time (Busy). Busy is 0 if the system does not
// say.
type Use struct{ Wall, Busy time.Duration }

// OfThread runs work and returns the use of the calling thread meanwhile. The thread should be pinned.
func OfThread(work func()) Use {
	begin, before := time.Now(), ThreadTime()
	work()
	return Use{time.Since(begin), ThreadTime() - before}
}

// OfProcess returns the use of a program that began at a time and has just ended.
func OfProcess(begin time.Time, ended *os.ProcessState) Use {
	return Use{time.Since(begin), ended.UserTime() + ended.SystemTime()}
}

// Plus returns the sum of both uses.
func (u Use) Plus(v Use) Use { return Use{u.Wall + v.Wall, u.Busy + v.Busy} }

// Share returns the CPU time divided by the time on the clock, or 1 if the system does not say.
func (u Use) Share() float64 {
	if u.Busy <= 0 || u.Wall <= 0 {
		return 1
	}
	return u.Busy.Seconds() / u.Wall.Seconds()
}

// Disturbed says whether the share is below Least: other programs took CPU time, or the work waited.
func (u Use) Disturbed() bool { return u.Share() < Least }

package sched

import "time"

// A Pace sets the length of one worker's calls when a plan is Elastic. Calls are to be long enough that vectors are
// filled and that reading clocks costs nothing. They are to be short enough that a run can be stopped, whatever a voxel
// costs. Like Queues, a Pace knows no clock: it is told how long calls took.
type Pace struct {
	least, most int           // bounds for all calls
	voxels      int           // the next call
	price       time.Duration // of a voxel in the last call
}

const (
	// firstCall is the voxels of a worker's first call, made before anything is known of their price.
	firstCall = 8
	// laneVoxels fills the vectors of every kernel several times over. Calls get shorter towards the
	// end of a run, but not shorter than this while a worker's share is 128 times as much.
	laneVoxels = 256
	// longestCall is the length from which on longer calls gain nothing. A small share is cut into at least 32.
	longestCall = 4096
	// callTime is how long a call is to take, if a voxel takes as long as in the call before. A worker looks for a
	// cancellation between calls, so this is a fifth of the 50 ms within which a run is to stop.
	callTime = 10 * time.Millisecond
)

// NewPace is the pace of a worker whose share is so many voxels.
func NewPace(share int) Pace {
	return Pace{least: max(1, min(laneVoxels, share/128)), most: max(1, min(longestCall, share/32)), voxels: firstCall}
}

// Next is the least and the most voxels that the next call should have.
func (p *Pace) Next() (least, most int) { return min(p.least, p.voxels), p.voxels }

// Saw tells the Pace how long a call took. The next call may be twice as long if that should take no more than
// callTime. The time of a voxel is taken from the faster of the last two calls, because a call is slow now and then
// only because its thread lost the CPU.
func (p *Pace) Saw(voxels int, took time.Duration) {
	price := took / time.Duration(voxels)
	low := max(1, min(price, p.price))
	p.price = price
	p.voxels = max(1, min(p.most, int(callTime/low), 2*p.voxels))
}

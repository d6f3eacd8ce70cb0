package sched

import "time"

// progressEvery is the time between two calls of Plan.Progress, short enough for a smooth display.
const progressEvery = 100 * time.Millisecond

// reportProgress starts the goroutine that calls Plan.Progress. The function it returns ends that
// goroutine, waits for it, and makes the last call itself.
func (j *job) reportProgress() (end func()) {
	if j.Progress == nil {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				j.Progress(j.doneVoxels(), j.Voxels)
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
		j.Progress(j.doneVoxels(), j.Voxels)
	}
}

// doneVoxels adds up what the workers have completed so far.
func (j *job) doneVoxels() int {
	done := int64(0)
	for i := range j.workers {
		done += j.workers[i].done.Load()
	}
	return int(done)
}

package metg

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// A scheduler is an opponent that has been started. It must be closed.
type scheduler interface {
	// measure does a number of equal tasks.
	measure(tasks int, iterations uint64) (answer, error)
	// tasks does tasks of which only the first half has work. It returns which worker did each task, and when.
	tasks(tasks int, iterations uint64) ([]taskRecord, error)
	version() string
	close()
}

// An answer has the time of a run of tasks, and the sum of their results.
type answer struct {
	Seconds float64 `json:"seconds"`
	Sum     uint64  `json:"sum"`
	Task    float64 `json:"task_s"` // of one task alone
}

// A taskRecord is the number of a worker, and the seconds at which a task began and ended.
type taskRecord [3]float64

func (r taskRecord) worker() int    { return int(r[0]) }
func (r taskRecord) begin() float64 { return r[1] }
func (r taskRecord) end() float64   { return r[2] }

// start starts an opponent.
func (r *runner) start(ctx context.Context, o opponent) (scheduler, error) {
	if o.program == "" {
		return r.startHere(ctx, o), nil
	}
	return r.startProgram(ctx, o)
}

// checked measures, and returns an error if the sum is wrong.
func checked(s scheduler, o opponent, tasks int, iterations uint64) (answer, error) {
	a, err := s.measure(tasks, iterations)
	if err != nil {
		return a, fmt.Errorf("%s: %w", o.name, err)
	}
	if want := Sum(tasks, iterations); a.Sum != want {
		return a, fmt.Errorf("%s: %d tasks of %d iterations gave the sum %d, want %d: a task was lost, done twice or done wrong", o.name, tasks, iterations, a.Sum, want)
	}
	if !(a.Seconds > 0) || !(a.Task > 0) {
		return a, fmt.Errorf("%s: found %g s of %d tasks and %g s of one alone, want more than 0", o.name, a.Seconds, tasks, a.Task)
	}
	return a, nil
}

// waitsForSteals returns the times between two tasks of a worker, for each second task that is not the next in
// number, because it was stolen from another worker. The time before a worker's first task is not among them.
func waitsForSteals(tasks []taskRecord) []float64 {
	byWorker := map[int][]int{}
	for i, t := range tasks {
		byWorker[t.worker()] = append(byWorker[t.worker()], i)
	}
	var waits []float64
	for _, done := range byWorker {
		slices.SortFunc(done, func(a, b int) int { return cmp.Compare(tasks[a].begin(), tasks[b].begin()) })
		for k := 1; k < len(done); k++ {
			if before, next := done[k-1], done[k]; next != before+1 {
				waits = append(waits, tasks[next].begin()-tasks[before].end())
			}
		}
	}
	return waits
}

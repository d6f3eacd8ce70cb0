package metg

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/sched"
)

// A hereScheduler is a scheduler in Go, in this process.
type hereScheduler struct {
	ctx   context.Context
	run   func(tasks int, iterations uint64) (sum uint64, err error)
	plan  sched.Plan // for voxfit's schedulers
	procs int        // GOMAXPROCS before it was started
}

// startHere starts a scheduler in this process, and gives Go as many threads as there are workers.
func (r *runner) startHere(ctx context.Context, o opponent) scheduler {
	h := &hereScheduler{ctx: ctx, procs: runtime.GOMAXPROCS(len(r.CPUs))}
	workers := len(r.CPUs)
	h.plan = sched.Plan{VoxelsPerChunk: 1, Workers: workers, CPUs: r.CPUs}
	if numa.CanPin {
		h.plan.Pin = sched.PinCore
	}
	switch o.name {
	case "channel":
		h.run = func(tasks int, iterations uint64) (uint64, error) {
			return throughChannel(workers, tasks, iterations), nil
		}
	case "errgroup":
		h.run = func(tasks int, iterations uint64) (uint64, error) { return throughErrgroup(workers, tasks, iterations) }
	case "voxfit-dynamic":
		h.plan.Policy, h.run = sched.Dynamic, h.throughSched
	case "voxfit-static":
		h.plan.Policy, h.run = sched.Static, h.throughSched
	case "voxfit-elastic":
		h.plan.Elastic, h.run = true, h.throughSched
	default:
		h.run = h.throughSched
	}
	return h
}

func (h *hereScheduler) measure(tasks int, iterations uint64) (answer, error) {
	before := alone(iterations)
	begin := time.Now()
	sum, err := h.run(tasks, iterations)
	seconds := time.Since(begin).Seconds()
	return answer{seconds, sum, min(before, alone(iterations))}, err
}

func (h *hereScheduler) version() string { return runtime.Version() }
func (h *hereScheduler) close()          { runtime.GOMAXPROCS(h.procs) }

// A paddedSum is the sum of one worker. It has cache lines to itself.
type paddedSum struct {
	value uint64
	_     [120]byte
}

func total(sums []paddedSum) uint64 {
	all := uint64(0)
	for i := range sums {
		all += sums[i].value
	}
	return all
}

func (h *hereScheduler) throughSched(tasks int, iterations uint64) (uint64, error) {
	sums, plan := make([]paddedSum, h.plan.Workers), h.plan
	plan.Voxels = tasks
	_, err := sched.Run(h.ctx, plan, func(worker int, r sched.Range) error {
		sum := uint64(0)
		for task := r.Begin; task < r.End; task++ {
			sum += work(uint64(task), iterations)
		}
		sums[worker].value += sum
		return nil
	})
	return total(sums), err
}

func throughChannel(workers, tasks int, iterations uint64) uint64 {
	sums, numbers := make([]paddedSum, workers), make(chan uint64, 128)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for task := range numbers {
				sums[w].value += work(task, iterations)
			}
		})
	}
	for task := range uint64(tasks) {
		numbers <- task
	}
	close(numbers)
	all.Wait()
	return total(sums)
}

func throughErrgroup(workers, tasks int, iterations uint64) (uint64, error) {
	results := make([]uint64, tasks) // a goroutine does not know which worker runs it
	var group errgroup.Group
	group.SetLimit(workers)
	for task := range tasks {
		group.Go(func() error {
			results[task] = work(uint64(task), iterations)
			return nil
		})
	}
	err := group.Wait()
	sum := uint64(0)
	for _, x := range results {
		sum += x
	}
	return sum, err
}

func (h *hereScheduler) tasks(tasks int, iterations uint64) ([]taskRecord, error) {
	if h.plan.Policy != sched.NUMA || h.plan.Elastic {
		return nil, errors.New("it does not steal")
	}
	records, plan, begin := make([]taskRecord, tasks), h.plan, time.Now()
	plan.Voxels = tasks
	_, err := sched.Run(h.ctx, plan, func(worker int, r sched.Range) error {
		began := time.Since(begin).Seconds()
		if r.Begin < tasks/2 {
			runtime.KeepAlive(work(uint64(r.Begin), iterations))
		}
		records[r.Begin] = taskRecord{float64(worker), began, time.Since(begin).Seconds()}
		return nil
	})
	return records, err
}

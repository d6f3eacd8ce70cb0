package sched

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/voxfit/voxfit/internal/plural"
)

// A ChunkError is one chunk that failed: the chunk function returned an error, or panicked. The other chunks are run
// all the same. An Elastic plan may cut a long chunk: then Range is the part that failed.
type ChunkError struct {
	Worker int
	Range  Range
	Value  any    // the error returned, or the value of the panic
	Stack  []byte // of the panic; nil for an error returned
}

// Error is one line, without the stack.
func (e *ChunkError) Error() string {
	return fmt.Sprintf("sched: %v (worker %d): %s", e.Range, e.Worker, describe(e.Value, e.Stack))
}

// Unwrap is the error returned, or the panic's value if that is an error.
func (e *ChunkError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// A StartError is one worker that could not begin: its thread could not be pinned, or Plan.Start returned an error or
// panicked. It ends the run, because a run on fewer workers than were asked for is another measurement. The other
// workers stop before their next chunk.
type StartError struct {
	Worker int
	Value  any    // the error, or the value of the panic
	Stack  []byte // of the panic; nil for an error
}

// Error is one line, without the stack.
func (e *StartError) Error() string {
	return fmt.Sprintf("sched: start of worker %d: %s", e.Worker, describe(e.Value, e.Stack))
}

// Unwrap is the error, or the panic's value if that is an error.
func (e *StartError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

func describe(value any, stack []byte) string {
	if stack != nil {
		return fmt.Sprintf("panic: %v", value)
	}
	return fmt.Sprint(value)
}

// errGoexit stands in for the value of a chunk function that ended its goroutine instead of
// returning.
var errGoexit = errors.New("runtime.Goexit called: the goroutine of the worker is gone")

// keptErrors bounds the ChunkErrors that each worker keeps. Where one chunk fails, every chunk may;
// thousands of stacks would help nobody, and cost memory.
const keptErrors = 16

// failures has the errors of one worker.
type failures struct {
	start  *StartError
	ranges []Range // of each chunk that failed
	errors []*ChunkError
}

func (f *failures) add(r Range, worker int, value any, stack []byte) {
	f.ranges = append(f.ranges, r)
	if len(f.errors) < keptErrors {
		f.errors = append(f.errors, &ChunkError{Worker: worker, Range: r, Value: value, Stack: stack})
	}
}

// collect joins the errors of all workers, chunks in ascending order, and lists the ranges that
// failed.
func collect(workers []worker) (ranges []Range, errs []error) {
	var chunkErrors []*ChunkError
	for i := range workers {
		f := &workers[i].failures
		if f.start != nil {
			errs = append(errs, f.start)
		}
		ranges = append(ranges, f.ranges...)
		chunkErrors = append(chunkErrors, f.errors...)
	}
	slices.SortFunc(chunkErrors, func(a, b *ChunkError) int { return cmp.Compare(a.Range.Begin, b.Range.Begin) })
	for _, e := range chunkErrors {
		errs = append(errs, e)
	}
	if more := len(ranges) - len(chunkErrors); more > 0 {
		errs = append(errs, fmt.Errorf("sched: %s failed", plural.Count(more, "more chunk")))
	}
	return ranges, errs
}
